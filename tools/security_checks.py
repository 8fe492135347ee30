"""Look for known mistakes in our Python, known holes in what is deployed, and secrets (`make security`)."""

import json
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parents[1]
TOOLS: Final = PROJECT / ".venv-security" / "bin"
CODE: Final = ("app.py", "chalicelib", "local", "tools", "bench", "alembic")
KNOWN: Final = PROJECT / "tools" / "no_secrets.toml"
PACKAGE: Final = PROJECT / ".chalice" / "deployments"
# What has a form that nothing else has. Words and random-looking text are looked for in our own files alone:
# a library's are full of both.
CERTAIN: Final = {"AWS Access Key", "Private Key", "GitHub Token", "Slack Token", "Stripe Access Key"}
ASKING_SECONDS_MAX: Final = 120
Found = Counter[tuple[str, str]]  # file and kind


class FaultyError(Exception):
    """A check failed; the message says where."""


def main() -> int:
    """Run every check, print what each says, and return how many failed."""
    checks = (("bandit", mistakes), ("pip-audit", vulnerabilities), ("secrets", secrets), ("zip", packed))
    return sum(_fails(name, check) for name, check in checks)


def mistakes() -> str:
    """Look for known mistakes; what is skipped, pyproject.toml explains. Raises: FaultyError."""
    done = _run("bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *CODE)
    if done.returncode:
        raise FaultyError(done.stdout + done.stderr)
    return "none"


def vulnerabilities() -> str:
    """Look up the locked packages among known vulnerabilities, and say so where that can't be done.

    Raises: FaultyError.
    """
    locked = ("--requirement", "requirements.txt", "--no-deps", "--disable-pip", "--require-hashes")
    done = _run("pip-audit", *locked, "--format", "json", "--progress-spinner", "off")
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return f"NOT AUDITED, the index of vulnerabilities can't be reached: {_last_line(done.stderr)}"
    return judged(told)


def judged(told: Iterable[dict[str, Any]]) -> str:
    """Say what was found out about the packages. Raises: FaultyError."""
    told = list(told)
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, fixed in {hole['fix_versions'] or 'none'}"
        for package in told
        for hole in package.get("vulns", ())
    ]
    if holes:
        raise FaultyError("\n".join(holes))
    unknown = [package["name"] for package in told if "skip_reason" in package]
    if len(unknown) == len(told):
        return f"NOT AUDITED: the index knows none of the {len(told)} packages, as a mirror does"
    if unknown:
        raise FaultyError(f"the index doesn't know {', '.join(unknown)}")
    return f"none in {len(told)} packages"


def secrets() -> str:
    """Look for secrets in what is under version control. Raises: FaultyError."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True)
    hashes = ("requirements", "vendor/")  # locked hashes are as random as secrets
    golden = re.compile(r"tests/golden/.*\.json")  # keys and tokens of test people, as a release wrote them
    names = (name for name in listed.stdout.split("\0") if name and not golden.fullmatch(name))
    files = [name for name in names if not name.startswith(hashes)]
    return compared(_scan(PROJECT, *files), known())


def compared(found: Found, expected: Found) -> str:
    """Say that only what was explained was found, and all of that. Raises: FaultyError."""
    wrong = [
        f"{file}: {kind}: {found[file, kind]} found, {expected[file, kind]} explained in {KNOWN.name}"
        for file, kind in sorted(found.keys() | expected.keys())
        if found[file, kind] != expected[file, kind]
    ]
    if wrong:
        raise FaultyError("\n".join(wrong))
    return f"none; {sum(found.values())} explained"


def known() -> Found:
    """Return what looks like a secret and isn't."""
    entries = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["file"]
    return Counter({(each["path"], kind): n for each in entries for kind, n in each["kinds"].items()})


def packed() -> str:
    """Look for secrets in the built zip, if there is one. Raises: FaultyError."""
    zips = sorted(PACKAGE.glob("*.zip"))
    if not zips:
        return "none was built"
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(zips[-1]) as package:
        package.extractall(folder)
        found = {(file, kind) for file, kind in _scan(Path(folder), "--all-files", ".") if kind in CERTAIN}
    if found:
        raise FaultyError("\n".join(f"{file}: {kind}" for file, kind in sorted(found)))
    return f"none in {zips[-1].name}"


def _scan(folder: Path, *what: str) -> Found:
    done = _run("detect-secrets", "scan", *what, folder=folder)
    if done.returncode:
        raise FaultyError(done.stderr)
    results = json.loads(done.stdout)["results"]
    return Counter((file, each["type"]) for file, each_of in results.items() for each in each_of)


def _run(tool: str, *words: str, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (str(TOOLS / tool), *words),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=ASKING_SECONDS_MAX,
        check=False,
    )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no word why"])[-1]


def _fails(name: str, check: Callable[[], str]) -> bool:
    started = time.monotonic()
    try:
        said = check()
    except (FaultyError, subprocess.TimeoutExpired) as error:
        print(f"-- {name}: FAILED\n{error}", flush=True)
        return True
    print(f"-- {name}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
