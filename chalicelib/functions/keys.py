"""Count, renew and sweep keys."""

from dataclasses import asdict

from chalicelib import wiring
from chalicelib.assembly.key_life import key_life
from chalicelib.domain.key_life import RewrapProgress, SweepProgress
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.functions.invocation import Answer, Event, request_id


def keys_status(_event: Event, _context: object) -> Answer:
    """Tell which keys there are, in which state, and which KMS key wraps how many people's."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.status.report())


def rewrap(event: Event, context: object) -> Answer:
    """Wrap people's keys anew after KMS_KEY_ID changed; each answer is the next event until `is_done`."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.rewrap.run(RewrapProgress.resumed(event), request_id(context)))


def vault_sweep(event: Event, context: object) -> Answer:
    """Delete data keys of people who never came to be; resumable as `rewrap` is."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.sweep.run(SweepProgress.resumed(event), request_id(context)))


def rotate_secret(event: Event, context: object) -> Answer:
    """Make the next secret of `use`: `refresh_token` or `challenge`; it writes a day later."""
    with key_life(wiring.settings()) as parts:
        key = parts.rotation.rotate(ServiceKeyUse(event["use"]), request_id(context))
    return {"use": key.use.value, "version": key.version, "activates_at": key.activates_at.isoformat()}
