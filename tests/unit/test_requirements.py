"""Every code that is cited is defined, and every code that is defined is proved by a test that cites it."""

import re
from collections.abc import Iterator
from pathlib import Path

from tools.requirements import GROUPS, REQUIREMENTS
from tools.requirements_page import PAGE, PROJECT, citations, cited, codes

PYTHON = ("app.py", "chalicelib", "alembic", "tests", "tools", "local", "bench")
PROSE = ("docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "infra")
UNDEFINED = Path(__file__)  # holds codes that are undefined on purpose
GENERATED = {PAGE, PROJECT / "docs" / "licences.md"}
OUTSIDE = re.compile(
    r"\b(contract|assurance|issue|style|row|finding|review)( rule)? [0-9]+(\.[0-9]+)?\b", re.IGNORECASE
)


def files(*places: str, suffix: str) -> Iterator[tuple[Path, str]]:
    for place in (PROJECT / one for one in places):
        for path in [place] if place.is_file() else sorted(place.rglob(f"*{suffix}")):
            if path not in GENERATED and path.suffix == suffix:
                yield path.relative_to(PROJECT), path.read_text(encoding="utf-8")


def undefined(path: Path, found: Iterator[str]) -> Iterator[str]:
    yield from (f"{path}: {code}" for code in found if code not in REQUIREMENTS)


def test_no_code_cites_what_is_not_defined() -> None:
    found = [
        each
        for path, text in files(*PYTHON, suffix=".py")
        if PROJECT / path != UNDEFINED
        for each in undefined(path, (code for _, code in cited(text)))
    ]
    assert found == []


def test_no_page_cites_what_is_not_defined() -> None:
    found = [
        each
        for suffix in (".md", ".tf")
        for path, text in files(*PROSE, suffix=suffix)
        for each in undefined(path, codes(text))
    ]
    assert found == []


def test_an_undefined_code_is_found_in_a_comment_a_docstring_and_a_label() -> None:
    text = 'def one() -> str:\n    """Do it (Q1)."""\n    return "no alg (Q2 to Q4)" + "Q5"  # Q6\n'
    assert [code for _, code in cited(text)] == ["Q1", "Q2", "Q3", "Q4", "Q6"]


def test_every_requirement_is_cited_by_a_test_and_no_code_is_given_twice() -> None:
    assert set(REQUIREMENTS) - set(citations()) == set()
    assert len(REQUIREMENTS) == sum(len(group) for group in GROUPS.values())


def test_nothing_refers_to_a_text_that_is_not_in_the_repository() -> None:
    python, prose = files(*PYTHON, suffix=".py"), files(*PROSE, suffix=".md")
    found = [f"{path}: {hit[0]}" for path, text in (*python, *prose) for hit in OUTSIDE.finditer(text)]
    assert found == []
