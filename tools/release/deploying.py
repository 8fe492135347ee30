"""Run the real `chalice deploy` on a project that has nothing to pack but one checked package.

The same code deploys a new release and an old one: the package holds all of the code that Chalice reads, and
the record the configuration. So a release that is gone back to comes back whole, routes and all.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tools import chalice_for
from tools.package import made_for, packager_of
from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.release.record import Release

SECONDS_MAX: Final = 1800
READ_BY_CHALICE: Final = ("app.py", "chalicelib/")


def deploy(release: Release, package: Path, before: Mapping[str, Any] | None, cloud: Cloud) -> dict[str, Any]:
    """Deploy a release over what was deployed before; return Chalice's record of what there is now.

    Raises: ReleaseFault.
    """
    check(release, package)
    with TemporaryDirectory(prefix="release-") as made:
        project = Path(made)
        _lay_out(project, release, package, before)
        _run(project, release)
        if len(list((project / ".chalice" / "deployments").iterdir())) != 1:
            raise ReleaseFault("Chalice packed a package of its own, which nobody checked")
        deployed: dict[str, Any] = json.loads(_deployed(project, release.stage).read_text(encoding="utf-8"))
    for arn, runs in cloud.running(functions_of(deployed)):
        if runs != release.package_sha256:
            raise ReleaseFault(f"{arn} doesn't run the package that was sent")
    return deployed


def check(release: Release, package: Path) -> None:
    """Return if a package runs where its release says. Raises: ReleaseFault."""
    runs_on, says = made_for(package), (release.python, release.architecture)
    if runs_on != says:
        raise ReleaseFault(f"The package of {release.name} is made for {runs_on}, and its record says {says}")


def leave(project: Path, stage: str, deployed: Mapping[str, Any]) -> None:
    """Leave Chalice's record where its own commands look: `chalice deploy`, `invoke`, `url`, `delete`."""
    path = _deployed(project, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(deployed, indent=2), encoding="utf-8")


def functions_of(deployed: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ARN of each deployed function."""
    for resource in deployed["resources"]:
        if resource["resource_type"] == "lambda_function":
            yield resource["lambda_arn"]


def api_of(deployed: Mapping[str, Any]) -> str:
    """Return the id of the deployed API."""
    (api,) = (one["rest_api_id"] for one in deployed["resources"] if one["resource_type"] == "rest_api")
    return str(api)


def _lay_out(project: Path, release: Release, package: Path, before: Mapping[str, Any] | None) -> None:
    with zipfile.ZipFile(package) as zipped:
        ours = [name for name in zipped.namelist() if name.startswith(READ_BY_CHALICE)]
        zipped.extractall(project, ours)
    written = {"config.json": json.dumps(release.config), **release.policies}
    if before is not None:
        written[f"deployed/{release.stage}.json"] = json.dumps(before)
    for name, text in written.items():
        path = project / ".chalice" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    packager = packager_of(release.architecture)
    settled = Path(packager.deployment_package_filename(str(project), release.python))
    settled.parent.mkdir()
    settled.write_bytes(package.read_bytes())


def _run(project: Path, release: Release) -> None:
    # Chalice hashes what lies in the project: an import must leave nothing there.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        (sys.executable, "-P", chalice_for.__file__, release.python, "deploy", "--stage", release.stage),
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    if done.returncode:
        raise ReleaseFault(f"chalice deploy failed:\n{done.stdout[-4000:]}")


def _deployed(project: Path, stage: str) -> Path:
    return project / ".chalice" / "deployed" / f"{stage}.json"
