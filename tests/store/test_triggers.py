"""Every trigger works whatever the search path is: in our functions it has no schema of ours."""

from collections.abc import Iterator

import pytest
from psycopg2 import errors
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from tests.world import Phone, World

TRIGGERS = """
    SELECT tgrelid::regclass::text, tgname FROM pg_trigger
    WHERE NOT tgisinternal AND tgparentid = 0 ORDER BY 1, 2
"""
REFUSED = (  # the act that fires a trigger, which refuses it; an error of its own would be another
    ("audit_events", "refuse_change", "UPDATE public.audit_events SET kind = kind"),
    ("audit_events", "refuse_early_deletion", "DELETE FROM public.audit_events"),
    ("audit_seals", "refuse_change", "DELETE FROM public.audit_seals"),
    ("consent_documents", "refuse_change", "DELETE FROM public.consent_documents"),
    ("consent_events", "refuse_change", "UPDATE public.consent_events SET kind = kind"),
    ("consent_events", "refuse_early_deletion", "DELETE FROM public.consent_events"),
    ("service_keys", "keep_key", "UPDATE public.service_keys SET wrapped = 'x'"),
    ("signing_keys", "keep_key", "UPDATE public.signing_keys SET wrapped_private = 'x'"),
)
LET_THROUGH = ("audit_events", "tell_others")


@pytest.fixture
def pathless(world: World) -> Iterator[Cursor]:
    ana: Phone = world.person()
    assert ana.sign_in().status == 200
    with world.owner() as cursor:
        cursor.execute("SET search_path = pg_catalog, pg_temp")
        yield cursor


def test_each_trigger_is_tried_here(world: World) -> None:
    tried = {(table, name) for table, name, _ in REFUSED} | {LET_THROUGH}
    assert set(world.rows(TRIGGERS)) == tried


@pytest.mark.parametrize(("table", "name", "act"), REFUSED)
def test_a_trigger_refuses_without_a_search_path(pathless: Cursor, table: str, name: str, act: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege) as refused:
        pathless.execute(act)
    assert "PL/pgSQL function public." in str(refused.value.diag.context)


def test_the_outbox_is_filled_without_a_search_path(world: World, pathless: Cursor) -> None:
    world.execute(
        "INSERT INTO webhook_endpoints (id, address, created_at) VALUES (gen_random_uuid(), 'x', now())"
    )
    pathless.execute("""
        INSERT INTO public.audit_events (occurred_at, kind, user_id, session_id, request_id, details)
        VALUES (now(), 'session.ended', gen_random_uuid(), gen_random_uuid(), 'test', '{"reason": "logout"}')
    """)
    assert world.rows("SELECT kind, data -> 'reason' FROM outbox") == [("session.revoked", "logout")]
