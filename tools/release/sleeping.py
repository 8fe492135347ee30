"""Put a stage to sleep, so that it isn't paid by the hour, and wake it (`make sleep`, `make wake`).

Asleep, the server is stopped, the KMS endpoint gone and every schedule off; alarms are silent. Nothing is
lost, and the API answers 503. Each step may be repeated.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from tools.release import smoke, switches
from tools.release.cloud import Cloud
from tools.release.deploying import api_of
from tools.release.fault import ReleaseFault
from tools.release.infrastructure import Infrastructure
from tools.release.lock import Lock
from tools.release.shelf import Shelf

NEVER: Final = "prod"


@dataclass(kw_only=True)
class Sleeping:
    """One stage, and what its sleep needs."""

    cloud: Cloud
    shelf: Shelf
    lock: Lock
    infrastructure: Infrastructure

    def sleep(self) -> None:
        """Stop what is paid by the hour. Raises: ReleaseFault."""
        if self.cloud.stage == NEVER:
            raise ReleaseFault(f"{NEVER} doesn't sleep")
        with self.lock:
            self._note(is_asleep=True)  # before anything: half asleep is woken like asleep
            self._begin("schedules and alarms")
            switches.switch_schedules(self._client("events"), self._prefix, are_on=False)
            self._begin("the KMS endpoint")
            self.infrastructure.set_asleep(is_asleep=True)
            switches.switch_alarms(self._client("cloudwatch"), self._prefix, are_on=False)
            self._begin("the server")
            switches.stop_server(self._client("rds"), self.cloud.name(""))
        print(f"{self.cloud.stage} sleeps; `make wake STAGE={self.cloud.stage}` wakes it in ten minutes")

    def wake(self, elsewhere: str | None) -> None:
        """Start all of it again, and see that it serves. Raises: ReleaseFault."""
        with self.lock:
            self._begin("the KMS endpoint")
            self.infrastructure.set_asleep(is_asleep=False)
            self._begin("the server, which takes some minutes")
            switches.start_server(self._client("rds"), self.cloud.name(""))
            self._begin("schedules and alarms")
            switches.switch_schedules(self._client("events"), self._prefix, are_on=True)
            switches.switch_alarms(self._client("cloudwatch"), self._prefix, are_on=True)
            self._note(is_asleep=False)
            self._test(elsewhere)
        print(f"{self.cloud.stage} is awake")

    def _client(self, service: str) -> Any:  # noqa: ANN401 - as Cloud.client
        return self.cloud.client(service)

    @property
    def _prefix(self) -> str:
        return f"{self.cloud.name('')}-"

    def _test(self, elsewhere: str | None) -> None:
        ledger = self.shelf.ledger()
        if not ledger.done or ledger.deployed is None:
            return
        release = self.shelf.release(ledger.done[-1])
        variables = release.config["stages"][release.stage]["environment_variables"]
        self._begin("smoke test")
        url = smoke.address(api_of(ledger.deployed), str(self.cloud.session.region_name), elsewhere)
        smoke.test(url, variables["ISSUER_URL"])

    def _note(self, *, is_asleep: bool) -> None:
        self.shelf.write(replace(self.shelf.ledger(), is_asleep=is_asleep))

    def _begin(self, step: str) -> None:
        self.lock.renew()
        print(f"== {step}", flush=True)
