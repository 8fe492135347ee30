"""Every outcome of the functions of consents and documents."""

from typing import Any
from uuid import uuid4

import pytest

from chalicelib.domain.consents import ConsentAnswer, ConsentState
from chalicelib.stores.consents import ConsentStore
from chalicelib.stores.documents import DocumentStore
from chalicelib.stores.jobs.documents import PublishingStore
from tests.consenting import publishing, texts
from tests.races import audited
from tests.store.acting import DEAD, Acting
from tests.world import REQUIRED, World

AI = "ai_processing"
TERMS = "terms_of_service"


@pytest.fixture
def ana(world: World) -> Acting:
    return Acting(world)


@pytest.fixture
def store(world: World) -> ConsentStore:
    return ConsentStore(world.database)


def answered(document: str, version: str = "1.0", *, granted: bool = True) -> ConsentAnswer:
    return ConsentAnswer(document=document, version=version, granted=granted, locale="en", method="settings")


def answer(store: ConsentStore, ana: Acting, *answers: ConsentAnswer) -> dict[str, ConsentState]:
    """Answer, and return what stood before."""
    own = store.answer(
        ana.id, answers, proof=None, app_version="1", locale="en", now=ana.now, request_id="test"
    )
    assert own is not None
    assert own.session.id == ana.id
    return {state.document: state for state in own.states}


def withdraw(store: ConsentStore, ana: Acting, document: str) -> dict[str, ConsentState]:
    """Withdraw, and return what stood before."""
    own = store.withdraw(
        ana.id,
        document,
        "settings",
        proof=None,
        app_version="1",
        locale="en",
        now=ana.now,
        request_id="test",
    )
    assert own is not None
    return {state.document: state for state in own.states}


def history(world: World, document: str) -> list[tuple[str, str]]:
    return world.rows(
        "SELECT version, action::text FROM consent_events WHERE kind = %s ORDER BY id", document
    )


def test_answers_that_fit_are_appended_once_and_what_stood_before_is_returned(
    store: ConsentStore, ana: Acting
) -> None:
    assert answer(store, ana, answered(AI)).get(AI, None) is not None
    assert answer(store, ana, answered(AI))[AI].granted_version == "1.0"  # twice is once
    answer(store, ana, answered(AI, granted=False), answered(TERMS))
    assert history(ana.world, AI) == [("1.0", "granted"), ("1.0", "refused")]
    assert history(ana.world, TERMS) == [("1.0", "granted")]
    assert audited(ana.world, "consent.refused") == 1


@pytest.mark.parametrize(
    "answers",
    [
        (answered(AI), answered("unknown")),
        (answered(AI), answered(TERMS, "0.9")),
        (answered(AI), answered(AI, granted=False)),
    ],
)
def test_of_answers_that_do_not_all_fit_none_is_appended(
    store: ConsentStore, ana: Acting, answers: tuple[ConsentAnswer, ...]
) -> None:
    answer(store, ana, *answers)
    assert history(ana.world, AI) == []


def test_an_answer_to_a_newer_version_supersedes_the_grant_before(store: ConsentStore, ana: Acting) -> None:
    with publishing(ana.world) as release:
        release.publish(texts(TERMS, "2.0", ana.now), "test")
    assert answer(store, ana, answered(TERMS, "2.0"))[TERMS].granted_version == "1.0"
    assert history(ana.world, TERMS) == [("1.0", "granted"), ("1.0", "superseded"), ("2.0", "granted")]
    assert audited(ana.world, "consent.superseded") == 1


def test_a_grant_is_withdrawn_once_whatever_its_version(store: ConsentStore, ana: Acting) -> None:
    with publishing(ana.world) as release:
        release.publish(texts(TERMS, "2.0", ana.now), "test")
    assert withdraw(store, ana, TERMS)[TERMS].granted_version == "1.0"
    assert withdraw(store, ana, TERMS)[TERMS].granted_version is None
    withdraw(store, ana, AI)  # never granted
    withdraw(store, ana, "unknown")
    assert history(ana.world, TERMS) == [("1.0", "granted"), ("1.0", "withdrawn")]
    assert history(ana.world, AI) == []
    assert audited(ana.world, "consent.withdrawn") == 1


@pytest.mark.parametrize("scene", DEAD)
def test_a_session_that_may_not_act_answers_nothing_and_sees_no_history(
    store: ConsentStore, ana: Acting, scene: str
) -> None:
    ana.world.execute(scene)
    before = ana.world.stored()
    answer(store, ana, answered(AI))
    withdraw(store, ana, TERMS)
    own, events, said = store.read(ana.id, proof=None, locale="en", now=ana.now)
    assert own is not None
    assert (own.session.id, events, said) == (ana.id, (), ())
    assert ana.world.stored() == before


def test_a_session_that_is_not_there_answers_nothing(store: ConsentStore, ana: Acting) -> None:
    act: dict[str, Any] = {
        "proof": None,
        "app_version": "1",
        "locale": "en",
        "now": ana.now,
        "request_id": "test",
    }
    assert store.answer(uuid4(), (answered(AI),), **act) is None
    assert store.withdraw(uuid4(), TERMS, "settings", **act) is None
    assert store.read(uuid4(), proof=None, locale="en", now=ana.now) == (None, (), ())


def test_the_history_is_a_persons_own_in_its_order_with_what_the_texts_say(
    store: ConsentStore, ana: Acting, world: World
) -> None:
    Acting(world, "eve@example.com", "device-9")
    answer(store, ana, answered(AI, granted=False))
    own, events, said = store.read(ana.id, proof=None, locale="es", now=ana.now)
    assert own is not None
    assert {state.locale for state in own.states} == {"es"}
    assert [event.document for event in events] == [*sorted(REQUIRED), AI]
    assert [(text.kind, text.locale) for text in said] == [(event.document, "en") for event in events]
    assert all(text.purpose and text.legal_basis for text in said)


def test_a_proof_is_used_up_by_each_of_them(store: ConsentStore, ana: Acting) -> None:
    act: dict[str, Any] = {"app_version": "1", "locale": "en", "now": ana.now, "request_id": "test"}
    ana.uses_up(lambda proof: store.answer(ana.id, (answered(AI),), proof=proof, **act))
    ana.uses_up(lambda proof: store.withdraw(ana.id, AI, "settings", proof=proof, **act))
    ana.uses_up(lambda proof: store.read(ana.id, proof=proof, locale="en", now=ana.now))


def test_documents_are_those_in_force_in_one_language(ana: Acting) -> None:
    documents, later = DocumentStore(ana.world.database), ana.world.clock.now()
    with publishing(ana.world) as release:
        release.publish(texts(TERMS, "2.0", later), "test")
    current = documents.current(locale="es", now=later)
    assert {text.locale for text in current} == {"es"}
    assert [text.kind for text in current] == sorted({*REQUIRED, AI})
    assert {text.version for text in current if text.kind == TERMS} == {"2.0"}
    published = PublishingStore(ana.world.database.transactions).published()
    assert set(current) <= set(published)  # read by a function as by a statement
    assert documents.current(locale="fr", now=later) == ()
    assert documents.languages(now=later) == {"en", "es"}
    (first,) = ana.world.rows("SELECT min(effective_at) - interval '1 second' FROM consent_documents")
    assert documents.languages(now=first[0]) == frozenset()
