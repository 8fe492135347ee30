module "observability" {
  source = "./modules/observability"

  application              = var.application
  stage                    = var.stage
  name                     = local.name
  account_id               = local.account_id
  region                   = var.region
  functions                = jsondecode(file("${path.module}/functions.json")) # made of app.py: `make docs`
  storage_key_arn          = module.keys.storage_key_arn
  key_arns                 = concat(module.keys.personal_data_key_arns, module.keys.signing_key_arns, [module.keys.storage_key_arn])
  log_retention_days       = var.log_retention_days
  is_guarded               = local.is_prod
  alarm_email              = var.alarm_email
  budget_usd               = var.budget_usd
  has_trail                = var.has_trail
  database_identifier      = module.database.instance_identifier
  database_connections_max = var.database_connections_max
  database_storage_gb      = var.database_storage_gb
  vault_table              = module.storage.vault_table
  vault_table_arn          = module.storage.vault_table_arn
  evidence_bucket_arn      = module.storage.evidence_bucket_arn
  egress_dead_letters      = module.storage.egress_dead_letters
}
