"""Let roles log in, in the one way that the database's place asks for; nobody learns a password."""

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

from chalicelib.postgres.roles import APP_ROLE, LOGIN_ROLES, REQUESTS_ROLE

# PostgreSQL's own form of what it keeps instead of a password; whoever has it can't log in with it.
VERIFIER = re.compile(
    r"SCRAM-SHA-256\$[0-9]{4,7}:[A-Za-z0-9+/]{20,88}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
)
# The roles that RDS Proxy logs in as, by the field of the event that brings the verifier of its password.
PROXIED: Final = {"app_verifier": APP_ROLE, "requests_verifier": REQUESTS_ROLE}
_HAS_IAM = text("SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'")


def verifiers(event: Mapping[str, object]) -> dict[str, str]:
    """Return the verifiers that came with an event, by role. Raises: ValueError if one isn't a verifier."""
    found = {}
    for field, role in PROXIED.items():
        if (verifier := event.get(field)) is not None:
            if not isinstance(verifier, str) or not VERIFIER.fullmatch(verifier):
                raise ValueError(f"{field} is a SCRAM-SHA-256 verifier, never a password")
            found[role] = verifier
    return found


def open_roles(owner: Connection, verified: Mapping[str, str]) -> None:
    """Let each role log in by the password of its verifier, and by IAM where it has none.

    On a server without IAM, only a verifier changes anything.
    """
    with owner.begin():
        has_iam = owner.execute(_HAS_IAM).first() is not None
        for role in LOGIN_ROLES:
            if role in verified:
                owner.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD '{verified[role]}'")
            elif has_iam:
                owner.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD NULL")
                owner.exec_driver_sql(f"GRANT rds_iam TO {role}")
