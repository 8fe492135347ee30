# Every alarm: when it rings, and under which name docs/runbook.md says what to do. CloudWatch bills by the metric
# that an alarm looks at, so each of them is here because somebody would get up for it, or look at it in the morning.

locals {
  namespace = "serenya-auth" # NAMESPACE in chalicelib/observation/metrics.py; its DIMENSION is the stage

  gateway  = { namespace = "${local.namespace}/${var.stage}", dimensions = {} } # a filter's metric can have no dimension of its own
  lambda   = { namespace = "AWS/Lambda", dimensions = { FunctionName = local.handler } }
  database = { namespace = "AWS/RDS", dimensions = { DBInstanceIdentifier = var.database_identifier } }

  # One for each function where people are real. Elsewhere Lambda's own sum of the whole account: it rings for
  # somebody else's function rather than not at all, and costs a tenth of a dollar instead of two.
  errors_of = var.is_guarded ? local.function_names : { all = null }

  # What the application tells in its log lines, a metric for each event or code: ALARMING in
  # chalicelib/observation/metrics.py. A test holds the two lists against each other. Those of `every_size` ring in
  # every stage; the others, at a tenth of a dollar each, where people are real.
  events = {
    audit_cut_off = {
      above       = 0, minutes = 5
      description = "The anchors know seals that the database doesn't. docs/runbook.md#audit-cut-off"
    }
    audit_not_as_sealed = {
      above       = 0, minutes = 5
      description = "A record of the audit isn't as it was sealed. docs/runbook.md#audit-not-as-sealed"
    }
    database_restored = {
      above       = 0, minutes = 5
      description = "The database is behind the ledger of erasures. docs/runbook.md#database-restored"
    }
    egress_dead = {
      every_size  = true
      above       = 0, minutes = 5
      description = "An errand to the internet was tried to its end. docs/runbook.md#egress-dead"
    }
    erasure_pending = {
      above       = 0, minutes = 15, times = 4
      description = "Erasures go on being interrupted, for an hour. docs/runbook.md#erasure-pending"
    }
    integrity = {
      above       = 0, minutes = 5
      description = "A record doesn't open: tampered with, restored, or a defect. docs/runbook.md#integrity"
    }
    internal_error = {
      above       = 0, minutes = 5
      description = "A request met a defect of ours. docs/runbook.md#internal-error"
    }
    key_vault_denied = {
      above       = 0, minutes = 5
      description = "The key vault refuses the service. docs/runbook.md#key-vault-denied"
    }
    kms_denied = {
      every_size  = true
      above       = 0, minutes = 5
      description = "KMS refuses the service: policy, disabled or deleted key. docs/runbook.md#kms-denied"
    }
    kms_key_not_in_history = {
      above       = 0, minutes = 5
      description = "Something was wrapped by a KMS key that KMS_KEY_HISTORY doesn't name. docs/runbook.md#kms-key-not-in-history"
    }
    not_ready = {
      above       = 0, minutes = 5, times = 3
      description = "Containers can't serve, for 15 minutes. docs/runbook.md#not-ready"
    }
    provider_keys_not_loaded = {
      above       = 0, minutes = 15, times = 2
      description = "A provider's keys can't be had or aren't fit, for half an hour. docs/runbook.md#provider-keys-not-loaded"
    }
    refresh_token_reused = {
      every_size  = true
      above       = 10, minutes = 15
      description = "More than 10 sessions ended because copies of refresh tokens were used. docs/runbook.md#refresh-token-reused"
    }
  }

  alarms = merge(
    {
      server-errors = merge(local.gateway, {
        metric      = "server-errors", statistic = "Sum", above = 5, minutes = 5
        description = "More than 5 answers of 5xx in 5 minutes. docs/runbook.md#server-errors"
      })
      latency = merge(local.lambda, {
        metric      = "Duration", statistic = "p99", above = 3000, minutes = 5, times = 3
        description = "One of a hundred requests took longer than 3 s, for 15 minutes. docs/runbook.md#latency"
      })
      throttles = merge(local.lambda, {
        metric      = "Throttles", statistic = "Sum", above = 0, minutes = 5
        description = "Lambda refused to run the API's function. docs/runbook.md#throttles"
      })
      database-connections = merge(local.database, {
        metric      = "DatabaseConnections", statistic = "Maximum", above = floor(var.database_connections_max * 4 / 5), minutes = 5, times = 2
        description = "Four fifths of the database's connections are taken. docs/runbook.md#database-connections"
      })
      database-cpu = merge(local.database, {
        metric      = "CPUUtilization", statistic = "Average", above = 80, minutes = 5, times = 3
        description = "The database's processor was busy for 15 minutes. docs/runbook.md#database-cpu"
      })
      database-storage = merge(local.database, {
        metric      = "FreeStorageSpace", statistic = "Minimum", below = floor(var.database_storage_gb * 8 / 100) * 1024 * 1024 * 1024, minutes = 5, times = 3
        description = "Less space than RDS grows at, so it doesn't grow. docs/runbook.md#database-storage"
      })
      egress-dead-letters = {
        namespace   = "AWS/SQS", dimensions = { QueueName = var.egress_dead_letters }
        metric      = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", above = 0, minutes = 5
        description = "Errands to the internet were given up. docs/runbook.md#egress-dead-letters"
      }
    },
    { for event, told in local.events : replace(event, "_", "-") => merge(
      { namespace = local.namespace, dimensions = { stage = var.stage }, metric = event, statistic = "Sum" }, told,
    ) if var.is_guarded || try(told.every_size, false) },
    {
      for name, function in local.errors_of : "function-errors-${name}" => {
        namespace   = "AWS/Lambda", dimensions = function == null ? {} : { FunctionName = function }
        metric      = "Errors", statistic = "Sum", above = 0, minutes = 5
        description = "A function failed or ran out of time. docs/runbook.md#function-errors"
      }
    },
  )

  # Schedules that must not fall silent: no run without an error for so long. They have no second alarm for high values,
  # since a run that is late with anything fails: a seal that can't be anchored, one provider that doesn't answer. A run
  # seals up to 200,000 events.
  silences = {
    seal-lag = {
      function    = "audit-seal", minutes = 20
      description = "Nothing was sealed for 20 minutes; it is due every 5. docs/runbook.md#seal-lag"
    }
    stale-provider-keys = {
      function    = "fetch-provider-keys", minutes = 360
      description = "Provider keys weren't fetched for 6 hours; after 24 nobody signs in. docs/runbook.md#stale-provider-keys"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = try(each.value.below, null) == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.above, each.value.below)
  period              = each.value.minutes * 60
  evaluation_periods  = try(each.value.times, 1)
  treat_missing_data  = "notBreaching" # nothing was counted: no request, no line
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null # 3 requests have no p99
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  for_each = local.silences

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "breaching" # a schedule that was never made is silent too
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "successes"
    expression  = "invocations - FILL(errors, 0)"
    label       = "Runs that ended well"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { invocations = "Invocations", errors = "Errors" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = "${var.name}-${each.value.function}" }
        period      = each.value.minutes * 60
        stat        = "Sum"
      }
    }
  }
}

# --- What AWS tells by itself, without a metric ----------------------------------------------------------------

# Names a failover, a full disk, and in good time a certificate of the server that runs out. By EventBridge, since a
# subscription of RDS's own doesn't reach an encrypted topic (decision 0133).
resource "aws_cloudwatch_event_rule" "database" {
  name        = "${var.name}-database"
  description = "RDS did something to the database by itself. docs/runbook.md#database-events"

  event_pattern = jsonencode({
    source      = ["aws.rds"]
    detail-type = ["RDS DB Instance Event"]
    resources   = ["arn:aws:rds:${var.region}:${var.account_id}:db:${var.database_identifier}"]
    detail = {
      EventCategories = [
        "deletion", "failover", "failure", "low storage", "maintenance", "notification", "restoration",
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "database" {
  rule = aws_cloudwatch_event_rule.database.name
  arn  = aws_sns_topic.alarms.arn
}

# Whoever switches a key off, or changes who may use it, is seen within minutes. CloudTrail delivers it.
resource "aws_cloudwatch_event_rule" "key_changed" {
  name        = "${var.name}-key-changed"
  description = "A KMS key was disabled, opened or marked for deletion. docs/runbook.md#key-changed"

  event_pattern = jsonencode({
    source      = ["aws.kms"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["kms.amazonaws.com"]
      eventName   = ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"]
      resources   = { ARN = var.key_arns }
    }
  })
}

resource "aws_cloudwatch_event_target" "key_changed" {
  rule = aws_cloudwatch_event_rule.key_changed.name
  arn  = aws_sns_topic.alarms.arn
}
