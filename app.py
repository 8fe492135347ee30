"""The Lambda entry: one app, its routes, and the name of every function that is not HTTP."""

from chalicelib import startup, wiring
from chalicelib.functions.deferral import deferred
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount

app = Api(app_name="serenya-auth")
mount(app, ROUTES, wiring.services)

# Chalice deploys `app.<name>`: each name here is that of the function on its right, in chalicelib/functions.
audit_seal = app.schedule("rate(5 minutes)", name="audit-seal")(deferred("audit", "audit_seal"))
egress_collect = app.schedule("rate(15 minutes)", name="egress-collect")(deferred("egress", "egress_collect"))
outbox_carry = app.schedule("rate(5 minutes)", name="outbox-carry")(deferred("webhooks", "outbox_carry"))
egress_sweep = app.schedule("rate(10 minutes)", name="egress-sweep")(deferred("egress", "egress_sweep"))
erasure_sweep = app.schedule("rate(5 minutes)", name="erasure-sweep")(deferred("accounts", "erasure_sweep"))
fetch_provider_keys = app.schedule("rate(15 minutes)", name="fetch-provider-keys")(
    deferred("deployment", "fetch_provider_keys")
)
purge = app.schedule("rate(1 hour)", name="purge")(deferred("accounts", "purge"))
rotate_keys = app.schedule("rate(1 day)", name="rotate-keys")(deferred("deployment", "rotate_keys"))

account_erase = app.lambda_function(name="account-erase")(deferred("accounts", "account_erase"))
apple_client_key = app.lambda_function(name="apple-client-key")(deferred("egress", "apple_client_key"))
audit_export = app.lambda_function(name="audit-export")(deferred("audit", "audit_export"))
audit_verify = app.lambda_function(name="audit-verify")(deferred("audit", "audit_verify"))
consent_coverage = app.lambda_function(name="consent-coverage")(deferred("consents", "consent_coverage"))
# its stream: infra/edge
egress_deliver = app.lambda_function(name="egress-deliver")(deferred("egress", "egress_deliver"))
keys_status = app.lambda_function(name="keys-status")(deferred("keys", "keys_status"))
migrate = app.lambda_function(name="migrate")(deferred("deployment", "migrate"))
operator_change = app.lambda_function(name="operator-change")(deferred("operators", "operator_change"))
operator_look = app.lambda_function(name="operator-look")(deferred("operators", "operator_look"))
operator_reveal = app.lambda_function(name="operator-reveal")(deferred("operators", "operator_reveal"))
prepare_database = app.lambda_function(name="prepare-database")(deferred("preparation", "prepare_database"))
publish_documents = app.lambda_function(name="publish-documents")(deferred("deployment", "publish_documents"))
reindex = app.lambda_function(name="reindex")(deferred("keys", "reindex"))
restore = app.lambda_function(name="restore")(deferred("accounts", "restore"))
retire_key = app.lambda_function(name="retire-key")(deferred("keys", "retire_key"))
rewrap = app.lambda_function(name="rewrap")(deferred("keys", "rewrap"))
rotate_secret = app.lambda_function(name="rotate-secret")(deferred("keys", "rotate_secret"))
vault_sweep = app.lambda_function(name="vault-sweep")(deferred("keys", "vault_sweep"))
webhook_endpoints = app.lambda_function(name="webhook-endpoints")(deferred("webhooks", "webhook_endpoints"))

startup.finish(wiring.prepare)
