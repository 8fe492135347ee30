# What is seen, how soon it rings, and how long what was seen is kept.

mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults        = { arn = "arn:aws:sns:eu-west-1:123456789012:serenya-auth-prod-alarms" }
    override_during = plan
  }
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults        = { arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:one" }
    override_during = plan
  }
}

variables {
  application              = "serenya-auth"
  stage                    = "prod"
  name                     = "serenya-auth-prod"
  account_id               = "123456789012"
  region                   = "eu-west-1"
  functions                = { audit-seal = "rate(5 minutes)", fetch-provider-keys = "rate(15 minutes)", operator-look = null }
  storage_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/storage"
  key_arns                 = ["arn:aws:kms:eu-west-1:123456789012:key/personal", "arn:aws:kms:eu-west-1:123456789012:key/storage"]
  log_retention_days       = 365
  is_guarded               = true
  budget_usd               = 900
  database_identifier      = "serenya-auth-prod"
  proxy_name               = "serenya-auth-prod"
  database_connections_max = 100
  database_storage_gb      = 50
  vault_table              = "serenya-auth-prod-vault"
  vault_table_arn          = "arn:aws:dynamodb:eu-west-1:123456789012:table/serenya-auth-prod-vault"
  evidence_bucket_arn      = "arn:aws:s3:::serenya-auth-prod-evidence-123456789012"
  egress_dead_letters      = "serenya-auth-prod-egress-dead-letters"
}

run "logs_go_where_chalice_s_functions_really_write" {
  command = plan

  assert {
    condition = toset(values(aws_cloudwatch_log_group.functions)[*].name) == toset([
      "/aws/lambda/serenya-auth-prod", "/aws/lambda/serenya-auth-prod-audit-seal",
      "/aws/lambda/serenya-auth-prod-fetch-provider-keys", "/aws/lambda/serenya-auth-prod-operator-look",
    ])
    error_message = "<app>-<stage> for the API's function, <app>-<stage>-<name> for the others (Chalice, deploy/appgraph.py)."
  }
}

run "logs_are_encrypted_and_end" {
  command = plan

  assert {
    condition = alltrue([for group in concat(values(aws_cloudwatch_log_group.functions), [aws_cloudwatch_log_group.access]) :
      group.retention_in_days == 365 && group.kms_key_id == var.storage_key_arn
    ])
    error_message = "Every log group has the stage's retention and our key."
  }
}

run "every_alarm_that_was_promised_exists" {
  command = plan

  assert {
    condition = length(setsubtract(
      [
        "server-errors", "latency", "throttles", "database-connections", "database-pinned", "database-cpu", "database-storage",
        "kms-denied", "key-vault-denied", "refresh-token-reused", "integrity", "provider-keys-not-loaded", "not-ready",
        "database-restored", "audit-not-as-sealed", "egress-dead", "egress-dead-letters", "seal-lag", "stale-provider-keys",
      ],
      concat(keys(aws_cloudwatch_metric_alarm.this), keys(aws_cloudwatch_metric_alarm.silence)),
    )) == 0
    error_message = "An alarm is missing."
  }
}

run "every_size_has_those_that_were_promised_to_it" {
  command = plan
  variables {
    is_guarded = false
    proxy_name = null
  }

  assert {
    condition = toset(concat(keys(aws_cloudwatch_metric_alarm.this), keys(aws_cloudwatch_metric_alarm.silence))) == toset([
      "server-errors", "latency", "throttles", "function-errors-all", "database-connections", "database-cpu",
      "database-storage", "kms-denied", "refresh-token-reused", "egress-dead", "egress-dead-letters", "seal-lag", "stale-provider-keys",
    ])
    error_message = "And no other: each one more costs a tenth of a dollar, of 28."
  }
}

run "every_alarm_rings_and_names_its_entry_in_the_runbook" {
  command = plan

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.silence)) :
      alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.ok_actions == toset([aws_sns_topic.alarms.arn])
    ])
    error_message = "An alarm that rings nowhere is none."
  }
  assert {
    condition = alltrue([for key, alarm in merge(aws_cloudwatch_metric_alarm.this, aws_cloudwatch_metric_alarm.silence) :
      endswith(alarm.alarm_description, ". docs/runbook.md#${startswith(key, "function-errors-") ? "function-errors" : key}")
    ])
    error_message = "Each description ends with the alarm's own entry."
  }
}

run "a_failure_of_any_function_rings_where_people_are_real" {
  command = plan

  assert {
    condition = toset([for key, alarm in aws_cloudwatch_metric_alarm.this : alarm.dimensions.FunctionName if startswith(key, "function-errors-")]) == toset([
      "serenya-auth-prod", "serenya-auth-prod-audit-seal", "serenya-auth-prod-fetch-provider-keys", "serenya-auth-prod-operator-look",
    ])
    error_message = "One alarm a function."
  }
}

run "elsewhere_one_alarm_looks_at_all_functions" {
  command = plan
  variables {
    is_guarded = false
    proxy_name = null
  }

  assert {
    condition     = [for key in keys(aws_cloudwatch_metric_alarm.this) : key if startswith(key, "function-errors-")] == ["function-errors-all"]
    error_message = "The sum of the account's functions."
  }
  assert {
    condition     = length(coalesce(aws_cloudwatch_metric_alarm.this["function-errors-all"].dimensions, {})) == 0 && aws_cloudwatch_metric_alarm.this["function-errors-all"].metric_name == "Errors"
    error_message = "Without a dimension it is every function's."
  }
}

run "one_error_is_enough" {
  command = plan

  assert {
    condition = alltrue([for key in ["function-errors-api", "throttles", "kms-denied", "key-vault-denied", "integrity", "database-restored", "audit-not-as-sealed", "egress-dead-letters"] :
      aws_cloudwatch_metric_alarm.this[key].threshold == 0 && aws_cloudwatch_metric_alarm.this[key].comparison_operator == "GreaterThanThreshold" && aws_cloudwatch_metric_alarm.this[key].period == 300
    ])
    error_message = "The first one within 5 minutes."
  }
}

run "the_database_rings_before_it_is_full" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-connections"].threshold == 80
    error_message = "Four fifths of its connections."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-storage"].threshold == 4 * 1024 * 1024 * 1024 && aws_cloudwatch_metric_alarm.this["database-storage"].comparison_operator == "LessThanThreshold"
    error_message = "8 % of 50 GiB, in bytes."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.database.event_pattern).resources == ["arn:aws:rds:eu-west-1:123456789012:db:${var.database_identifier}"] && length(setsubtract(["failover", "failure", "low storage"], jsondecode(aws_cloudwatch_event_rule.database.event_pattern).detail.EventCategories)) == 0
    error_message = "RDS tells what it did by itself."
  }
  assert {
    condition     = endswith(aws_cloudwatch_event_rule.database.description, "docs/runbook.md#database-events") && aws_cloudwatch_event_target.database.arn == aws_sns_topic.alarms.arn
    error_message = "It rings where alarms do, and has its entry."
  }
}

run "silence_rings" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.silence : alarm.treat_missing_data == "breaching" && alarm.comparison_operator == "LessThanThreshold" && alarm.threshold == 1])
    error_message = "No success, or nothing at all."
  }
  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.silence : key => [for query in alarm.metric_query : "${one(query.metric).dimensions.FunctionName} ${one(query.metric).period}" if query.id == "invocations"][0]
      } == {
      seal-lag            = "serenya-auth-prod-audit-seal 1200"
      stale-provider-keys = "serenya-auth-prod-fetch-provider-keys 21600"
    }
    error_message = "Seals for 20 minutes, provider keys for 6 hours: less than the 24 that sign-in survives."
  }
}

run "what_the_application_tells_is_listened_to_where_it_tells_it" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["kms-denied"].namespace == "serenya-auth" && aws_cloudwatch_metric_alarm.this["kms-denied"].metric_name == "kms_denied" && aws_cloudwatch_metric_alarm.this["kms-denied"].dimensions == tomap({ stage = "prod" })
    error_message = "Embedded metrics: the application's namespace, the stage in a dimension."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.server_errors.log_group_name == aws_cloudwatch_log_group.access.name && aws_cloudwatch_log_metric_filter.server_errors.metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.this["server-errors"].namespace
    error_message = "Errors are counted in the access log, where the gateway's own are too, and the alarm looks at that count."
  }
}

run "alarms_reach_the_topic_encrypted_and_by_tls" {
  command = plan

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == var.storage_key_arn
    error_message = "The topic is encrypted."
  }
  assert {
    condition     = length([for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : statement if statement.Effect == "Deny" && try(statement.Condition, null) == { Bool = { "aws:SecureTransport" = "false" } }]) == 1
    error_message = "By TLS only."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : try(statement.Condition, null) == { StringEquals = { "aws:SourceAccount" = var.account_id } } if statement.Effect == "Allow" && statement.Sid != "EventBridge"])
    error_message = "From this account only."
  }
  assert {
    condition     = [for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : !can(statement.Condition) if contains(flatten([try(statement.Principal.Service, [])]), "events.amazonaws.com")] == [true]
    error_message = "EventBridge publishes to a topic only where no condition is asked of it."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "No address, no subscription."
  }
}

run "an_address_is_subscribed" {
  command = plan
  variables {
    alarm_email = "oncall@example.com"
  }

  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "oncall@example.com" && aws_sns_topic_subscription.email[0].protocol == "email"
    error_message = "By e-mail, to this address."
  }
}

run "a_schedule_that_must_be_heard_can_not_go_missing" {
  command = plan
  variables {
    functions = { audit-seal = "rate(5 minutes)", fetch-provider-keys = null }
  }
  expect_failures = [var.functions]
}

run "what_is_no_address_is_refused" {
  command = plan
  variables {
    alarm_email = "nobody"
  }
  expect_failures = [var.alarm_email]
}

run "the_budget_rings_before_it_is_spent" {
  command = plan

  assert {
    condition     = aws_budgets_budget.monthly.limit_amount == "900" && { for notification in aws_budgets_budget.monthly.notification : notification.notification_type => notification.threshold } == { ACTUAL = 80, FORECASTED = 100 }
    error_message = "At four fifths, and when it will not suffice."
  }
}

run "the_trail_records_keys_evidence_vault_and_what_people_invoke" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this[0].enable_log_file_validation && aws_cloudtrail.this[0].kms_key_id == var.storage_key_arn && aws_cloudtrail.this[0].name == "serenya-auth-prod"
    error_message = "Encrypted by the key that knows this trail's name, and proof against changes."
  }
  assert {
    condition = anytrue([for selector in aws_cloudtrail.this[0].advanced_event_selector :
      alltrue([for field in selector.field_selector : field.field == "eventCategory" && coalesce(field.equals, []) == tolist(["Management"])])
    ])
    error_message = "Management events without exception: KMS calls are among them."
  }
  assert {
    condition = toset(flatten([for selector in aws_cloudtrail.this[0].advanced_event_selector : [for field in selector.field_selector : concat(coalesce(field.equals, []), coalesce(field.starts_with, [])) if field.field == "resources.ARN"]])) == toset([
      "arn:aws:s3:::serenya-auth-prod-evidence-123456789012/",
      "arn:aws:dynamodb:eu-west-1:123456789012:table/serenya-auth-prod-vault",
      "arn:aws:lambda:eu-west-1:123456789012:function:serenya-auth-prod-operator-look",
    ])
    error_message = "Data events of the evidence, the vault, and of functions that no schedule runs."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.trail[0].policy).Statement : statement.Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-west-1:123456789012:trail/serenya-auth-prod" if statement.Effect == "Allow"])
    error_message = "Only this trail writes to its bucket."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].expiration[0].days == 2557 && !aws_s3_bucket.trail[0].force_destroy
    error_message = "Kept as long as the audit record."
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.trail[0].restrict_public_buckets && aws_s3_bucket_public_access_block.trail[0].block_public_policy
    error_message = "The trail's bucket is closed."
  }
}

run "an_organisation_s_trail_isn_t_paid_twice" {
  command = plan
  variables {
    has_trail = false
  }

  assert {
    condition     = length(aws_cloudtrail.this) == 0 && length(aws_s3_bucket.trail) == 0
    error_message = "Neither trail nor bucket."
  }
}

run "a_key_that_is_switched_off_or_opened_rings" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.key_changed.event_pattern).detail.eventName == ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"] && toset(jsondecode(aws_cloudwatch_event_rule.key_changed.event_pattern).detail.resources.ARN) == toset(var.key_arns)
    error_message = "Each such call on each of our keys."
  }
  assert {
    condition     = endswith(aws_cloudwatch_event_rule.key_changed.description, "docs/runbook.md#key-changed") && aws_cloudwatch_event_target.key_changed.arn == aws_sns_topic.alarms.arn
    error_message = "It rings where alarms do, and has its entry."
  }
}
