"""Make .venv from the locked requirements, and again only when they, the interpreter or the folder change.

Runs before anything is installed: standard library only. When two makes run at once, the second waits.
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
LOCKED = PROJECT / "requirements-dev.lock"
ENVIRONMENT = PROJECT / ".venv"
MADE_FROM = ENVIRONMENT / "made-from"  # written last: an interrupted installation leaves none
NO_PIP = "This Python has no ensurepip, which .venv is made with (Debian, Ubuntu: apt install python3-venv)."
NO_PACKAGES = "The dependencies could not be installed: pip says why above. Run make again to try again."


def main() -> None:
    """Leave a complete environment behind."""
    with LOCKED.open("rb") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        wanted = fingerprint(locked.read())
        if not MADE_FROM.exists() or MADE_FROM.read_text(encoding="ascii") != wanted:
            install()
            MADE_FROM.write_text(wanted, encoding="ascii")


def fingerprint(requirements: bytes) -> str:
    """Return one digest of all that an environment is made from."""
    interpreter = (sys.version, os.path.realpath(sys.executable), str(PROJECT))
    return hashlib.sha256("\n".join(interpreter).encode() + requirements).hexdigest()


def install() -> None:
    """Make the environment anew."""
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(NO_PIP)
    print("Installing the dependencies into .venv (once; about a minute)", flush=True)
    venv.create(ENVIRONMENT, clear=True, symlinks=True, with_pip=True)
    pip = (
        str(ENVIRONMENT / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    )
    done = subprocess.run((*pip, "--require-hashes", "-r", str(LOCKED)), check=False)
    if done.returncode:
        sys.exit(NO_PACKAGES)


if __name__ == "__main__":
    main()
