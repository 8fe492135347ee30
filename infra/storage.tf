module "storage" {
  source = "./modules/storage"

  name            = local.name
  account_id      = local.account_id
  storage_key_arn = module.keys.storage_key_arn
  is_guarded      = local.is_prod
}
