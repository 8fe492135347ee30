"""Stage what is deployed: our code and what it imports, for Lambda's machine, compiled, and nothing more.

Chalice's own way ships forty packages, of which half are never imported, the model of every AWS service and
no bytecode, and it takes wheels for another machine without checking their hashes. So it is shown a copy of
the project without `requirements.txt`, in which all of it lies in vendor/ (docs/package.md).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools import bytecode, lambda_python
from tools.package_index import IndexSettingsError, pip_variables
from tools.trimming import is_shipped

LOCKED: Final = "requirements.txt"
STAGED: Final = "staged"  # in .chalice/
MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
BLOCK: Final = re.compile(
    r"^([a-z0-9-]+)==(?:.*\\\n)*.*\n", re.MULTILINE
)  # one locked version with its hashes
SHIPPED: Final = frozenset(
    {
        "alembic",  # the function `migrate`
        "botocore",
        "cffi",  # of which cryptography needs one file
        "chalice",  # of which Chalice itself packs two files
        "cryptography",
        "google-auth",
        "jmespath",  # botocore
        "mako",  # alembic
        "markupsafe",  # mako
        "psycopg2-binary",
        "pyjwt",
        "python-dateutil",  # botocore
        "six",  # python-dateutil
        "sqlalchemy",
        "typing-extensions",  # sqlalchemy, alembic
        "tzdata",
        "urllib3",  # botocore
    }
)
LEFT_OUT: Final = frozenset(
    {"boto3", "s3transfer"}  # botocore's clients are enough
    | {"pyasn1", "pyasn1-modules"}  # google-auth without cryptography
    | {"pycparser"}  # cffi, when it compiles C
    # Chalice's command line
    | {"ansicon", "blessed", "click", "editor", "inquirer", "jinxed", "packaging", "pip", "pyyaml"}
    | {"readchar", "runs", "setuptools", "wcwidth", "wheel", "xmod"}
)


class VendorError(Exception):
    """What is deployed can't be put together; the message says why."""


def stage(project: Path, architecture: str) -> Path:
    """Return a copy of the project for Chalice to pack; its dependencies are made anew if they changed.

    Raises: VendorError.
    """
    staged = project / ".chalice" / STAGED
    staged.mkdir(exist_ok=True)
    vendor, made_from = staged / "vendor", staged / "made-from"
    wanted = _made_of(project, architecture)
    if not made_from.exists() or made_from.read_text() != wanted or not vendor.is_dir():
        made_from.unlink(missing_ok=True)
        shutil.rmtree(vendor, ignore_errors=True)
        _install(project, vendor, architecture)
        _trim(vendor)
        _compile(vendor, vendor)
        for source in (vendor / "chalice").glob("*.py"):
            source.unlink()  # Chalice packs its own, which is the locked one: the bytecode fits
        made_from.write_text(wanted)
    _add_ours(project, staged)
    return staged


def locked(lock: str) -> dict[str, str]:
    """Return each locked package's lines, by its name."""
    return {found[1]: found[0] for found in BLOCK.finditer(lock)}


def _made_of(project: Path, architecture: str) -> str:
    names = ("vendor.py", "trimming.py", "bytecode.py")
    makers = "".join(Path(__file__).with_name(name).read_text() for name in names)
    return json.dumps([lambda_python.NAME, architecture, (project / LOCKED).read_text(), makers])


def _install(project: Path, vendor: Path, architecture: str) -> None:
    blocks = locked((project / LOCKED).read_text())
    unknown = blocks.keys() ^ (SHIPPED | LEFT_OUT)
    unknown = {name for name in unknown if not _is_elsewhere(blocks.get(name, ""))}
    if unknown:
        raise VendorError(f"tools/vendor.py must say of {', '.join(sorted(unknown))} whether it is shipped")
    chosen = vendor.with_name("chosen.txt")
    chosen.write_text("".join(blocks[name] for name in sorted(SHIPPED)))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    exact = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(vendor)]
    try:
        index = pip_variables(Path(sys.executable), os.environ)
    except IndexSettingsError as error:
        raise VendorError(f"pip can't read its settings: {error}") from error
    done = subprocess.run([*pip, *exact, *_platform(architecture), "-r", str(chosen)], env=index, check=False)
    chosen.unlink()
    if done.returncode:
        raise VendorError(f"pip found no fitting wheel for Lambda's {architecture}; it says which above")


def _is_elsewhere(block: str) -> bool:
    """Tell whether a package is locked for Windows only."""
    return "sys_platform == 'win32'" in block


def _platform(architecture: str) -> Iterator[str]:
    """Yield what makes pip choose wheels for Lambda and not for this machine: glibc, newest first."""
    machine = MACHINES[architecture]
    for glibc in range(lambda_python.GLIBC_MINOR, 16, -1):
        yield from ("--platform", f"manylinux_2_{glibc}_{machine}")
    yield from ("--platform", f"manylinux2014_{machine}", "--implementation", "cp")
    yield from ("--python-version", f"3.{lambda_python.MINOR}")


def _trim(vendor: Path) -> None:
    for path in sorted(vendor.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif not is_shipped(path.relative_to(vendor).as_posix()):
            path.unlink()


def _add_ours(project: Path, staged: Path) -> None:
    """Compile our own code and copy it, the migrations under a name that doesn't hide the library."""
    copies = {"chalicelib": staged / "chalicelib", "alembic": staged / "vendor" / "migrations"}
    for name, copy in copies.items():
        for cache in (project / name).rglob("__pycache__"):
            shutil.rmtree(cache)
        _compile(project / name, project)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(project / name, copy)
    shutil.copyfile(project / "app.py", staged / "app.py")
    _compile_all([_job(project / "app.py", staged / "vendor" / "__pycache__", "app.py")])


def _compile(folder: Path, root: Path) -> None:
    _compile_all(
        [
            _job(source, source.parent / "__pycache__", source.relative_to(root).as_posix())
            for source in sorted(folder.rglob("*.py"))
        ]
    )


def _job(source: Path, cache: Path, shown: str) -> list[str]:
    compiled = cache / f"{source.stem}.cpython-3{lambda_python.MINOR}.pyc"
    return [str(source), str(compiled), f"/var/task/{shown}"]


def _compile_all(jobs: list[list[str]]) -> None:
    """Have Lambda's own Python compile. Raises: VendorError."""
    words = (str(lambda_python.interpreter()), "-I", bytecode.__file__, "compile")
    done = subprocess.run(words, input=json.dumps(jobs), text=True, capture_output=True, check=False)
    if done.returncode:
        raise VendorError(f"{lambda_python.NAME} can't compile what is deployed:\n{done.stderr[-2000:]}")
