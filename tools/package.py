"""Build the deployment package: `python -m tools.package --stage dev`.

The zip is made by the very class that `chalice deploy` packs with, and left where that one looks for it
before it packs by itself: what was checked is what is deployed. Only order, dates and modes of the entries
are set, so that the same sources always make the same bytes (decision 0077).
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from local.command_line import CommandLine
from tools import bytecode, lambda_python, vendor

PROJECT: Final = Path(__file__).resolve().parents[1]
PACKAGE_BYTES_MAX: Final = 25_000_000  # Lambda takes 50 MB; half of it still uploads and starts fast
DATED: Final = (1980, 1, 1, 0, 0, 0)  # the zip format's first day
MODE: Final = 0o100644 << 16  # a plain file that everybody reads: shared objects need no more
DEFLATED: Final = 6  # 9 takes three times as long for less than a hundredth
NATIVE: Final = re.compile(r"[^/]*\.cpython-3(?P<minor>\d+)-(?P<machine>\w+)-linux-gnu\.so")
ARCHITECTURES: Final = {machine: name for name, machine in vendor.MACHINES.items()}


def build(project: Path, architecture: str) -> Path:
    """Return the project's deployment package for Lambda's machine. Raises: VendorError."""
    packager, deployments = packager_of(architecture), project / ".chalice" / "deployments"
    staged = vendor.stage(project, architecture)
    shutil.rmtree(staged / ".chalice", ignore_errors=True)  # Chalice finds packages by contents, not by names
    shutil.rmtree(deployments, ignore_errors=True)
    made = Path(packager.create_deployment_package(str(staged), lambda_python.NAME))
    _normalize(made)
    faults = list(faults_of(made))
    if faults:
        made.unlink()
        raise vendor.VendorError("\n".join(["The package is not fit to be deployed:", *faults]))
    deployments.mkdir()
    return made.rename(packager.deployment_package_filename(str(project), lambda_python.NAME))


def packager_of(architecture: str) -> LambdaDeploymentPackager:
    """Return what `chalice deploy` packs with."""
    tools = OSUtils()
    return LambdaDeploymentPackager(tools, DependencyBuilder(tools, None, architecture), UI(), architecture)


def faults_of(package: Path) -> Iterator[str]:
    """Yield what would make the package fail, or start slowly."""
    if package.stat().st_size > PACKAGE_BYTES_MAX:
        yield f"it has {package.stat().st_size} bytes; {PACKAGE_BYTES_MAX} are the limit"
    with zipfile.ZipFile(package) as zipped:
        names = zipped.namelist()
        yield from sorted({f"{name} is in it twice" for name in names if names.count(name) > 1})
        yield from (f"{name} has no bytecode that fits it" for name in _unfit(package))


def _unfit(package: Path) -> list[str]:
    words = (str(lambda_python.interpreter()), "-I", bytecode.__file__, "unfit", str(package))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise vendor.VendorError(f"{lambda_python.NAME} can't read the package:\n{done.stderr[-2000:]}")
    found: list[str] = json.loads(done.stdout)
    return found


def made_for(package: Path | IO[bytes]) -> tuple[str, str]:
    """Return the runtime and the architecture of Lambda's that a package runs on, as its libraries are named.

    Raises: VendorError if it has none, or of several.
    """
    with zipfile.ZipFile(package) as zipped:
        named = [NATIVE.fullmatch(name.rpartition("/")[2]) for name in zipped.namelist()]
    found = {match.groups() for match in named if match}
    if len(found) != 1:
        raise vendor.VendorError(f"The package has libraries for {sorted(found) or 'no machine'}")
    ((minor, machine),) = found
    return f"python3.{minor}", ARCHITECTURES[machine]


def _normalize(package: Path) -> None:
    """Write the zip again in an order, with dates and modes, that don't depend on this machine."""
    rewritten = package.with_suffix(".new")
    with zipfile.ZipFile(package) as made, zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED) as zipped:
        for entry in sorted(made.infolist(), key=lambda entry: entry.filename):
            named = zipfile.ZipInfo(entry.filename, DATED)
            named.external_attr, named.create_system = MODE, 3
            zipped.writestr(named, made.read(entry), zipfile.ZIP_DEFLATED, DEFLATED)
    rewritten.replace(package)


def architecture_of(project: Path, stage: str) -> str:
    """Return the machine of a stage. Raises: VendorError for a stage that .chalice/config.json lacks."""
    config = json.loads((project / ".chalice" / "config.json").read_text())
    if stage not in config["stages"]:
        raise vendor.VendorError(f"{stage} is no stage: {', '.join(config['stages'])} are")
    return str(config["stages"][stage].get("lambda_architecture", config["lambda_architecture"]))


def main() -> None:
    """Build the package of a stage and say where it is and what it hashes to."""
    parser = CommandLine(prog="python -m tools.package", description=__doc__)
    parser.add_argument("--stage", required=True)
    stage = parser.parse_args().stage
    try:
        package = build(PROJECT, architecture_of(PROJECT, stage))
    except (vendor.VendorError, lambda_python.NoLambdaPython) as error:
        sys.exit(str(error))
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    print(f"{package.relative_to(PROJECT)}  {package.stat().st_size / 1e6:.1f} MB  sha256 {digest}")


if __name__ == "__main__":
    main()
