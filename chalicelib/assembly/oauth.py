"""Put together what standard OAuth clients and backends ask."""

from typing import Any

from chalicelib.services.oauth import OAuthService
from chalicelib.services.ports import Clock
from chalicelib.services.sessions import SessionService
from chalicelib.services.tokens import AccessTokens
from chalicelib.stores.sessions import SessionStore


def oauth(
    sessions: SessionService, store: SessionStore, tokens: AccessTokens[Any], clock: Clock
) -> OAuthService:
    """Return what revokes and introspects."""
    return OAuthService(sessions=sessions, store=store, tokens=tokens, clock=clock)
