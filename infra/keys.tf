module "keys" {
  source = "./modules/keys"

  name       = local.name
  account_id = local.account_id
  region     = var.region
  is_guarded = local.is_prod

  kms_generation = var.kms_generation
  kms_oldest     = var.kms_oldest
  wraps_with     = var.wraps_with
}
