# Each stage has its own state; which bucket and key, `terraform init -backend-config` says (docs/infrastructure.md).
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true # a second apply refuses, without a DynamoDB table for it
  }
}
