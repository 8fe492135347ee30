"""`make cold-start`: what a start of the real zip costs until its first answer; `make bench` has it too.

The package is built for this machine, unzipped, and run under AWS's own runtime (`awslambdaric`), a fresh
process for each start, with KMS, the vault and PostgreSQL answering locally. PostgreSQL is reached as RDS is:
TLS, and an IAM token. A start counts from the process's first instruction to the arrival of the first answer;
init ends when the runtime asks for its first event. `--only refresh` starts for one kind of request alone,
`--times 20` more often.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from bench.import_profile import ImportProfile
from bench.parts import HOME
from bench.phones import Phone
from bench.starts import FIRSTS, ColdStart, First, Start, Starts, shortfalls, table
from local import deployed
from local.aws import LocalAws, aws_environment
from local.command_line import CommandLine, whole_number
from local.deployed import Deployed
from local.dev_google import DevGoogle
from local.invoke import enter
from local.postgres import EmbeddedPostgres
from local.runtime_api import Container
from tools.package import build

TIMES: Final = 10
COLD: Final = HOME / "cold"


class Household:
    """Phones that are signed in by a container which is not measured."""

    def __init__(self, google: DevGoogle, api: Container) -> None:
        self._google = google
        self._api = api

    def phone(self, first: First) -> Phone:
        """Return a phone that is ready for such a first request."""
        phone = Phone(email=f"{uuid4()}@bench.example")
        phone.prepare(self._google, 2)
        if first.is_known:
            phone.keep(self._api.invoke(phone.sign_in()).body)
        return phone


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write the figures as JSON."""
    parser = CommandLine(prog="make cold-start", description=__doc__)
    parser.add_argument("--times", type=whole_number(), default=TIMES, help="starts for each kind of request")
    parser.add_argument("--only", choices=[one.name for one in FIRSTS], help="one kind of request alone")
    parser.add_argument("--json", type=Path, default=HOME / "cold-start.json")
    options = parser.parse_args(arguments)
    firsts = [one for one in FIRSTS if options.only in {None, one.name}]
    measured = measure(firsts, options.times)
    sys.stdout.write(f"{table(measured)}\n\n{measured.imports.table()}\n\n")
    sys.stdout.write("\n".join(shortfalls(measured)) or "Every promise is kept.")
    options.json.write_text(json.dumps(measured.plain(), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"\n\nWritten to {options.json}\n")
    return 0


def measure(firsts: Sequence[First] = FIRSTS, times: int = TIMES) -> ColdStart:
    """Build the package, deploy it on this machine, and start it again and again."""
    package = build(deployed.copied(COLD / "package"), deployed.MACHINE)
    task = deployed.unpacked(package, COLD / "task")
    unpacked_bytes = sum(path.stat().st_size for path in task.rglob("*") if path.is_file())
    with site(task) as place, place.function("app") as api:
        household = Household(place.google, api)
        rounds = [[start(place, one, household) for one in firsts] for _ in range(times)]
        imports = profile(place, household)
    return ColdStart(
        zip_bytes=package.stat().st_size,
        unpacked_bytes=unpacked_bytes,
        starts=tuple(
            Starts(first=first, starts=tuple(each[number] for each in rounds))
            for number, first in enumerate(firsts)
        ),
        imports=imports,
    )


@contextmanager
def site(task: Path) -> Iterator[Deployed]:
    """Deploy an unzipped package beside parts of its own, while the context lasts."""
    with ExitStack() as stack:
        aws = stack.enter_context(LocalAws(COLD / "aws"))
        postgres = stack.enter_context(EmbeddedPostgres(COLD / "postgres"))
        front = stack.enter_context(deployed.as_rds(postgres, task, COLD / "authority"))
        google, resources = DevGoogle(HOME / "dev-google"), aws.provision()
        enter(aws_environment(aws.endpoint_url))
        deployed.publish_google(google, aws.endpoint_url)
        place = Deployed(
            task=task,
            front=front,
            google=google,
            environment=deployed.environment(front, aws.endpoint_url, resources, resources.evidence_bucket),
            folder=deployed.fresh(COLD / "containers"),
        )
        place.release()
        yield place


def start(place: Deployed, first: First, household: Household) -> Start:
    """Let a fresh container answer one request. Raises RuntimeError if it isn't success."""
    phone = household.phone(first)
    request = first.request(phone)
    with place.function("app") as container:
        answer = container.invoke(request)
        phone.keep(answer.body)
        return Start(ready=container.ready(), answered=answer.spent)


def profile(place: Deployed, household: Household) -> ImportProfile:
    """Return what a start and its first sign-in import, and what each import takes."""
    phone = household.phone(FIRSTS[-1])
    with place.function("app", "-X", "importtime") as container:
        container.ready()
        init = container.log.read_text(encoding="utf-8")
        phone.keep(container.invoke(phone.sign_in()).body)
        return ImportProfile.read(init, container.log.read_text(encoding="utf-8")[len(init) :])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
