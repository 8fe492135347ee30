"""The function `restore` joins the audit record, and protects people where it can't."""

import pytest

from chalicelib.domain.errors import IntegrityFailure
from chalicelib.services.audit_joining import Joined
from chalicelib.services.ports import Act
from tests.audit_scenes import Bench, Restored, parts
from tests.world import World

OPERATOR = Act(request_id="operator", locale="en")
INSERT = """
    INSERT INTO audit_events (occurred_at, kind, request_id)
    SELECT now(), 'session.started', 'r' || n FROM generate_series(1, %s) n"""


@pytest.fixture
def bench(world: World) -> Bench:
    """Return a chain of two seals, with five events after it."""
    made = Bench(world)
    for _ in range(2):
        world.execute(INSERT, 5)
        made.audit.seal()
    world.execute(INSERT, 5)
    return made


@pytest.fixture
def strangers(world: World, bench: Bench) -> Bench:
    """Return a bench whose database was sealed anew, in another bucket: its anchors are another history's."""
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_seals")
    Bench(world).audit.seal()
    return bench


def test_another_history_is_never_joined(strangers: Bench) -> None:
    before = strangers.world.rows("SELECT number, seal FROM audit_seals ORDER BY number")
    with pytest.raises(IntegrityFailure):
        parts(strangers).joining.join("operator")
    assert strangers.world.rows("SELECT number, seal FROM audit_seals ORDER BY number") == before
    assert strangers.world.rows("SELECT count(*) FROM audit_events WHERE kind = 'audit.joined'") == [(0,)]


def test_restore_joins_the_record(world: World, bench: Bench) -> None:
    world.settings = bench.settings
    world.services = world.container()
    world.person().sign_in()
    one = Restored(bench)
    one.backup()
    bench.audit.seal()
    world.execute(INSERT, 2)
    bench.audit.seal()
    one.restore()
    done = world.services.recovery.restore(OPERATOR)
    assert (done.sessions, done.joined) == (1, Joined(last_seal=4, events_lost=2))
    bench.audit.seal()
    assert bench.audit.verify().finding is None


def test_restore_ends_sessions_where_the_chain_is_not_ours(world: World, strangers: Bench) -> None:
    world.settings = strangers.settings
    world.services = world.container()
    world.person().sign_in()
    done = world.services.recovery.restore(OPERATOR)
    assert (done.sessions, done.joined) == (1, None)
    with pytest.raises(IntegrityFailure):
        strangers.audit.seal()
