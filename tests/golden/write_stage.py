"""Write down a whole service as the present code leaves it; `tests.golden.write` runs this once a release."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib import wiring
from chalicelib.assembly.keys import data_kms, signing_kms
from chalicelib.domain.audit_bundle import first_line, last_line
from chalicelib.domain.egress import SEALED, EgressKind, client_key_context, egress_context
from chalicelib.domain.key_life import data_key_context
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.providers import APPLE
from chalicelib.domain.webhooks import webhook_secret_context
from chalicelib.functions.audit import audit_of
from chalicelib.services.keyring import service_key_context, signing_key_context
from chalicelib.stores.schema import Schema
from tests.golden.stage import Places, folder
from tests.hardware_key import HardwareKey, begin, registered
from tests.proofs import PhoneKey
from tests.webhook_scenes import Backend, receiving
from tests.world import Phone, Reply, World

CHOSEN = {"display_name": "Anita ✨", "language": "es-MX", "time_zone": "America/Mexico_City"}


def test_write(world: World) -> None:
    release = os.environ["GOLDEN_RELEASE"]
    places = Places.fresh()
    world.settings = places.of(world.settings)
    with receiving() as receiver:
        backend = Backend(world, receiver)  # makes an egress table of its own
        places = replace(places, egress=world.settings.egress_table)
        held = _lives(world, backend)
        told = {
            "now": world.clock.now().isoformat(),
            "revision": world.rows("SELECT version_num FROM alembic_version")[0][0],
            "receiver": receiver.url,
            "kms_keys": {"data": world.settings.kms_key_id, "signing": world.settings.signing_kms_key_id},
            "wrapped": list(_wrapped(world, places)),
            "rows": _rows(world),
            "vault": places.items(places.vault),
            "egress": places.items(places.egress),
            "evidence": places.objects(),
            "held": held,
        }
    path = folder(release)
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        json.dump(told, file, indent=1, ensure_ascii=False)
        file.write("\n")


def _lives(world: World, backend: Backend) -> dict[str, Any]:
    """Let people live, and return what they hold at the end."""
    backend.outside.give_key()
    ana = _ana(world)
    ben, fay = (_granted(world, backend, email) for email in ("ben@example.com", "fay@example.com"))
    gus = world.person("gus@example.com", "Gus Ek", "device-gus", key=PhoneKey())
    gus.sign_in()
    hal = world.person("hal@example.com", device="device-hal")
    hal.sign_in()
    world.suspend(hal.user_id)
    dora, _ = _with_code(world, "dora@example.com")
    backend.outside.deliver()  # what comes back for Dora isn't collected,
    cleo, code = _with_code(world, "cleo@example.com")  # and Cleo's code isn't exchanged
    erased = _erased(world, fay)
    ben_s, fay_s, dora_s = (each["refresh_token"] for each in world.apple.exchanged)
    record = _audited(world, ana["phone"])
    backend.carrier.carry()  # some events are on their way, later ones of the same person wait
    return {
        "ana": _phone(ana.pop("phone")) | ana,
        "ben": _phone(ben) | {"granted": ben_s},
        "cleo": _phone(cleo) | {"code": code},
        "dora": _phone(dora) | {"granted": dora_s},
        "eva": erased["eva"],
        "fay": erased["fay"] | {"granted": fay_s},
        "gus": _phone(gus) | {"key": _private(gus.key.private if gus.key else None)},
        "hal": _phone(hal),
        "nonces": {
            purpose: world.call("POST", "/auth/challenge", {"purpose": purpose}).body["nonce"]
            for purpose in ("sign_in", "link_identity")
        },
        "webhook_secret": backend.secret,
        **record,
    }


def _ana(world: World) -> dict[str, Any]:
    """Let Ana use all that an account has."""
    ana, key = world.person(), HardwareKey()
    ana.sign_in()
    assert world.call("PATCH", "/account", CHOSEN, token=ana.access_token).status == 200
    registration = registered(ana, key, name="El móvil de Ana")
    assert ana.refresh().status == 200
    return {
        "phone": ana,
        "hardware_key": _private(key.private),
        "registration_id": registration,
        "challenge": begin(ana, key).body["challenge"],
        "consent_receipt": ana.get("/consents/receipt").body,
        "account": ana.get("/account").body,
        "identities": ana.get("/account/identities").body,
    }


def _erased(world: World, fay: Phone) -> dict[str, Any]:
    """Erase Eva, and Fay while her grant can't be handed over: the database is done, the rest waits."""
    eva = world.person("eva@example.com", device="device-eva")
    eva.sign_in()
    whole = _erase(eva).body
    services = world.services
    unreachable = replace(world.settings, egress_table="nowhere")
    world.services = wiring.assemble(unreachable, clock=world.clock, database=world.database)
    begun = _erase(fay).body
    world.services = services
    assert [each["erasure"]["state"] for each in (whole, begun)] == ["completed", "pending"]
    return {"eva": _phone(eva) | {"erased": whole}, "fay": _phone(fay) | {"erased": begun}}


def _audited(world: World, ana: Phone) -> dict[str, Any]:
    """Seal the audit record twice; return what auditors are given, as `audit-export` writes it."""
    audit = audit_of(world.settings, world.jobs, world.clock)
    audit.seal()
    world.clock.advance(timedelta(seconds=1))
    assert ana.refresh().status == 200
    audit.seal()
    report = audit.verify()
    assert (report.seals, report.finding) == (2, None)
    lines = [line for number in (1, 2) for line in audit.export(number)]
    end = last_line(seals=report.seals, events=report.events, head=report.head)
    return {
        "bundle": [first_line(world.settings.issuer_url), *lines, end],
        "jwks": world.call("GET", "/.well-known/jwks.json").body,
    }


def _erase(phone: Phone) -> Reply:
    return phone.world.call("DELETE", "/account", {"confirm": True}, token=phone.access_token)


def _with_code(world: World, email: str) -> tuple[Phone, str]:
    """Sign in with Apple, and bring an authorization code."""
    phone = world.person(email, device=f"device-{email.partition('@')[0]}", provider=APPLE)
    code = world.apple.code()
    assert phone.sign_in(authorization_code=code).status == 200
    return phone, code


def _granted(world: World, backend: Backend, email: str) -> Phone:
    phone, _ = _with_code(world, email)
    backend.outside.deliver()
    assert backend.outside.collect()
    return phone


def _phone(phone: Phone) -> dict[str, Any]:
    return {
        "email": phone.email,
        "name": phone.name,
        "device": phone.device,
        "provider": str(phone.provider.name),
        "answer": phone.answer,
    }


def _private(key: Any) -> str:  # noqa: ANN401 - a private key
    return b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def _rows(world: World) -> dict[str, Any]:
    """Return the rows of each table, in an order in which they can be inserted."""
    names = [table.name for table in Schema.metadata.sorted_tables]
    all_of = "SELECT coalesce(json_agg(t), '[]') FROM (SELECT * FROM {} ORDER BY 1) t"
    return {name: world.rows(all_of.format(name))[0][0] for name in names}


def _wrapped(world: World, places: Places) -> Iterator[dict[str, Any]]:
    """Yield what KMS wrapped, with the context and what it opens to."""
    data, signing = data_kms(world.settings), signing_kms(world.settings)
    found: list[tuple[str, bytes, dict[str, str]]] = []
    for kid, wrapped in world.rows("SELECT kid, wrapped_private FROM signing_keys"):
        found.append(("signing", bytes(wrapped), signing_key_context(kid)))
    for use, version, wrapped in world.rows("SELECT use, version, wrapped FROM service_keys"):
        found.append(("data", bytes(wrapped), service_key_context(ServiceKeyUse(use), version)))
    for endpoint, version, wrapped in world.rows("SELECT endpoint_id, version, wrapped FROM webhook_secrets"):
        found.append(("data", bytes(wrapped), webhook_secret_context(endpoint, version)))
    for item in places.items(places.vault):
        context = data_key_context(UUID(item["user_id"]["S"]), int(item["key_version"]["N"]))
        found.append(("data", bytes.fromhex(item["wrapped_key"]["B"]), context))
    for item in places.items(places.egress):
        if "wrapped" in item:
            context = client_key_context(item["team_id"]["S"], item["key_id"]["S"])
            found.append(("data", bytes.fromhex(item["wrapped"]["B"]), context))
        elif (kind := EgressKind(item["kind"]["S"])) in SEALED:
            for name in {"payload", "result"} & item.keys():
                wrapped = bytes.fromhex(item[name]["B"]).partition(b"\n")[2]
                found.append(("data", wrapped, egress_context(item["id"]["S"], kind)))
    for by, wrapped, context in found:
        plain = (data if by == "data" else signing).decrypt(wrapped, context)
        yield {"by": by, "wrapped": wrapped.hex(), "context": context, "plain": plain.hex()}
