"""What Terraform says of a stage, made up."""

from typing import Final

from tools.release.outputs import Outputs

TABLE: Final = "arn:aws:dynamodb:eu-west-1:123456789012:table/serenya-auth-dev"
QUEUE: Final = "arn:aws:sqs:eu-west-1:123456789012:serenya-auth-dev"
KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key"
USER: Final = "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-1"
OUTPUTS: Final = Outputs(
    stage="dev",
    values={
        "functions_subnet_ids": ["subnet-1", "subnet-2"],
        "functions_security_group_id": "sg-functions",
        "migrations_security_group_id": "sg-migrations",
        "kms_key_id": f"{KEY}/personal",
        "kms_key_history": f"{KEY}/former,{KEY}/personal",
        "signing_kms_key_id": f"{KEY}/signing",
        "signing_kms_key_history": f"{KEY}/former-signing,{KEY}/signing",
        "database": {
            "host": "serenya.eu-west-1.rds.amazonaws.com",
            "server_host": "serenya.eu-west-1.rds.amazonaws.com",
            "port": 5432,
            "name": "serenya",
            "app_role": "serenya_app",
            "app_login": "iam",
            "app_connect_arn": f"{USER}/serenya_app",
            "app_secret_arn": None,
            "owner_role": "serenya_owner",
            "owner_connect_arn": f"{USER}/serenya_owner",
            "master_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds-1",
            "engine_version": "17.6",
        },
        "vault_table": "serenya-auth-dev-vault",
        "egress_table": "serenya-auth-dev-egress",
        "evidence_bucket": "serenya-auth-dev-evidence",
        "provider_keys_bucket": "serenya-auth-dev-provider-keys",
        "storage": {
            "storage_key_arn": f"{KEY}/storage",
            "vault_table_arn": f"{TABLE}-vault",
            "egress_table_arn": f"{TABLE}-egress",
            "egress_stream_arn": f"{TABLE}-egress/stream/1",
            "egress_dead_letters_arn": f"{QUEUE}-egress-dead-letters",
            "evidence_bucket_arn": "arn:aws:s3:::serenya-auth-dev-evidence",
            "provider_keys_bucket_arn": "arn:aws:s3:::serenya-auth-dev-provider-keys",
        },
    },
)
