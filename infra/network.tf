module "network" {
  source = "./modules/network"

  name               = local.name
  account_id         = local.account_id
  region             = var.region
  cidr               = var.network_cidr
  endpoints_in_zones = var.is_highly_available ? 2 : 1
  kms_key_arns       = concat(module.keys.personal_data_key_arns, module.keys.signing_key_arns)
  logs_key_arn       = module.keys.storage_key_arn
  log_retention_days = var.log_retention_days
  logs_all_flows     = local.is_prod
  is_asleep          = var.is_asleep
}
