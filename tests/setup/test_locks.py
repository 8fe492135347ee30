"""The locks name all that is needed, on every Python and platform that is supported, and no index."""

import itertools
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.places import PROJECT
from tests.setup import made_up

PYTHONS = next(
    line.removeprefix("PYTHONS := ").split()
    for line in (PROJECT / "Makefile").read_text().splitlines()
    if line.startswith("PYTHONS := ")
)
PLATFORMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
BLOCK = re.compile(
    r"^(?P<requirement>[\w.-]+==[^\\\n]+?) \\\n(?P<hashes>(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)
IN_ENVIRONMENT = ("requirements", "requirements-run", "requirements-dev")
ALL = (*IN_ENVIRONMENT, "requirements-infra", "requirements-security", "requirements-sdk")
INDEX = re.compile(
    r"pypi\.org|pythonhosted|--(extra-|default-)?index(-url)?[ =]\S*:|/simple\b|--find-links[ =]\S*/"
)


def locked(name: str) -> dict[str, str]:
    """Return each locked requirement with its hashes."""
    return {
        found["requirement"]: found["hashes"]
        for found in BLOCK.finditer((PROJECT / f"{name}.txt").read_text())
    }


def machine(python: str, platform: str, processor: str) -> dict[str, str]:
    """Return what markers see there."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "implementation_version": f"{python}.1",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": platform,
        "platform_machine": processor,
        "platform_system": platform.capitalize(),
        "platform_release": "",
        "platform_version": "",
    }


MACHINES = [machine(python, *place) for python, place in itertools.product(PYTHONS, PLATFORMS)]


def left_over(
    wishes: list[Requirement], pins: Mapping[str, Requirement], there: dict[str, str]
) -> Iterator[str]:
    """Yield what one machine would have to resolve, extras and all that they need included."""
    met: set[tuple[str, str]] = set()
    while wishes:
        wish = wishes.pop()
        name = canonicalize_name(wish.name)
        pin = pins.get(name)
        if pin is None or next(iter(pin.specifier)).version not in wish.specifier:
            yield f"{wish} on {' '.join(there.values())}"
            continue
        for extra in {"", *wish.extras}:
            if (name, extra) not in met:
                met.add((name, extra))
                wishes += [
                    need
                    for need in needs(name)
                    if need.marker is None or need.marker.evaluate({**there, "extra": extra})
                ]


def needs(name: str) -> list[Requirement]:
    try:
        return [Requirement(line) for line in requires(name) or ()]
    except PackageNotFoundError:
        return []  # for another platform: `make lock` has looked into it


@pytest.mark.parametrize("name", IN_ENVIRONMENT)
def test_a_lock_leaves_nothing_to_resolve(name: str) -> None:
    entries = [Requirement(line) for line in locked(name)]
    for there in MACHINES:
        here = [each for each in entries if each.marker is None or each.marker.evaluate(there)]
        pins = {str(canonicalize_name(each.name)): each for each in here}
        assert list(left_over([*wishes(name, there)], pins, there)) == []
        lacking = {each: pin for each, pin in pins.items() if each != "urllib3"}
        assert list(left_over([*wishes(name, there)], lacking, there))  # it would be seen


def wishes(name: str, there: dict[str, str]) -> Iterator[Requirement]:
    for line in (PROJECT / f"{name}.in").read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from wishes(text.removeprefix("-r ").removesuffix(".in"), there)
        elif text and ((wish := Requirement(text)).marker is None or wish.marker.evaluate(there)):
            yield wish


@pytest.mark.parametrize("name", ALL)
def test_every_line_of_a_lock_is_exact_and_hashed(name: str) -> None:
    lines = (PROJECT / f"{name}.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(locked(name)) == len(pinned) > 0


def test_what_runs_is_within_what_is_tested() -> None:
    deployed, running, tested = (locked(name).items() for name in IN_ENVIRONMENT)
    assert deployed < running < tested


def test_no_file_names_an_index() -> None:
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = made_up.ran(*words, folder=PROJECT, env=os.environ)
    me = Path(__file__).relative_to(PROJECT).as_posix()
    files = [name for name in listed.stdout.split("\0") if name and name != me and (PROJECT / name).is_file()]
    assert "requirements.txt" in files
    assert [
        name for name in files if INDEX.search((PROJECT / name).read_bytes().decode(errors="replace"))
    ] == []


def test_all_that_names_the_supported_pythons_names_the_same() -> None:
    oldest, newest = PYTHONS[0], PYTHONS[-1]
    after = f"3.{int(newest.removeprefix('3.')) + 1}"
    told = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert told == f">={oldest},<{after}"
    weekly = yaml.safe_load((PROJECT / ".github/workflows/weekly.yml").read_text())
    assert weekly["jobs"]["fresh"]["strategy"]["matrix"]["python"] == PYTHONS
    words = f"Python {', '.join(PYTHONS[:-1])} or {newest}"
    assert words in " ".join((PROJECT / "CONTRIBUTING.md").read_text().split())
