# Everything that stands before `chalice deploy`: one file a module, put together here. What can only stand after
# it, since it needs the API's id, is a root of its own: edge/.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Application = var.application
      Stage       = var.stage
      Owner       = var.owner
      ManagedBy   = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  name       = "${var.application}-${var.stage}"
  account_id = data.aws_caller_identity.current.account_id
  is_prod    = var.stage == "prod"
}
