"""Pin and hash the dependencies again (`make lock`), and refuse a lock that leaves something to resolve.

Each lock is one file for every supported Python and platform, from the index that the user's own uv, or else
their pip, is configured for. It needs nothing but uv: a lock that can't be installed can be mended.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from local.places import PROJECT
from local.shell import ours
from tools.package_index import IndexSettingsError, where, without_pip

# Each with the lock that holds all of it, whose versions it takes.
WIDE: Final = "requirements-dev"
LOCKS: Final = MappingProxyType(
    {
        WIDE: None,
        "requirements-run": WIDE,
        "requirements": WIDE,
        "requirements-infra": None,
        "requirements-security": None,
        "requirements-sdk": None,
    }
)
PLATFORMS: Final = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
AT_ONCE: Final = 4  # they wait for the index most of the time
PIN: Final = re.compile(r"^[\w.-]+==\S+", re.MULTILINE)
NO_UV: Final = (
    "make lock needs uv: `make check` puts it into .venv, or install it (https://docs.astral.sh/uv/)."
)
OF_UV: Final = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
)
FROM_PIP: Final = MappingProxyType(  # pip's name: uv's variable, and what stands between two values there
    {
        "index-url": ("UV_DEFAULT_INDEX", " "),
        "extra-index-url": ("UV_INDEX", " "),
        "find-links": ("UV_FIND_LINKS", ","),
        "no-index": ("UV_NO_INDEX", " "),
        "trusted-host": ("UV_INSECURE_HOST", " "),
        "keyring-provider": ("UV_KEYRING_PROVIDER", " "),
        "cert": ("SSL_CERT_FILE", " "),
        "client-cert": ("SSL_CLIENT_CERT", " "),
        "proxy": ("ALL_PROXY", " "),
    }
)


class LockError(Exception):
    """The locks can't be made, or would leave something to resolve; the message says which and what."""


class Uv:
    """uv with the user's own index."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        program = shutil.which(
            "uv", path=f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
        )
        if program is None:
            raise LockError(NO_UV)
        self._program = program
        self._variables = variables

    def compile(self, source: Path, *options: str, folder: Path) -> str:
        """Return what `uv pip compile` prints. Raises: LockError with uv's reason."""
        command = (
            self._program,
            "pip",
            "compile",
            source.name,
            "--quiet",
            "--python",
            sys.executable,
            *options,
        )
        done = subprocess.run(
            command, cwd=folder, env=self._variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LockError(f"{source.name}: {done.stderr.strip()}")
        return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Write all locks, or none."""
    pythons = [each for each in arguments if not each.startswith("-")]
    options = ("--upgrade",) if "--upgrade" in arguments else ()
    try:
        uv = Uv(variables(os.environ))
        with TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for file in PROJECT.glob("requirements*.*"):
                shutil.copyfile(file, folder / file.name)
            for name, wide in LOCKS.items():
                print(f"Locking {name}", file=sys.stderr, flush=True)
                if wide:  # uv keeps what it finds, where it fits
                    shutil.copyfile(folder / f"{wide}.txt", folder / f"{name}.txt")
                lock(uv, folder, name, pythons[0], *(() if wide else options))
            print(f"Checking them for Python {', '.join(pythons)}", file=sys.stderr, flush=True)
            check(uv, [folder / f"{name}.txt" for name in LOCKS], pythons)
            for name in LOCKS:
                shutil.copyfile(folder / f"{name}.txt", PROJECT / f"{name}.txt")
    except LockError as error:
        print(f"No lock was changed. {error}", file=sys.stderr)
        return 1
    return 0


def lock(uv: Uv, folder: Path, name: str, oldest: str, *options: str) -> None:
    """Pin and hash what one file asks for. Raises: LockError."""
    universal = ("--universal", "--python-version", oldest, "--generate-hashes")
    quiet = ("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock")
    uv.compile(
        folder / f"{name}.in", "--output-file", f"{name}.txt", *universal, *quiet, *options, folder=folder
    )


def check(uv: Uv, locks: Sequence[Path], pythons: Sequence[str]) -> None:
    """Return when the locks are complete. Raises: LockError."""
    if faults := unresolved(uv, locks, pythons):
        raise LockError("\n".join(faults))


def unresolved(uv: Uv, locks: Sequence[Path], pythons: Sequence[str]) -> list[str]:
    """Return what locks leave to resolve: packages that they need and don't name, or that have no wheel.

    A lock is resolved as if it were a wish, for each Python and platform: it must be its own answer.
    """

    def fault(path: Path, python: str, platform: str) -> str | None:
        place = ("--python-version", python, "--python-platform", platform, "--only-binary", ":all:")
        plain = ("--no-annotate", "--no-header", *place)
        try:
            needed = pins(uv.compile(path, *plain, folder=path.parent))
            missing = needed - pins(uv.compile(path, "--no-deps", *plain, folder=path.parent))
        except LockError as error:
            return f"On Python {python}, {platform}: {error}"
        return (
            f"On Python {python}, {platform}: {path.name} lacks {', '.join(sorted(missing))}"
            if missing
            else None
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(fault, *zip(*itertools.product(locks, pythons, PLATFORMS), strict=True))
        return [each for each in found if each]


def pins(compiled: str) -> set[str]:
    """Return what a compiled file pins: `name==version`."""
    return {found[0] for found in PIN.finditer(compiled)}


def variables(outer: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables: the user's own, and where they name no index, what their pip is configured for.

    Raises: LockError.
    """
    kept = without_pip(ours(outer))
    home = Path(outer.get("XDG_CONFIG_HOME") or Path(outer.get("HOME", "/"), ".config"))
    if any(name in outer for name in OF_UV) or any(
        (each / "uv/uv.toml").exists() for each in (home, Path("/etc"))
    ):
        return kept
    if subprocess.run(
        (sys.executable, "-I", "-m", "pip", "--version"), capture_output=True, check=False
    ).returncode:
        return kept
    try:
        settings = where(Path(sys.executable), outer)
    except IndexSettingsError as error:
        raise LockError(f"pip can't read its settings: {error}") from error
    found = {
        FROM_PIP[name][0]: FROM_PIP[name][1].join(settings[name].split())
        for name in settings
        if name in FROM_PIP
    }
    # pip takes the best of all indexes; uv by default stops at the first that knows a name.
    return {**kept, "UV_INDEX_STRATEGY": "unsafe-best-match", **found}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
