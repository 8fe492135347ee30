# What `chalice deploy` and the release need; ids and names, no secret.

output "functions_subnet_ids" {
  description = "`subnet_ids` of the functions."
  value       = module.network.functions_subnet_ids
}

output "functions_security_group_id" {
  description = "`security_group_ids` of the functions."
  value       = module.network.functions_security_group_id
}

output "migrations_security_group_id" {
  description = "`security_group_ids` of the function that migrates."
  value       = module.network.migrations_security_group_id
}

output "kms_key_id" {
  description = "KMS_KEY_ID."
  value       = module.keys.personal_data_key_arn
}

output "kms_key_history" {
  description = "KMS_KEY_HISTORY: the first key first."
  value       = join(",", module.keys.personal_data_key_arns)
}

output "signing_kms_key_id" {
  description = "SIGNING_KMS_KEY_ID."
  value       = module.keys.signing_key_arn
}

output "signing_kms_key_history" {
  description = "SIGNING_KMS_KEY_HISTORY: the first key first."
  value       = join(",", module.keys.signing_key_arns)
}

output "database" {
  description = "How functions and migrations reach PostgreSQL, and as whom."
  value = {
    host              = module.database.host
    server_host       = module.database.server_host
    port              = module.database.port
    name              = module.database.database_name
    app_role          = module.database.app_role
    app_login         = module.database.app_login
    app_connect_arn   = module.database.app_connect_arn
    app_secret_arn    = module.database.app_secret_arn
    owner_role        = module.database.owner_role
    owner_connect_arn = module.database.owner_connect_arn
    master_secret_arn = module.database.master_secret_arn
    engine_version    = module.database.engine_version
  }
}

output "vault_table" {
  description = "VAULT_TABLE."
  value       = module.storage.vault_table
}

output "egress_table" {
  description = "The table through which functions in the VPC send errands to the internet."
  value       = module.storage.egress_table
}

output "evidence_bucket" {
  description = "EVIDENCE_BUCKET."
  value       = module.storage.evidence_bucket
}

output "provider_keys_bucket" {
  description = "The bucket in GOOGLE_KEYS_URL."
  value       = module.storage.provider_keys_bucket
}

output "storage" {
  description = "What the functions' policies name."
  value = {
    storage_key_arn          = module.keys.storage_key_arn
    vault_table_arn          = module.storage.vault_table_arn
    egress_table_arn         = module.storage.egress_table_arn
    egress_stream_arn        = module.storage.egress_stream_arn
    egress_dead_letters_arn  = module.storage.egress_dead_letters_arn
    evidence_bucket_arn      = module.storage.evidence_bucket_arn
    provider_keys_bucket_arn = module.storage.provider_keys_bucket_arn
  }
}

output "alarms_topic_arn" {
  description = "Where alarms ring; edge/ rings there too."
  value       = module.observability.alarms_topic_arn
}
