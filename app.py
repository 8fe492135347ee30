"""The Lambda entry: one app, its routes, and the name of every function that is not HTTP."""

from chalicelib import startup, wiring
from chalicelib.functions import (
    accounts,
    audit,
    consents,
    deployment,
    egress,
    keys,
    operators,
    preparation,
    webhooks,
)
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount

app = Api(app_name="serenya-auth")
mount(app, ROUTES, wiring.services)

# Chalice deploys `app.<name>`: each name here is that of the function on its right.
audit_seal = app.schedule("rate(5 minutes)", name="audit-seal")(audit.audit_seal)
egress_collect = app.schedule("rate(15 minutes)", name="egress-collect")(egress.egress_collect)
outbox_carry = app.schedule("rate(5 minutes)", name="outbox-carry")(webhooks.outbox_carry)
egress_sweep = app.schedule("rate(10 minutes)", name="egress-sweep")(egress.egress_sweep)
erasure_sweep = app.schedule("rate(5 minutes)", name="erasure-sweep")(accounts.erasure_sweep)
fetch_provider_keys = app.schedule("rate(15 minutes)", name="fetch-provider-keys")(
    deployment.fetch_provider_keys
)
purge = app.schedule("rate(1 hour)", name="purge")(accounts.purge)
rotate_keys = app.schedule("rate(1 day)", name="rotate-keys")(deployment.rotate_keys)

account_erase = app.lambda_function(name="account-erase")(accounts.account_erase)
apple_client_key = app.lambda_function(name="apple-client-key")(egress.apple_client_key)
audit_export = app.lambda_function(name="audit-export")(audit.audit_export)
audit_verify = app.lambda_function(name="audit-verify")(audit.audit_verify)
consent_coverage = app.lambda_function(name="consent-coverage")(consents.consent_coverage)
egress_deliver = app.lambda_function(name="egress-deliver")(egress.egress_deliver)  # its stream: infra/edge
keys_status = app.lambda_function(name="keys-status")(keys.keys_status)
migrate = app.lambda_function(name="migrate")(deployment.migrate)
operator_change = app.lambda_function(name="operator-change")(operators.operator_change)
operator_look = app.lambda_function(name="operator-look")(operators.operator_look)
operator_reveal = app.lambda_function(name="operator-reveal")(operators.operator_reveal)
prepare_database = app.lambda_function(name="prepare-database")(preparation.prepare_database)
publish_documents = app.lambda_function(name="publish-documents")(deployment.publish_documents)
reindex = app.lambda_function(name="reindex")(keys.reindex)
restore = app.lambda_function(name="restore")(accounts.restore)
retire_key = app.lambda_function(name="retire-key")(keys.retire_key)
rewrap = app.lambda_function(name="rewrap")(keys.rewrap)
rotate_secret = app.lambda_function(name="rotate-secret")(keys.rotate_secret)
vault_sweep = app.lambda_function(name="vault-sweep")(keys.vault_sweep)
webhook_endpoints = app.lambda_function(name="webhook-endpoints")(webhooks.webhook_endpoints)

startup.finish()
