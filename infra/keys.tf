module "keys" {
  source = "./modules/keys"

  name       = local.name
  account_id = local.account_id
  region     = var.region
  is_guarded = local.is_prod
}
