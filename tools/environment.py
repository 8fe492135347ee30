"""Make .venv from the locked requirements, and again only when they, the interpreter or the folder change.

Two arguments name another environment and its requirements. Runs before anything is installed: standard
library only. When two makes run at once, the second waits.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
STANDARD = (".venv", "requirements-dev.txt")
MADE_FROM = "made-from"  # in the environment, written last: an interrupted installation leaves none
NO_PIP = "This Python has no ensurepip, which .venv is made with (Debian, Ubuntu: apt install python3-venv)."
NO_PACKAGES = "The dependencies could not be installed: pip says why above. Run make again to try again."


def main(name: str, requirements: str) -> None:
    """Leave a complete environment behind."""
    environment, made_from = PROJECT / name, PROJECT / name / MADE_FROM
    with (PROJECT / requirements).open("rb") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        wanted = fingerprint(locked.read())
        if not made_from.exists() or made_from.read_text(encoding="ascii") != wanted:
            install(environment, requirements)
            made_from.write_text(wanted, encoding="ascii")


def fingerprint(requirements: bytes) -> str:
    """Return one digest of all that an environment is made from."""
    interpreter = (sys.version, os.path.realpath(sys.executable), str(PROJECT))
    return hashlib.sha256("\n".join(interpreter).encode() + requirements).hexdigest()


def install(environment: Path, requirements: str) -> None:
    """Make the environment anew."""
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(NO_PIP)
    print(f"Installing the dependencies into {environment.name} (once; about a minute)", flush=True)
    venv.create(environment, clear=True, symlinks=True, with_pip=True)
    pip = (
        str(environment / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    )
    done = subprocess.run((*pip, "--require-hashes", "-r", str(PROJECT / requirements)), check=False)
    if done.returncode:
        sys.exit(NO_PACKAGES)


if __name__ == "__main__":
    main(*(sys.argv[1:] or STANDARD))
