# See what the service does without seeing whom it does it to: logs, alarms and where they ring. The alarms' entries
# in docs/runbook.md say what to do; a test holds both lists against each other.

locals {
  handler = var.name # Chalice names the API's function <app>-<stage>, every other one <app>-<stage>-<name>
  function_names = merge(
    { api = local.handler },
    { for name in keys(var.functions) : name => "${var.name}-${name}" },
  )
}

# Made here and not by the first line that is logged: that group would have no end and no key.
resource "aws_cloudwatch_log_group" "functions" {
  #checkov:skip=CKV_AWS_338:Logs serve operation, for as long as the stage says; the audit record has its own 7 years
  for_each = local.function_names

  name              = "/aws/lambda/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.storage_key_arn
}

# One line a request, the gateway's own refusals included; edge/ tells the gateway to write here, and what.
resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_338:Logs serve operation, for as long as the stage says
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.storage_key_arn
}

# Counted here and not by API Gateway's own metric: that one knows only the API's name, which is the same in every
# stage. Errors that the gateway answers by itself are among them.
resource "aws_cloudwatch_log_metric_filter" "server_errors" {
  name           = "server-errors"
  log_group_name = aws_cloudwatch_log_group.access.name
  pattern        = "{ $.status >= 500 }"

  metric_transformation {
    namespace = local.gateway.namespace
    name      = "server-errors"
    value     = "1"
  }
}

# --- Where it rings --------------------------------------------------------------------------------------------

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.storage_key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ThisAccountsServices"
        Effect    = "Allow"
        Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
      {
        Sid       = "EventBridge" # takes no condition in a topic's policy: decision 0133
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# AWS asks the address to confirm; until somebody does, nothing rings there.
resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

# The whole account's: a filter by tag counts nothing until somebody activates the tag in the billing console.
# It rings as docs/runbook.md#budget.
resource "aws_budgets_budget" "monthly" {
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      comparison_operator       = "GREATER_THAN"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.alarms] # Budgets tries the topic at once
}
