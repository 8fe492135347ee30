"""What operators are answered, as plain JSON; it leaves by an invocation and never by HTTP."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.operators import Changed, FoundPerson, ShownPerson
from chalicelib.routes.reply import to_json
from chalicelib.routes.shapes import user


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON types alone, as Lambda wants them: ids and times written the one way."""
    return dict(json.loads(to_json(value)))


def found(people: Iterable[FoundPerson]) -> dict[str, Any]:
    """Return who was found: ids, not data."""
    return plain({"people": [_found(person) for person in people]})


def shown(account: ShownPerson) -> dict[str, Any]:
    """Return how an account is used, and its profile if that was opened."""
    person = account.person
    revealed = {"profile": user(account.account)} if account.account else {}
    return plain(
        {
            "user_id": person.id,
            "status": person.status.value,
            "created_at": person.created_at,
            "status_changed_at": account.status_changed_at,
            "providers": list(account.providers),
            "devices": account.devices,
            "live_sessions": account.live_sessions,
            "last_used_at": account.last_used_at,
            **revealed,
        }
    )


def changed(change: Changed) -> dict[str, Any]:
    """Return what an act came to."""
    return plain(
        {
            "user_id": change.user_id,
            "status": change.status.value,
            "changed": change.changed,
            "sessions_ended": change.sessions_ended,
        }
    )


def _found(person: FoundPerson) -> dict[str, Any]:
    return {
        "user_id": person.id,
        "status": person.status.value,
        "created_at": person.created_at,
        "status_changed_at": person.status_changed_at,
    }
