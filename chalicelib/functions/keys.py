"""Count, renew, retire and sweep keys."""

from dataclasses import asdict

from chalicelib import wiring
from chalicelib.assembly.key_life import key_life
from chalicelib.domain.key_life import ReindexProgress, RewrapProgress, SweepProgress
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.operators import Order
from chalicelib.functions.invocation import Answer, Event, choice, number, recorded, request_id

USES = tuple(use.value for use in ServiceKeyUse)


def keys_status(_event: Event, _context: object) -> Answer:
    """Tell which keys there are, in which state, how many are indexed by which, and wrapped by which."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.status.report())


def rewrap(event: Event, context: object) -> Answer:
    """Wrap keys anew after a KMS key changed; each answer is the next event until `is_done`."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.rewrap.run(RewrapProgress.resumed(event), request_id(context)))


def reindex(event: Event, context: object) -> Answer:
    """Index people anew after the index key was rotated; resumable as `rewrap` is."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.reindex.run(ReindexProgress.resumed(event), request_id(context)))


def vault_sweep(event: Event, context: object) -> Answer:
    """Delete data keys of people who never came to be; resumable as `rewrap` is."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.sweep.run(SweepProgress.resumed(event), request_id(context)))


def rotate_secret(event: Event, context: object) -> Answer:
    """Make the next secret of `use`: `refresh_token`, `challenge` or `blind_index`; it writes a day later."""
    use = ServiceKeyUse(choice(event, "use", USES))
    with key_life(wiring.settings()) as parts:
        key = parts.rotation.rotate(use, request_id(context))
    return {"use": key.use.value, "version": key.version, "activates_at": key.activates_at.isoformat()}


def retire_key(event: Event, context: object) -> Answer:
    """Withdraw the secret `use` `version`, or the signing key `kid`; `actor` and `reason` go on record."""
    order = Order(actor=recorded(event, "actor"), reason=recorded(event, "reason"))
    with key_life(wiring.settings()) as parts:
        if event.get("kid"):
            signing = parts.retirement.retire_signing_key(event["kid"], order, request_id(context))
            return {"retired": event["kid"], "successor": signing.kid if signing else None}
        use, version = ServiceKeyUse(choice(event, "use", USES)), number(event, "version")
        secret = parts.retirement.retire_secret(use, version, order, request_id(context))
    return {"retired": f"{use.value}:{version}", "successor": secret.version if secret else None}
