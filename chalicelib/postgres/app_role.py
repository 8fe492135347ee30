"""Let roles log in, in the one way that the database's place asks for; nobody learns a password."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from chalicelib.postgres.roles import LOGIN_ROLES, PROXIED_ROLE

# PostgreSQL's own form of what it keeps instead of a password; whoever has it can't log in with it.
VERIFIER = re.compile(
    r"SCRAM-SHA-256\$[0-9]{4,7}:[A-Za-z0-9+/]{20,88}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
)
_HAS_IAM = text("SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppLogin:
    """How the app's role logs in: by IAM without a verifier, else by the password that it verifies."""

    verifier: str | None = None

    @classmethod
    def of(cls, verifier: object) -> "AppLogin":
        """Return the way that a verifier, or none, stands for. Raises: ValueError if it isn't one."""
        if verifier is not None and (not isinstance(verifier, str) or not VERIFIER.fullmatch(verifier)):
            raise ValueError("app_verifier is a SCRAM-SHA-256 verifier, never a password")
        return cls(verifier=verifier)


def open_roles(owner: Connection, login: AppLogin) -> None:
    """Let all roles log in that do; on a server without IAM only a verifier changes anything.

    The verifier is for the role that the proxy logs in as, which is that of requests.
    """
    with owner.begin():
        has_iam = owner.execute(_HAS_IAM).first() is not None
        for role in LOGIN_ROLES:
            if login.verifier is not None and role == PROXIED_ROLE:
                owner.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD '{login.verifier}'")
            elif has_iam:
                owner.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD NULL")
                owner.exec_driver_sql(f"GRANT rds_iam TO {role}")
