# What can only stand once `chalice deploy` has made the API, and must be put back each time it has made it anew (decision 0066).

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

# The first root made table and queue; the stream's ARN has a time in it, so it can't be put together from names.
data "aws_dynamodb_table" "egress" {
  count = var.has_egress ? 1 : 0
  name  = "${local.name}-egress"
}

locals {
  name = "${var.application}-${var.stage}"
  here = "${var.region}:${data.aws_caller_identity.current.account_id}"
}

# Chalice makes the stage at the first deployment; from then on this only finds it.
import {
  for_each = toset(var.imports_stage ? ["${var.rest_api_id}/v1"] : [])
  to       = module.edge.aws_api_gateway_stage.v1
  id       = each.value
}

module "edge" {
  source = "../modules/edge"

  name                 = local.name
  region               = var.region
  rest_api_id          = var.rest_api_id
  release              = var.release
  gateway_responses    = jsondecode(file("${path.module}/gateway_responses.json")) # `make docs`
  access_log_group_arn = "arn:aws:logs:${local.here}:log-group:/aws/apigateway/${local.name}"
  sets_account_logging = var.sets_account_logging
  requests_per_second  = var.requests_per_second
  requests_burst       = var.requests_burst
  has_web_acl          = var.has_web_acl
  sign_ins_per_address = var.sign_ins_per_address
  requests_per_address = var.requests_per_address
  domain_name          = var.domain_name
  certificate_arn      = var.certificate_arn
  alarms_topic_arn     = "arn:aws:sns:${local.here}:${local.name}-alarms"

  egress = var.has_egress ? {
    function         = "egress-deliver"
    stream_arn       = data.aws_dynamodb_table.egress[0].stream_arn
    dead_letters_arn = "arn:aws:sqs:${local.here}:${local.name}-egress-dead-letters"
  } : null
}
