"""Check infra/ without an account: format, validity, every promise, known mistakes (`make infra`)."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from tools.terraform import INFRA, PROJECT, STAGES, run

AT_ONCE: Final = 2
CHECKOV: Final = PROJECT / ".venv-infra" / "bin" / "checkov"
SKIP: Final = re.compile(r"checkov:skip=(?P<check>\w+)(?::(?P<reason>.*))?")
REASON_LETTERS_MIN: Final = 20
Check = tuple[str, Callable[[], object]]


class FaultyError(Exception):
    """A check failed; the message says where."""


def main() -> int:
    """Run every check, print those that fail with what they say, and return how many did."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(_fails, checks()))


def checks() -> Iterator[Check]:
    """Yield each check with its name; a module that is added is among them by itself."""
    yield "terraform fmt", partial(run, "fmt", "-check", "-recursive", "-diff")
    yield "suppressions are explained", explained
    for folder in folders():
        yield f"infra/{folder.relative_to(INFRA)}".removesuffix("/."), partial(checked, folder)
    yield "checkov", scanned


def folders() -> list[Path]:
    """Return every root and module of ours."""
    files = INFRA.rglob("versions.tf")
    return sorted(file.parent for file in files if ".terraform" not in file.parts)


def checked(folder: Path) -> None:
    """Initialise, validate and test one folder, a root with the values of its stages.

    Raises: subprocess.CalledProcessError, FaultyError.
    """
    run("init", "-backend=false", folder=folder)
    run("validate", folder=folder)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.glob("tests/*.tftest.hcl"))
    if not files:
        raise FaultyError("There is no tests/*.tftest.hcl: what does it promise?")
    if not (folder / "stages").is_dir():
        run("test", folder=folder)
        return
    for file in files:
        for stage in STAGES if file == "tests/stages.tftest.hcl" else STAGES[:1]:
            run("test", f"-var-file=stages/{stage}.tfvars", f"-filter={file}", folder=folder)


def explained() -> None:
    """Check that whoever suppressed a finding says why. Raises: FaultyError."""
    bare = [
        f"{file.relative_to(PROJECT)}: {found['check']}"
        for file in INFRA.rglob("*.tf")
        if ".terraform" not in file.parts
        for found in SKIP.finditer(file.read_text(encoding="utf-8"))
        if len((found["reason"] or "").strip()) < REASON_LETTERS_MIN
    ]
    if bare:
        raise FaultyError("\n".join(bare))


def scanned() -> None:
    """Look for known mistakes in what prod gets; a smaller stage has less on purpose, and its own tests.

    Raises: subprocess.CalledProcessError.
    """
    subprocess.run(
        (
            *(str(CHECKOV), "--directory", str(INFRA), "--framework", "terraform"),
            *("--var-file", str(INFRA / "stages" / "prod.tfvars")),
            *("--skip-download", "--quiet", "--compact"),
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )


def _fails(check: Check) -> bool:
    name, act = check
    started = time.monotonic()
    try:
        act()
    except (FaultyError, subprocess.CalledProcessError) as error:
        said = error.output if isinstance(error, subprocess.CalledProcessError) else str(error)
        print(f"-- {name}: FAILED\n{said}", flush=True)
        return True
    print(f"-- {name}: {time.monotonic() - started:.0f} s", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
