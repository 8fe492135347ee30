"""Every setting, read once, all faults told at once; nothing insecure is a default.

`STAGE=local` is the only stage that may use plain HTTP or keys that are not a provider's, and a deployed
function refuses it: no deployed artefact can be talked into trusting the development providers.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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
from chalicelib.setting_values import (
    https_url,
    local_only,
    names,
    origins,
    password_free_url,
    postgresql_url,
    region,
    seconds,
    switch,
    web_url,
)

ACCESS_TOKEN_SECONDS_MAX = int(ACCESS_TOKEN_TTL_MAX.total_seconds())
API_HANDLER = "app.app"  # what Chalice names the function behind the API
CONNECTIONS_OF_A_CONTAINER = 1  # a Lambda answers one request at a time
CONNECTIONS_LOCALLY = 20
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
    cors_origins: tuple[str, ...]
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
        "database_url": read("DATABASE_URL", postgresql_url if is_local else password_free_url),
        "aws_region": read("AWS_REGION", str if is_local else region),
        "aws_endpoint_url": read("AWS_ENDPOINT_URL", local_only(web_url, is_local=is_local), default=None),
        "issuer_url": read("ISSUER_URL", web_url if is_local else https_url),
        "cors_origins": read("CORS_ORIGINS", origins, default=()),
        "controller": _controller(read, environment),
        "audience": read("AUDIENCE", str, default="serenya-api"),
        "providers": read_offered(read, providers, web_url=web_url, is_local=is_local),
        "kms_key_id": read("KMS_KEY_ID", str),
        "signing_kms_key_id": read("SIGNING_KMS_KEY_ID", str),
        "vault_table": read("VAULT_TABLE", str),
        "egress_table": read("EGRESS_TABLE", str),
        "apple_url": read("APPLE_URL", local_only(web_url, is_local=is_local), default=APPLE_URL),
        "evidence_bucket": read("EVIDENCE_BUCKET", str),
        "signing_algorithm": read("SIGNING_ALGORITHM", SigningAlgorithm, default=SigningAlgorithm.ES256),
        "dpop_nonce": read("DPOP_NONCE", NonceDemand, default=NonceDemand.ON_DEMAND),
        "lifetimes": _lifetimes(read),
        "limits_are_lifted": not read("LIMITS", switch, default=True) and is_local,
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
        histories[f"{name}_history"] = read(variable, names, default=(key_id,)) or ()
        if key_id not in histories[f"{name}_history"]:
            read.faults.append(f"{variable}: names {name.upper()}_ID too")
    return histories


def _lifetimes(read: _Reader) -> Lifetimes:
    return Lifetimes(
        access_token=read(
            "ACCESS_TOKEN_SECONDS", seconds(60, ACCESS_TOKEN_SECONDS_MAX), default=ACCESS_TOKEN_TTL
        ),
        refresh_grace=read("REFRESH_GRACE_SECONDS", seconds(0, 300), default=REFRESH_GRACE),
        idle=read("SESSION_IDLE_SECONDS", seconds(300, 90 * 86400), default=SESSION_IDLE),
        absolute=read("SESSION_ABSOLUTE_SECONDS", seconds(300, 365 * 86400), default=SESSION_ABSOLUTE),
    )
