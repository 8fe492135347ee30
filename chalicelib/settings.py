"""Every setting, read once, all faults told at once; nothing insecure is a default.

`STAGE=local` is the only stage that may use plain HTTP or keys that are not a provider's, and a deployed
function refuses it: no deployed artefact can be talked into trusting the development providers.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from chalicelib.domain.dpop_nonces import NonceDemand
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.provider_settings import read_offered
from chalicelib.domain.providers import APPLE_URL, PROVIDERS, OfferedProvider, OidcProvider
from chalicelib.domain.receipts import Controller
from chalicelib.domain.sessions import REFRESH_GRACE, SESSION_ABSOLUTE, SESSION_IDLE, Lifetimes
from chalicelib.domain.tokens import ACCESS_TOKEN_TTL, ACCESS_TOKEN_TTL_MAX

ACCESS_TOKEN_SECONDS_MAX = int(ACCESS_TOKEN_TTL_MAX.total_seconds())
API_HANDLER = "app.app"  # what Chalice names the function behind the API
CONNECTIONS_OF_A_CONTAINER = 1  # a Lambda answers one request at a time
CONNECTIONS_LOCALLY = 20
RDS_ROOTS = Path(__file__).with_name("certificates")
T = TypeVar("T")


class Stage(StrEnum):
    """Where the service runs."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class InvalidSettings(Exception):
    """The environment is not one that the service can run in; the message names every fault."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        self.names = tuple(dict.fromkeys(fault.partition(":")[0] for fault in faults))
        super().__init__(
            "\n".join(["These settings must be put right:", *(f"  {fault}" for fault in faults)])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What differs between places; what doesn't is a named constant beside its reason."""

    stage: Stage
    database_url: str = field(repr=False)
    aws_region: str
    aws_endpoint_url: str | None
    issuer_url: str
    audience: str
    controller: Controller
    providers: Mapping[Provider, OfferedProvider]
    kms_key_id: str
    kms_key_history: tuple[str, ...]
    signing_kms_key_id: str
    signing_kms_key_history: tuple[str, ...]
    vault_table: str
    egress_table: str
    apple_url: str
    evidence_bucket: str
    signing_algorithm: SigningAlgorithm
    dpop_nonce: NonceDemand
    lifetimes: Lifetimes
    limits_are_lifted: bool

    @property
    def database_role(self) -> str:
        """The role that DATABASE_URL logs in as."""
        return urlsplit(self.database_url).username or ""

    def database_url_of(self, role: str) -> str:
        """Return DATABASE_URL with another role."""
        return self.database_url.replace(f"//{self.database_role}@", f"//{quote(role)}@", 1)

    @property
    def connections_max(self) -> int:
        """How many connections this process may hold."""
        return CONNECTIONS_LOCALLY if self.stage is Stage.LOCAL else CONNECTIONS_OF_A_CONTAINER


def serves_requests(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this process is the function behind the API: not a schedule's, nor one that packages.

    AWS sets both variables, and nobody else may (Lambda's "defined runtime environment variables").
    """
    return "AWS_LAMBDA_RUNTIME_API" in environment and environment.get("_HANDLER") == API_HANDLER


def from_environment(
    environment: Mapping[str, str] = os.environ,
    *,
    providers: Collection[OidcProvider] = tuple(PROVIDERS.values()),
) -> Settings:
    """Return the settings of an environment; of each provider, its own.

    Raises:
        InvalidSettings: naming every one that is missing or wrong.
    """
    read = _Reader(environment)
    stage = read("STAGE", Stage)
    is_local = stage is Stage.LOCAL
    settings = {
        "stage": stage,
        "database_url": read("DATABASE_URL", _postgresql_url if is_local else _password_free_url),
        "aws_region": read("AWS_REGION", str if is_local else _region),
        "aws_endpoint_url": read("AWS_ENDPOINT_URL", _local_only(_web_url, is_local=is_local), default=None),
        "issuer_url": read("ISSUER_URL", _web_url if is_local else _https_url),
        "controller": _controller(read, environment),
        "audience": read("AUDIENCE", str, default="serenya-api"),
        "providers": read_offered(read, providers, web_url=_web_url, is_local=is_local),
        "kms_key_id": read("KMS_KEY_ID", str),
        "signing_kms_key_id": read("SIGNING_KMS_KEY_ID", str),
        "vault_table": read("VAULT_TABLE", str),
        "egress_table": read("EGRESS_TABLE", str),
        "apple_url": read("APPLE_URL", _local_only(_web_url, is_local=is_local), default=APPLE_URL),
        "evidence_bucket": read("EVIDENCE_BUCKET", str),
        "signing_algorithm": read("SIGNING_ALGORITHM", SigningAlgorithm, default=SigningAlgorithm.ES256),
        "dpop_nonce": read("DPOP_NONCE", NonceDemand, default=NonceDemand.ON_DEMAND),
        "lifetimes": _lifetimes(read),
        "limits_are_lifted": not read("LIMITS", _switch, default=True) and is_local,
    }
    settings |= _histories(read, settings)
    if is_local and environment.get("AWS_LAMBDA_FUNCTION_NAME"):
        read.faults.append("STAGE: local is not for a deployed function")
    if read.faults:
        raise InvalidSettings(read.faults)
    return Settings(**settings)


class _Reader:
    """Reads one variable after the other, and keeps the faults for the end."""

    _MISSING = object()

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def __call__(self, name: str, parse: Callable[[str], Any], default: object = _MISSING) -> Any:  # noqa: ANN401 - a setting's own type
        text = self._environment.get(name, "").strip()
        if not text:
            if default is self._MISSING:
                self.faults.append(f"{name}: is missing")
            return default
        try:
            return parse(text)
        except (ValueError, KeyError, TypeError) as error:
            self.faults.append(f"{name}: {_reason(parse, error)}")
            return None


def _reason(parse: Callable[[str], Any], error: Exception) -> str:
    if isinstance(parse, type) and issubclass(parse, StrEnum):
        return f"is one of {', '.join(parse)}"
    if isinstance(error, json.JSONDecodeError):
        return "is not JSON"
    return str(error)


def _controller(read: _Reader, environment: Mapping[str, str]) -> Controller:
    return Controller(
        name=read("CONTROLLER_NAME", str, default=environment.get("ISSUER_URL", "")),
        contact=read("CONTROLLER_CONTACT", str, default=None),
    )


def _histories(read: _Reader, settings: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    histories: dict[str, tuple[str, ...]] = {}
    for name in ("kms_key", "signing_kms_key"):
        variable, key_id = f"{name.upper()}_HISTORY", settings[f"{name}_id"]
        histories[f"{name}_history"] = read(variable, _names, default=(key_id,)) or ()
        if key_id not in histories[f"{name}_history"]:
            read.faults.append(f"{variable}: names {name.upper()}_ID too")
    return histories


def _lifetimes(read: _Reader) -> Lifetimes:
    return Lifetimes(
        access_token=read(
            "ACCESS_TOKEN_SECONDS", _seconds(60, ACCESS_TOKEN_SECONDS_MAX), default=ACCESS_TOKEN_TTL
        ),
        refresh_grace=read("REFRESH_GRACE_SECONDS", _seconds(0, 300), default=REFRESH_GRACE),
        idle=read("SESSION_IDLE_SECONDS", _seconds(300, 90 * 86400), default=SESSION_IDLE),
        absolute=read("SESSION_ABSOLUTE_SECONDS", _seconds(300, 365 * 86400), default=SESSION_ABSOLUTE),
    )


def _seconds(smallest: int, largest: int) -> Callable[[str], timedelta]:
    def parse(text: str) -> timedelta:
        if not text.isdecimal() or not smallest <= int(text) <= largest:
            message = f"is a whole number of seconds from {smallest} to {largest}"
            raise ValueError(message)
        return timedelta(seconds=int(text))

    return parse


def _postgresql_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme != "postgresql" or not url.hostname or len(url.path) <= 1:
        raise ValueError("is postgresql://user@host:port/database")
    return text


def _password_free_url(text: str) -> str:
    url = urlsplit(_postgresql_url(text))
    if not url.username or url.password or url.query:
        raise ValueError("is postgresql://role@host:port/database: the login is IAM's, the TLS ours")
    return text


def _region(text: str) -> str:
    if not (RDS_ROOTS / f"rds-{text}.pem").exists():
        raise ValueError("is a region whose RDS roots are shipped (chalicelib/certificates)")
    return text


def _web_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValueError("is a web address without query or fragment")
    return text.rstrip("/")


def _https_url(text: str) -> str:
    if urlsplit(text).scheme != "https":
        raise ValueError("begins with https:// (plain http is for STAGE=local)")
    return _web_url(text)


def _switch(text: str) -> bool:
    if text not in {"on", "off"}:
        raise ValueError("is on or off")
    return text == "on"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _local_only(parse: Callable[[str], str], *, is_local: bool) -> Callable[[str], str]:
    def refuse(_text: str) -> str:
        raise ValueError("is for STAGE=local")

    return parse if is_local else refuse
