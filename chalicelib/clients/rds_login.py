"""Log in to RDS without a password: a token signed with the function's own role, over verified TLS (L3, L6).

A token is signed in this process, without a call, and opens one connection within 15 minutes. Each new
connection gets its own, and none is kept (decision 0071). RDS's own servers show certificates of RDS's own
roots, a different set in each region; RDS Proxy shows those of AWS's public ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import botocore.session
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from chalicelib.domain.errors import DependencyUnavailable

CERTIFICATES: Final = Path(__file__).resolve().parents[1] / "certificates"
TOKEN_SECONDS: Final = 900  # what RDS allows at most; it bounds the login, not the connection
SIGNED_FOR: Final = "rds-db"  # the name that rds-db:connect is checked under
PROXY: Final = ".proxy-"  # in every RDS Proxy's host name, and in no server's


@dataclass(frozen=True, slots=True, kw_only=True)
class RdsLogin:
    """What a new connection needs besides its place and its role."""

    session: botocore.session.Session
    region: str

    def parameters(self, *, host: str, port: int, user: str) -> Mapping[str, str]:
        """Return libpq's parameters for one login. Raises DependencyUnavailable without credentials."""
        return {"password": self.token(host=host, port=port, user=user), **verified(host, self.region)}

    def token(self, *, host: str, port: int, user: str) -> str:
        """Return a signed token; the same as the RDS client's, without loading all that RDS can do."""
        credentials = self.session.get_credentials()
        if credentials is None:
            raise DependencyUnavailable
        events = self.session.get_component("event_emitter")
        signer = RequestSigner(ServiceId("RDS"), self.region, SIGNED_FOR, "v4", credentials, events)
        url = signer.generate_presigned_url(
            {
                "method": "GET",
                "url": f"https://{host}:{port}/?Action=connect&DBUser={user}",
                "body": {},
                "headers": {},
                "context": {},
            },
            operation_name="connect",
            region_name=self.region,
            expires_in=TOKEN_SECONDS,
            signing_name=SIGNED_FOR,
        )
        return str(url).removeprefix("https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterLogin:
    """The one login with a password: of the master user, to make the role that migrates."""

    password: str = field(repr=False)
    region: str

    def parameters(self, *, host: str, port: int, user: str) -> Mapping[str, str]:  # noqa: ARG002 - a Login
        """Return libpq's parameters for one login."""
        return {"password": self.password, **verified(host, self.region)}


def verified(host: str, region: str) -> Mapping[str, str]:
    """Return the options with which libpq verifies that the server is the one it means."""
    return {
        "sslmode": "verify-full",
        "sslrootcert": str(roots(host, region)),
        "gssencmode": "disable",  # else libpq may ask for Kerberos first
    }


def roots(host: str, region: str) -> Path:
    """Return the file of the only roots that this host is verified against."""
    return CERTIFICATES / ("amazon-trust.pem" if PROXY in host else f"rds-{region}.pem")
