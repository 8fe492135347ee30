"""Find the commands that a page shows, and name each as the list does."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from local.places import PROJECT

PAGES: Final = tuple(
    sorted(
        path
        for path in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").glob("*.md"))
    )
)
INLINE: Final = re.compile(r"`([^`\n]+)`")
FENCE: Final = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
ASSIGNMENT: Final = re.compile(r"[A-Z_]+=.*")
PROGRAMS: Final = (
    *(
        "make",
        "chalice",
        "terraform",
        "aws",
        "curl",
        "alembic",
        "python",
        "python3",
        "gh",
        "pip",
        "pre-commit",
    ),
    *("psql", "git", "docker", "npm", "npx", "uv"),
)
OWN: Final = {"local", "tools.release"}  # with commands of their own
WORD: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A command on a page."""

    page: str
    words: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its name on the list."""
        return key(self.words)


def commands() -> Iterator[Shown]:
    """Yield every command of every page."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        fenced = "\n".join(FENCE.findall(text)).replace("\\\n", " ")
        candidates = [*INLINE.findall(FENCE.sub("", text)), *fenced.splitlines()]
        for candidate in candidates:
            words = words_of(candidate)
            if words and key(words):
                yield Shown(page=path.relative_to(PROJECT).as_posix(), words=words)


def words_of(line: str) -> tuple[str, ...]:
    """Return a line's words, without a prompt, the settings in front and a comment."""
    try:
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
    except ValueError:  # a part of a longer command: an opened quotation mark
        words = line.split()
    while words and ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    return tuple(words)


def key(words: tuple[str, ...]) -> str:
    """Return how the list names a command; nothing, if it is none of ours to know."""
    program, rest = (
        words[0].removeprefix(".venv/bin/"),
        [word for word in words[1:] if not word.startswith("-chdir")],
    )
    if program == ".ci/run":
        return program
    if program not in PROGRAMS:
        return ""
    if program.startswith("python"):
        return _of_python(rest)
    if program == "curl":
        return program
    names = [word for word in rest if WORD.fullmatch(word)]
    if not names or not rest or (rest[0] != names[0] and not rest[0].startswith("-")):
        return ""
    return " ".join((program, *names[:1]))


def _of_python(rest: list[str]) -> str:
    if rest[:1] == ["-c"]:
        return "python -c"
    if len(rest) < 2 or rest[0] != "-m":
        return ""
    module = rest[1]
    return f"{module} {rest[2]}" if module in OWN and len(rest) > 2 else f"python -m {module}"
