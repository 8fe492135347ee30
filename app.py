"""The Lambda entry: one app, its routes, and every function that is not HTTP."""

from dataclasses import asdict
from typing import Any

from chalicelib import functions, operations, wiring
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount

app = Api(app_name="serenya-auth")
mount(app, ROUTES, wiring.services)


@app.lambda_function(name="consent-coverage")
def consent_coverage(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Tell operators how active people stand on the documents, and on `document` at `version` if it came."""
    document, version = event.get("document"), event.get("version")
    return asdict(operations.consent_coverage(wiring.settings(), document=document, version=version))


@app.lambda_function(name="audit-seal")
def audit_seal(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Seal and anchor what was audited since the last time; run by a schedule, every 5 minutes."""
    return functions.seal_audit()


@app.lambda_function(name="audit-verify")
def audit_verify(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Tell whether the record is as it was sealed, and else what isn't; `first` and `last` are seals."""
    return functions.verify_audit(event)


@app.lambda_function(name="audit-export")
def audit_export(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Hand out one seal's events with their proofs; `seal` is its number."""
    return functions.export_audit(event)


@app.lambda_function(name="account-erase")
def account_erase(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Erase the person `user_id` for the operator `actor`, for a `reason`; all three go on record."""
    return functions.erase_account(event, getattr(context, "aws_request_id", "local"))


@app.lambda_function(name="operator-look")
def operator_look(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Let an operator `find` people or `show` an account, without personal data; who and why go on record."""
    return functions.operator_look(event, getattr(context, "aws_request_id", "local"))


@app.lambda_function(name="operator-reveal")
def operator_reveal(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Let an operator `reveal` a profile, or `export` all that is held; nothing else answers such data."""
    return functions.operator_reveal(event, getattr(context, "aws_request_id", "local"))


@app.lambda_function(name="operator-change")
def operator_change(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Let an operator `suspend` or `reinstate` a person, or `end-sessions` of theirs."""
    return functions.operator_change(event, getattr(context, "aws_request_id", "local"))


@app.schedule("rate(5 minutes)", name="erasure-sweep")
def erasure_sweep(_event: object) -> dict[str, Any]:
    """Complete interrupted erasures; fails while the database is one that was restored."""
    return functions.sweep_erasures()


@app.schedule("rate(1 hour)", name="purge")
def purge(_event: object) -> dict[str, Any]:
    """Delete what is kept no longer; the periods are declared in domain/retention.py."""
    return functions.purge()


@app.lambda_function(name="restore")
def restore(_event: dict[str, Any], context: object) -> dict[str, Any]:
    """Make a restored database ready: repeat the erasures it forgot, end every session in it."""
    return functions.restore_database(getattr(context, "aws_request_id", "local"))


@app.lambda_function(name="keys-status")
def keys_status(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Tell which keys there are, in which state, and which KMS key wraps how many people's."""
    return functions.keys_status()


@app.lambda_function(name="rewrap")
def rewrap(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Wrap people's keys anew after KMS_KEY_ID changed; each answer is the next event until `is_done`."""
    return functions.rewrap(event, getattr(context, "aws_request_id", "local"))


@app.lambda_function(name="vault-sweep")
def vault_sweep(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Delete data keys of people who never came to be; resumable as `rewrap` is."""
    return functions.sweep_vault(event, getattr(context, "aws_request_id", "local"))


@app.lambda_function(name="rotate-secret")
def rotate_secret(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Make the next secret of `use`: `refresh_token` or `challenge`; it writes a day later."""
    return functions.rotate_secret(event, getattr(context, "aws_request_id", "local"))
