"""Build the deployment package: `python -m tools.package --stage dev`.

The zip is made by the very class that `chalice deploy` packs with, and left where that one looks for it
before it packs by itself: what was checked is what is deployed. Only order, dates and modes of the entries
are set, so that the same sources always make the same bytes (decision 0077).
"""

import hashlib
import importlib.util
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from local.command_line import CommandLine
from tools import vendor

PROJECT: Final = Path(__file__).resolve().parents[1]
PACKAGE_BYTES_MAX: Final = 25_000_000  # Lambda takes 50 MB; half of it still uploads and starts fast
PYTHON: Final = f"python3.{sys.version_info.minor}"  # Lambda's runtime, as Chalice chooses it
DATED: Final = (1980, 1, 1, 0, 0, 0)  # the zip format's first day
MODE: Final = 0o100644 << 16  # a plain file that everybody reads: shared objects need no more
DEFLATED: Final = 6  # 9 takes three times as long for less than a hundredth
CHECKED_HASH: Final = 0b11  # PEP 552: based on a hash, checked at import


def build(project: Path, architecture: str) -> Path:
    """Return the project's deployment package for Lambda's machine. Raises: VendorError."""
    packager, deployments = packager_of(architecture), project / ".chalice" / "deployments"
    staged = vendor.stage(project, architecture)
    shutil.rmtree(staged / ".chalice", ignore_errors=True)  # Chalice finds packages by contents, not by names
    shutil.rmtree(deployments, ignore_errors=True)
    made = Path(packager.create_deployment_package(str(staged), PYTHON))
    _normalize(made)
    faults = list(faults_of(made))
    if faults:
        made.unlink()
        raise vendor.VendorError("\n".join(["The package is not fit to be deployed:", *faults]))
    deployments.mkdir()
    return made.rename(packager.deployment_package_filename(str(project), PYTHON))


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
        for name in names:
            if name.endswith(".py") and not _is_compiled(zipped, name):
                yield f"{name} has no bytecode that fits it"


def _is_compiled(zipped: zipfile.ZipFile, name: str) -> bool:
    folder, _, file = name.rpartition("/")
    tag = sys.implementation.cache_tag
    compiled = f"{folder}/__pycache__/{file[:-3]}.{tag}.pyc".removeprefix("/")
    try:
        head = zipped.read(compiled)[:16]
    except KeyError:
        return False
    magic, flags, of_source = head[:4], int.from_bytes(head[4:8], "little"), head[8:]
    is_ours = (magic, flags) == (importlib.util.MAGIC_NUMBER, CHECKED_HASH)
    return is_ours and of_source == importlib.util.source_hash(zipped.read(name))


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
    except vendor.VendorError as error:
        sys.exit(str(error))
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    print(f"{package.relative_to(PROJECT)}  {package.stat().st_size / 1e6:.1f} MB  sha256 {digest}")


if __name__ == "__main__":
    main()
