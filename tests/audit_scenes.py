"""What tests of the sealed record share: a chain to look at, and an owner who tampers with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from psycopg2.extensions import cursor

from chalicelib.assembly.audit import AuditParts
from chalicelib.clients.aws import aws_client
from chalicelib.functions import audit
from chalicelib.postgres.roles import JOBS_ROLE
from chalicelib.services.audit import Audit
from chalicelib.services.audit_joining import Joined
from local.aws import REGION, ensure_bucket
from local.database import connected
from tests.world import World


def own_bucket() -> str:
    """Return a bucket for evidence that nobody else writes to."""
    bucket = f"evidence-{uuid4().hex[:12]}"
    ensure_bucket(aws_client("s3", REGION, None), bucket)
    return bucket


class Bench:
    """An audit with a bucket of its own, beside a world's service."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bucket = f"evidence-{uuid4().hex[:12]}"
        self.s3 = aws_client("s3", world.settings.aws_region, world.settings.aws_endpoint_url)
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        self.settings = replace(world.settings, evidence_bucket=self.bucket)
        self.audit = self.another()

    def another(self) -> Audit:
        """Return what another container has."""
        return audit.audit_of(self.settings, self.world.jobs, self.world.clock)

    def events(self) -> list[int]:
        """Return the ids of all events."""
        return [each for (each,) in self.world.rows("SELECT id FROM audit_events ORDER BY id")]

    def covered(self) -> list[int]:
        """Return the ids that the seals cover, each as often as it is covered."""
        pairs = self.world.rows(
            "SELECT (r->>0)::int, (r->>1)::int FROM audit_seals, jsonb_array_elements(covered) r"
        )
        return sorted(each for first, last in pairs for each in range(first, last + 1))

    def anchored(self) -> list[str]:
        """Return the keys of the anchors."""
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def forget_anchor(self, number: int) -> None:
        """Delete an anchor, as no Object Lock would allow."""
        self.s3.delete_object(Bucket=self.bucket, Key=f"audit/seals/{number:012d}.json")

    @contextmanager
    def tampering(self) -> Iterator[cursor]:
        """Let the database's owner do what triggers refuse."""
        tables = ("audit_events", "audit_seals")
        with self.world.owner() as opened:
            for table in tables:
                opened.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield opened
            for table in tables:
                opened.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    @contextmanager
    def as_app(self) -> Iterator[cursor]:
        """Let the role of jobs try something."""
        with connected(self.world.url_of(JOBS_ROLE)) as connection, connection.cursor() as opened:
            yield opened


class Restored:
    """A bench whose database goes back to the moment that `backup` was called."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.newest, self.seals = 0, 0

    def backup(self) -> None:
        ((self.newest, self.seals),) = self.bench.world.rows(
            "SELECT (SELECT max(id) FROM audit_events), (SELECT count(*) FROM audit_seals)"
        )

    def restore(self) -> None:
        with self.bench.tampering() as owner:
            owner.execute("DELETE FROM audit_events WHERE id > %s", (self.newest,))
            owner.execute("DELETE FROM audit_seals WHERE number > %s", (self.seals,))
            owner.execute("SELECT setval('audit_events_id_seq', %s)", (self.newest,))

    def join(self) -> Joined:
        return parts(self.bench).joining.join("operator")


def parts(bench: Bench) -> AuditParts:
    world = bench.world
    return AuditParts(
        settings=bench.settings, database=world.jobs, tokens=world.services.access, clock=world.clock
    )
