"""Let the app's role log in, in the one way that the database's place asks for; nobody learns a password."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

# PostgreSQL's own form of what it keeps instead of a password; whoever has it can't log in with it.
VERIFIER = re.compile(
    r"SCRAM-SHA-256\$[0-9]{4,7}:[A-Za-z0-9+/]{20,88}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
)
_HAS_IAM = text("SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'")
_BY_IAM = (text("ALTER ROLE serenya_app LOGIN PASSWORD NULL"), text("GRANT rds_iam TO serenya_app"))


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


def open_app_role(owner: Connection, login: AppLogin) -> None:
    """Let the app's role in, as its creator; on a server without IAM only a verifier changes anything."""
    with owner.begin():
        if login.verifier is not None:
            owner.exec_driver_sql(f"ALTER ROLE serenya_app LOGIN PASSWORD '{login.verifier}'")
        elif owner.execute(_HAS_IAM).first() is not None:
            for statement in _BY_IAM:
                owner.execute(statement)
