# Once an account; which bucket, `terraform init -backend-config` says (docs/releases.md).
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
