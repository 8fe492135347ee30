"""The order of a release, and the way back.

Migrations run before the new code is deployed, by the new package in `migrate` alone: the code that answers
meanwhile is the previous release's, which works on a schema that only gained (decision 0078). If that fails,
`migrate` gets its code back; from Chalice's deployment on, any failure deploys the previous release again.
The database only goes forward.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from chalicelib.routes.cors import gateway_headers
from chalicelib.setting_values import origins
from tools import lambda_python
from tools.package import architecture_of, build, made_for
from tools.release import config, kms_keys, preflight, smoke
from tools.release.cloud import SCHEDULED, Cloud
from tools.release.deploying import api_of, check, deploy, leave
from tools.release.fault import ReleaseFault
from tools.release.infrastructure import Infrastructure, credentials
from tools.release.leftovers import collect
from tools.release.lock import Lock
from tools.release.outputs import Outputs
from tools.release.record import Ledger, Release
from tools.release.shelf import Shelf, sha256

ELSEWHERE: Final = "AWS_ENDPOINT_URL"  # an AWS in place of the real one, which answers as its APIs too
MIGRATE: Final = "migrate"
KEPT_MAX: Final = 10  # releases that can be gone back to; older ones go when the next one begins
NOTHING_EARLIER: Final = (
    "There is no earlier release: what was deployed stays. Put it right and release again."
)


def cors_headers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what API Gateway's own answers say to apps on the web, by the setting of a stage."""
    return gateway_headers(origins(environment.get("CORS_ORIGINS", "")))


@dataclass(kw_only=True)
class Releasing:
    """One stage, and everything that a release of it needs."""

    project: Path
    cloud: Cloud
    shelf: Shelf
    lock: Lock
    infrastructure: Infrastructure
    _ledger: Ledger = field(default_factory=Ledger, init=False)
    _commit: str = field(default="", init=False)

    @property
    def stage(self) -> str:
        """Which one it is."""
        return self.cloud.stage

    def release(self) -> None:
        """Release what lies in the project. Raises: ReleaseFault, and the previous release is what runs."""
        self._commit = preflight.commit(
            self.project
        )  # before the configuration is written, which would mark it
        with self._step("preflight"):
            preflight.check(self.project, self.stage, self.cloud, self.shelf.bucket)
        with self._step("package"):
            package = build(self.project, architecture_of(self.project, self.stage))
        with self.lock:
            self._ledger = self._awake()
            self.shelf.keep_only(self._ledger.done)
            collect(self.cloud, self.shelf)
            self._show_pending()
            with self._step("terraform"):
                self.infrastructure.apply()
            outputs = Outputs.read(self.stage, credentials())
            release = self._kept(outputs, package)
            if self._ledger.done:
                kms_keys.check_forward(self.shelf.release(self._ledger.done[-1]), release)
            if self._ledger.is_prepared and self.cloud.has(MIGRATE):
                self._expand(release, package, outputs)
            try:
                self._go_forward(release, package, outputs)
            except (Exception, KeyboardInterrupt) as error:
                self._go_back(error)
                raise

    def roll_back(self) -> None:
        """Deploy the release before the last one. Raises: ReleaseFault."""
        with self.lock:
            self._ledger = self._awake()
            if len(self._ledger.done) < 2:  # noqa: PLR2004 - the last one and the one before
                raise ReleaseFault("There is no earlier release to go back to")
            self.infrastructure.select()
            done = self._ledger.done[:-1]
            target = self.shelf.release(done[-1])
            kms_keys.check_back(self.shelf.release(self._ledger.done[-1]), target)
            self._restore(target)
            self._note(done=done)

    def rewrap(self) -> None:
        """Wrap with the newest KMS keys what older ones wrapped. Raises: ReleaseFault."""
        with self.lock, self._step("rewrap"):
            kms_keys.rewrap(self.cloud)

    def _awake(self) -> Ledger:
        ledger = self.shelf.ledger()
        if ledger.is_asleep:
            raise ReleaseFault(f"{self.stage} sleeps: make wake STAGE={self.stage} first")
        return ledger

    def _expand(self, release: Release, package: Path, outputs: Outputs) -> None:
        try:
            with self._step("expand the database, by the new release in `migrate` alone"):
                self.cloud.replace(MIGRATE, release, package)
                self._migrate(outputs)
        except (Exception, KeyboardInterrupt) as error:
            self._take_back(error)
            raise

    def _go_forward(self, release: Release, package: Path, outputs: Outputs) -> None:
        self._deploy(release, package)
        if config.ISSUER_UNKNOWN in json.dumps(release.config["stages"][self.stage]):
            release = self._kept(outputs, package)
            self._deploy(release, package)  # now that Chalice has made the API, its address is known
        if not self._ledger.is_prepared:
            with self._step("prepare the database"):
                self.cloud.prepare_database(outputs.database["master_secret_arn"])
                self._note(is_prepared=True)
        with self._step("migrate"):
            self._migrate(outputs)
        for function in ("publish-documents", "rotate-keys", "fetch-provider-keys"):
            with self._step(function):
                self.cloud.invoke(function, SCHEDULED)
        self._surround(release)
        with self._step("TLS policy of the API"):
            self.cloud.secure(api_of(self._deployed))
        done = (*(one for one in self._ledger.done if one != release.id), release.id)
        self._note(done=done[-KEPT_MAX:])
        print(f"Release {release.name} of {release.commit} runs at {self._address()}", flush=True)

    def _take_back(self, error: BaseException) -> None:
        """Give `migrate`, which alone was changed, all it had back, and see that the release still serves."""
        former = self._former(error)
        if former is None:
            return
        with self._step("put `migrate` back"), TemporaryDirectory(prefix="release-") as folder:
            package = self.shelf.package(former, Path(folder))
            self.cloud.replace(MIGRATE, _with_python(former, package), package)
        self._test(former)
        print(f"Release {former.name} of {former.commit} runs on at {self._address()}", flush=True)

    def _go_back(self, error: BaseException) -> None:
        former = self._former(error)
        if former is not None:
            self._restore(former)

    def _former(self, error: BaseException) -> Release | None:
        print(f"The release failed: {error}", flush=True)
        if not self._ledger.done:
            print(NOTHING_EARLIER, flush=True)
            return None
        return self.shelf.release(self._ledger.done[-1])

    def _restore(self, release: Release) -> None:
        print(f"Going back to release {release.name} of {release.commit}; the database stays", flush=True)
        with TemporaryDirectory(prefix="release-") as folder:
            package = self.shelf.package(release, Path(folder))
            self._deploy(_with_python(release, package), package)
        self._surround(release)
        print(f"Release {release.name} of {release.commit} runs again at {self._address()}", flush=True)

    def _deploy(self, release: Release, package: Path) -> None:
        check(release, package)
        if self._ledger.deployed is None:
            self._clear_away()
        if self.cloud.has(MIGRATE) and self.cloud.python_of(MIGRATE) != release.python:
            with self._step(f"{release.python} in `migrate` first: AWS may no longer offer it"):
                self.cloud.replace(MIGRATE, release, package)
        with self._step(f"chalice deploy {release.name}"):
            self._note(deployed=deploy(release, package, self._ledger.deployed, self.cloud))
            leave(self.project, self.stage, self._deployed)

    def _clear_away(self) -> None:
        """Delete the API of a first deployment that died: Chalice writes its record only at the end."""
        for api in list(self.cloud.apis()):
            print(f"   {api} was made by a deployment that didn't end: it is deleted", flush=True)
            self.cloud.client("apigateway").delete_rest_api(restApiId=api)

    def _surround(self, release: Release) -> None:
        told = release.config["stages"][self.stage]
        functions = told["lambda_functions"]
        with self._step("terraform, around the API"):
            self.infrastructure.apply_edge(
                api_of(self._deployed),
                f"{release.name}-{secrets.token_hex(4)}",
                has_egress="egress-deliver" in functions,
                cors_headers=cors_headers(told["environment_variables"]),
            )
        self._test(release)

    def _test(self, release: Release) -> None:
        variables = release.config["stages"][self.stage]["environment_variables"]
        with self._step("smoke test"):
            smoke.test(self._address(), variables["ISSUER_URL"])

    def _migrate(self, outputs: Outputs) -> None:
        database = outputs.database
        event = {}
        if database["app_login"] == "verifier":
            secret, role = database["app_secret_arn"], database["app_role"]
            event = {"app_verifier": self.cloud.proxy_verifier(secret, role)}
        told = self.cloud.invoke("migrate", event)
        print(f"   the database went from {told['from']} to {told['to']}", flush=True)

    def _kept(self, outputs: Outputs, package: Path) -> Release:
        with self._step("configuration"):
            known = api_of(self._deployed) if self._ledger.deployed else None
            issuer = (
                f"https://{known}{config.OF_AWS}{outputs.place.region}.amazonaws.com/v1"
                if known
                else config.ISSUER_UNKNOWN  # and not the address of an API that was destroyed
            )
            wanted = config.files(self.project, outputs, issuer)
            print(config.difference(wanted), flush=True)
            config.write(wanted)
            config.check(wanted, self.project, self.stage)
        folder = self.project / config.CHALICE
        texts = {path.relative_to(folder).as_posix(): text for path, text in wanted.items()}
        release = Release(
            stage=self.stage,
            package_sha256=sha256(package),
            commit=self._commit,
            revision=preflight.migrations(self.project)[-1][:4],
            config=json.loads(texts.pop("config.json")),
            policies=texts,
            python=lambda_python.NAME,
        )
        check(release, package)
        self.shelf.keep(release, package)
        return release

    def _show_pending(self) -> None:
        done = self._ledger.done
        revision = self.shelf.release(done[-1]).revision if done else ""
        pending = [name for name in preflight.migrations(self.project) if name[:4] > revision]
        print("Migrations to come: " + (", ".join(pending) or "none"), flush=True)

    def _note(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the ledger
        self._ledger = replace(self._ledger, **changes)
        self.shelf.write(self._ledger)

    @property
    def _deployed(self) -> dict[str, Any]:
        if self._ledger.deployed is None:
            raise ReleaseFault("Nothing was deployed yet")
        return self._ledger.deployed

    def _address(self) -> str:
        return smoke.address(
            api_of(self._deployed), str(self.cloud.session.region_name), os.environ.get(ELSEWHERE)
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        if self.lock.is_held:
            self.lock.renew()
        print(f"== {name}", flush=True)
        yield


def _with_python(release: Release, package: Path) -> Release:
    """Return the release with its Python; one that was kept without has it in its package."""
    return release if release.python else replace(release, python=made_for(package)[0])
