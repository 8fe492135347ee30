"""Set scenes of consent: publish as a release does, answer as an app does, read a token as a backend does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt

from chalicelib.domain.consents import ConsentDocument
from chalicelib.services.publishing import Publishing
from chalicelib.stores.database import connect
from chalicelib.stores.jobs.documents import PublishingStore
from tests.first_texts import shipped
from tests.world import Phone, Reply, World

AI = "ai_processing"
TERMS = "terms_of_service"
PRIVACY = "privacy_policy"
NARROW = {"account", "consents", "logout", "sessions"}
WIDE = NARROW | {"app"}
NO_GRACE = timedelta(0)


def texts(
    kind: str,
    version: str,
    effective_at: datetime,
    grace: timedelta = NO_GRACE,
    **changes: Any,  # noqa: ANN401 - fields of a document
) -> tuple[ConsentDocument, ...]:
    """Return a version of a document in both languages, with words of its own."""
    like = changes.pop("like", kind)
    return tuple(
        _version(shipped(like, locale), kind, version, effective_at, grace, changes)
        for locale in ("en", "es")
    )


def _version(
    old: ConsentDocument,
    kind: str,
    version: str,
    effective_at: datetime,
    grace: timedelta,
    changes: Mapping[str, Any],
) -> ConsentDocument:
    words = f"{old.text}\nVersion {version}.\n"
    digest = sha256(words.encode()).hexdigest()
    new = replace(
        old, kind=kind, version=version, effective_at=effective_at, grace=grace, text=words, sha256=digest
    )
    return replace(new, **changes)


@contextmanager
def publishing(world: World) -> Iterator[Publishing]:
    """Yield the release's step that publishes, as the database's owner."""
    database = connect(world.owner_url, 1)
    yield Publishing(documents=PublishingStore(database.transactions), clock=world.clock)
    database.close()


def publish(
    world: World,
    kind: str,
    version: str,
    *,
    after: timedelta = NO_GRACE,
    grace: timedelta = NO_GRACE,
    **changes: Any,  # noqa: ANN401 - fields of a document
) -> None:
    """Publish a version that takes effect now, or after a while."""
    with publishing(world) as step:
        step.publish(texts(kind, version, world.clock.now() + after, grace, **changes), "test")


def answer(phone: Phone, *answers: Mapping[str, Any], **headers: str) -> Reply:
    """Send answers, and use the token that comes back as an app does."""
    reply = phone.world.call(
        "POST", "/consents", {"consents": list(answers)}, token=phone.access_token, headers=headers
    )
    return kept(phone, reply)


def withdraw(phone: Phone, kind: str) -> Reply:
    """Withdraw, and use the token that comes back."""
    return kept(phone, phone.delete(f"/consents/{kind}"))


def kept(phone: Phone, reply: Reply) -> Reply:
    """Keep what a consent answer holds."""
    if reply.status == 200:
        phone.answer = {**phone.answer, **reply.body}
    return reply


def scope_of(token: str) -> set[str]:
    """Return what a token opens, as another backend reads it."""
    return set(jwt.decode(token, options={"verify_signature": False})["scope"].split())


def scope(phone: Phone) -> set[str]:
    """Return what the newest token opens; the answer says the same beside it."""
    found = scope_of(phone.access_token)
    assert set(phone.answer["scope"].split()) == found
    return found


def gaps(reply: Reply) -> list[tuple[str, str]]:
    """Return what is missing by an answer."""
    return sorted((gap["document"], gap["version"]) for gap in reply.body["consents_missing"])


def state_of(phone: Phone, kind: str) -> dict[str, Any]:
    """Return where the person stands on one document."""
    states = phone.get("/consents").body["state"]
    return next(dict(state) for state in states if state["document"] == kind)


def history(phone: Phone) -> list[dict[str, Any]]:
    """Return all that the person ever answered."""
    return list(phone.get("/consents").body["history"])


def lines(phone: Phone, kind: str) -> list[tuple[str, str]]:
    """Return the history of one document, as (action, version)."""
    return [(line["action"], line["version"]) for line in history(phone) if line["document"] == kind]
