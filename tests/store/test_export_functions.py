"""Every outcome of the function of exports, and who may read a person's lists."""

from uuid import uuid4

import pytest
from psycopg2 import errors

from chalicelib.domain.export import StoredExport
from chalicelib.postgres.roles import OPERATORS_ROLE, REQUESTS_ROLE
from chalicelib.postgres.schema_name import schema_name
from chalicelib.stores.export import ExportStore
from tests.races import audited
from tests.store.acting import DEAD, Acting
from tests.store.test_roles import logged_in
from tests.world import REQUIRED, World

PAGES = f"SELECT longest FROM {schema_name()}.read_pages(%s, 1, 10)"  # noqa: S608 - names of ours


@pytest.fixture
def ana(world: World) -> Acting:
    return Acting(world)


@pytest.fixture
def store(world: World) -> ExportStore:
    return ExportStore(world.database)


def exported(store: ExportStore, ana: Acting, part: int = 1) -> StoredExport | None:
    session, taken, stored = store.export(
        ana.id, part=part, proof=None, place=ana.place(), now=ana.now, request_id="test"
    )
    assert session is not None
    assert session.id == ana.id
    assert (taken is not None and taken.is_admitted) == (stored is not None)
    return stored


def test_one_part_is_read_and_recorded(store: ExportStore, ana: Acting) -> None:
    Acting(ana.world, "eve@example.com", "device-9")
    stored = exported(store, ana)
    assert stored is not None
    assert (stored.person.id, stored.parts, stored.status_changed_at) == (ana.user_id, 1, ana.now)
    assert [each.id for each in stored.sessions] == [ana.id]
    assert (len(stored.identities), len(stored.devices), stored.biometric_keys) == (1, 1, ())
    assert [each.document for each in stored.consents] == sorted(REQUIRED)
    assert "session.started" in {each.kind for each in stored.events}
    assert ana.world.rows("SELECT details FROM audit_events WHERE kind = 'account.exported'") == [
        ({"part": "1"},)
    ]


def test_a_part_after_the_last_is_empty(store: ExportStore, ana: Acting) -> None:
    stored = exported(store, ana, part=2)
    assert stored is not None
    assert (stored.parts, stored.sessions, stored.events) == (1, (), ())


@pytest.mark.parametrize("scene", DEAD)
def test_a_session_that_may_not_act_exports_nothing(store: ExportStore, ana: Acting, scene: str) -> None:
    ana.world.execute(scene)
    assert exported(store, ana) is None
    assert audited(ana.world, "account.exported") == 0


def test_a_session_that_is_not_there_exports_nothing(store: ExportStore, ana: Acting) -> None:
    told = store.export(uuid4(), part=1, proof=None, place=None, now=ana.now, request_id="test")
    assert told == (None, None, None)


def test_a_full_bucket_exports_nothing(store: ExportStore, ana: Acting) -> None:
    ana.fill_bucket()
    assert exported(store, ana) is None
    assert audited(ana.world, "account.exported") == 0


def test_a_proof_is_used_up(store: ExportStore, ana: Acting) -> None:
    ana.uses_up(
        lambda proof: store.export(ana.id, part=1, proof=proof, place=None, now=ana.now, request_id="test")
    )


def test_operators_may_read_anybodys_lists_and_requests_may_not(ana: Acting) -> None:
    with logged_in(ana.world, OPERATORS_ROLE) as cursor:
        cursor.execute(PAGES, (str(ana.user_id),))
        assert cursor.fetchone() is not None
    with logged_in(ana.world, REQUESTS_ROLE) as cursor, pytest.raises(errors.InsufficientPrivilege):
        cursor.execute(PAGES, (str(ana.user_id),))
