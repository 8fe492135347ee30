"""Every decision has one format and is cited from the line that would surprise; every cited one exists."""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.decisions_page import FOLDER, decisions, title

PROJECT = Path(__file__).resolve().parents[2]
PLACES = (
    "app.py",
    "chalicelib",
    "alembic",
    "tests",
    "tools",
    "local",
    "bench",
    "infra",
    "docs",
    "requirements.in",
)
ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
SUFFIXES = {".py", ".tf", ".md", ".toml", ".in", ".sql", ".tfvars", ""}
CITED = re.compile(r"decisions? (\d{4}(?:(?:, | and )\d{4})*)|decisions/(\d{4})-")
RELATIVE = re.compile(r"\]\((\d{4})-")  # from one decision to another
HEADINGS = ["Context", "Choice", "Consequence"]
WORDS_MAX = 500  # a page


def cited(text: str) -> Iterator[str]:
    for listed, linked in CITED.findall(text):
        yield from re.findall(r"\d{4}", listed or linked)


def texts() -> Iterator[tuple[Path, str]]:
    for place in (PROJECT / one for one in (*PLACES, *ROOT_PAGES)):
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and path != Path(__file__):
                yield path, path.read_text(encoding="utf-8")


def number(path: Path) -> str:
    return path.name[:4]


def test_every_decision_is_cited_from_outside() -> None:
    outside = {one for path, text in texts() if FOLDER not in path.parents for one in cited(text)}
    assert [path.name for path in decisions() if number(path) not in outside] == []


def test_every_cited_decision_exists() -> None:
    known = {number(path) for path in decisions()}
    wrong = [f"{path.name}: {one}" for path, text in texts() for one in cited(text) if one not in known]
    inside = ((path, path.read_text(encoding="utf-8")) for path in decisions())
    wrong += [
        f"{path.name}: {one}" for path, text in inside for one in RELATIVE.findall(text) if one not in known
    ]
    assert wrong == []


def test_every_decision_has_the_one_format() -> None:
    for path in decisions():
        text = path.read_text(encoding="utf-8")
        assert re.fullmatch(r"\d{4} \w.*[^.]", title(path)), path.name
        assert title(path).startswith(number(path)), path.name
        assert re.findall(r"^#+ (.*)", text, re.MULTILINE)[1:] == HEADINGS, path.name
        assert len(text.split()) <= WORDS_MAX, path.name


def test_citations_are_found_in_each_form() -> None:
    assert list(
        cited("(decisions 0001, 0002 and 0003); decision 0004; [x](decisions/0005-a-b.md); 0006")
    ) == [
        "0001",
        "0002",
        "0003",
        "0004",
        "0005",
    ]
