# A state of its own in the bucket of the first root's: `terraform init -backend-config`, docs/infrastructure.md.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
