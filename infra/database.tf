module "database" {
  source = "./modules/database"

  name                         = local.name
  vpc_id                       = module.network.vpc_id
  subnet_ids                   = module.network.database_subnet_ids
  functions_security_group_id  = module.network.functions_security_group_id
  migrations_security_group_id = module.network.migrations_security_group_id
  storage_key_arn              = module.keys.storage_key_arn
  postgres_major               = var.postgres_major
  instance_class               = var.database_instance_class
  storage_gb                   = var.database_storage_gb
  storage_gb_max               = var.database_storage_gb_max
  backup_days                  = var.database_backup_days
  is_highly_available          = var.is_highly_available
  is_guarded                   = local.is_prod
  log_retention_days           = var.log_retention_days
  is_asleep                    = var.is_asleep
}
