# The web ACL keeps floods away from what is paid by the request; who may try what how often, the application decides,
# which knows sessions and people. Its limits are far above a crowd of phones behind one address of a carrier.

locals {
  web_acl_count = var.has_web_acl ? 1 : 0

  rates = {
    sign-in = { priority = 1, limit = var.sign_ins_per_address, path = "/${local.stage_name}/auth/" }
    any     = { priority = 2, limit = var.requests_per_address, path = "/" }
  }
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV2_AWS_31:Its log would hold addresses, paths and headers of every request; its metrics say how many
  count = local.web_acl_count

  name        = var.name
  description = "Keeps floods and known attacks away from the API"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.rates
    content {
      name     = "rate-${rule.key}"
      priority = rule.value.priority

      action {
        block {} # answered by the gateway response WAF_FILTERED: come again later, never a refusal of the token
      }

      statement {
        rate_based_statement {
          limit                 = rule.value.limit
          evaluation_window_sec = 300
          aggregate_key_type    = "IP"

          scope_down_statement {
            byte_match_statement {
              search_string         = rule.value.path
              positional_constraint = "STARTS_WITH"
              field_to_match {
                uri_path {}
              }
              text_transformation {
                priority = 0
                type     = "NORMALIZE_PATH"
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "rate-${rule.key}"
        sampled_requests_enabled   = false # a sample shows headers, tokens among them
      }
    }
  }

  rule {
    name     = "reputation"
    priority = 3

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "reputation"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "bad-inputs"
    priority = 4

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = local.web_acl_count

  resource_arn = "arn:aws:apigateway:${var.region}::/restapis/${var.rest_api_id}/stages/${aws_api_gateway_stage.v1.stage_name}"
  web_acl_arn  = aws_wafv2_web_acl.this[0].arn
}
