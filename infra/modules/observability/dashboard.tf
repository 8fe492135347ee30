# One screen for the first look at night. Three dashboards of an account are free.

locals {
  panels = [
    {
      title   = "Answers by the gateway and their errors"
      stat    = "Sum"
      metrics = [["AWS/ApiGateway", "Count", "ApiName", var.application, "Stage", "v1"], [".", "4XXError", ".", ".", ".", "."], [local.gateway.namespace, "server-errors"]]
    },
    {
      title   = "Duration of the API's function, ms"
      stat    = "p99"
      metrics = [["AWS/Lambda", "Duration", "FunctionName", local.handler, { stat = "p50" }], ["..."]]
    },
    {
      title   = "Containers at once, throttles"
      stat    = "Maximum"
      metrics = [["AWS/Lambda", "ConcurrentExecutions", "FunctionName", local.handler], [".", "Throttles", ".", ".", { stat = "Sum" }]]
    },
    {
      title   = "Errors of functions"
      stat    = "Sum"
      metrics = [for name in values(local.function_names) : ["AWS/Lambda", "Errors", "FunctionName", name]]
    },
    {
      title   = "Database: processor and connections"
      stat    = "Maximum"
      metrics = [["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.database_identifier], [".", "DatabaseConnections", ".", "."]]
    },
    {
      title   = "Database: free bytes"
      stat    = "Minimum"
      metrics = [["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.database_identifier]]
    },
    {
      title   = "What the log tells"
      stat    = "Sum"
      metrics = [for event in keys(local.events) : [local.namespace, event, "stage", var.stage]]
    },
    {
      title   = "Vault throttled, errands given up"
      stat    = "Sum"
      metrics = [["AWS/DynamoDB", "ThrottledRequests", "TableName", var.vault_table, "Operation", "GetItem"], ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.egress_dead_letters, { stat = "Maximum" }]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = {
          title  = "Alarms: docs/runbook.md"
          alarms = concat(values(aws_cloudwatch_metric_alarm.this)[*].arn, values(aws_cloudwatch_metric_alarm.silence)[*].arn)
        }
      }],
      [for index, panel in local.panels : {
        type       = "metric", x = index % 3 * 8, y = 3 + floor(index / 3) * 6, width = 8, height = 6
        properties = { title = panel.title, stat = panel.stat, metrics = panel.metrics, region = var.region, period = 300 }
      }],
    )
  })
}
