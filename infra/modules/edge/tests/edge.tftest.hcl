# What stands around the API, and what its log never holds.

mock_provider "aws" {
  mock_resource "aws_api_gateway_deployment" {
    defaults        = { id = "dressed" }
    override_during = plan
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults        = { arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/one/1" }
    override_during = plan
  }
  mock_resource "aws_iam_role" {
    defaults        = { arn = "arn:aws:iam::123456789012:role/serenya-auth-prod-gateway-logs" }
    override_during = plan
  }
}

variables {
  name        = "serenya-auth-prod"
  region      = "eu-west-1"
  rest_api_id = "abc123"
  release     = "2025-01-31"
  gateway_responses = {
    THROTTLED = {
      status  = "503"
      headers = { "Retry-After" = "'5'", "X-Request-Id" = "context.requestId" }
      body    = "{\"request_id\":\"$context.requestId\"}"
    }
    DEFAULT_4XX = { status = "404", headers = {}, body = "{}" }
  }
  access_log_group_arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/serenya-auth-prod"
  sets_account_logging = true
  requests_per_second  = 500
  requests_burst       = 1000
  has_web_acl          = true
  sign_ins_per_address = 1000
  requests_per_address = 5000
  alarms_topic_arn     = "arn:aws:sns:eu-west-1:123456789012:serenya-auth-prod-alarms"
}

run "what_the_gateway_answers_by_itself_is_ours" {
  command = plan

  assert {
    condition     = toset(keys(aws_api_gateway_gateway_response.ours)) == toset(["THROTTLED", "DEFAULT_4XX"])
    error_message = "Each response of the file, and no other."
  }
  assert {
    condition     = aws_api_gateway_gateway_response.ours["THROTTLED"].status_code == "503" && aws_api_gateway_gateway_response.ours["THROTTLED"].response_templates["application/json"] == "{\"request_id\":\"$context.requestId\"}"
    error_message = "Status and body are the file's."
  }
  assert {
    condition     = aws_api_gateway_gateway_response.ours["THROTTLED"].response_parameters == tomap({ "gatewayresponse.header.Retry-After" = "'5'", "gatewayresponse.header.X-Request-Id" = "context.requestId" })
    error_message = "Headers are the file's."
  }
}

run "a_release_puts_back_what_chalice_took_away" {
  command = plan

  assert {
    condition     = aws_api_gateway_deployment.dressed.triggers.release == "2025-01-31" && aws_api_gateway_deployment.dressed.triggers.responses == sha256(jsonencode(var.gateway_responses))
    error_message = "A new release or a changed answer makes a new deployment."
  }
  assert {
    condition     = aws_api_gateway_stage.v1.deployment_id == aws_api_gateway_deployment.dressed.id && aws_api_gateway_stage.v1.stage_name == "v1"
    error_message = "Chalice's stage points at it."
  }
}

run "the_access_log_names_nobody" {
  command = plan

  assert {
    condition     = length(regexall("identity|userAgent|sourceIp|\\$context\\.path|authorizer|domain|header|querystring", aws_api_gateway_stage.v1.access_log_settings[0].format)) == 0
    error_message = "No address, agent, path, or who it was."
  }
  assert {
    condition     = aws_api_gateway_stage.v1.access_log_settings[0].destination_arn == var.access_log_group_arn
    error_message = "It goes to its group."
  }
  assert {
    condition     = jsondecode(replace(aws_api_gateway_stage.v1.access_log_settings[0].format, "$context.status", "502")).status == 502
    error_message = "The status is a number: the alarm on 5xx compares it."
  }
}

run "nothing_is_cached_or_traced_by_the_gateway" {
  command = plan

  assert {
    condition     = !aws_api_gateway_method_settings.all.settings[0].caching_enabled && !aws_api_gateway_method_settings.all.settings[0].data_trace_enabled && aws_api_gateway_method_settings.all.settings[0].logging_level == "OFF"
    error_message = "Bodies and tokens stay out of the gateway's cache and logs."
  }
  assert {
    condition     = aws_api_gateway_method_settings.all.method_path == "*/*" && aws_api_gateway_method_settings.all.settings[0].throttling_rate_limit == 500 && aws_api_gateway_method_settings.all.settings[0].throttling_burst_limit == 1000
    error_message = "Every method is throttled."
  }
}

run "floods_from_one_address_are_held_off" {
  command = plan

  assert {
    condition = {
      for rule in aws_wafv2_web_acl.this[0].rule : rule.name => one(one(rule.statement).rate_based_statement).limit if startswith(rule.name, "rate-")
    } == { rate-sign-in = 1000, rate-any = 5000 }
    error_message = "One limit for what is below /auth/, one for all."
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this[0].rule : length(one(rule.action).block) == 1 && one(one(rule.statement).rate_based_statement).aggregate_key_type == "IP" if startswith(rule.name, "rate-")])
    error_message = "Blocked, by address."
  }
  assert {
    condition = toset([for rule in aws_wafv2_web_acl.this[0].rule : one(one(rule.statement).managed_rule_group_statement).name if !startswith(rule.name, "rate-")]) == toset([
      "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet",
    ])
    error_message = "Addresses of ill repute and known attacks."
  }
  assert {
    condition     = aws_wafv2_web_acl_association.this[0].resource_arn == "arn:aws:apigateway:eu-west-1::/restapis/abc123/stages/v1"
    error_message = "It stands before the API's stage."
  }
  assert {
    condition     = !aws_wafv2_web_acl.this[0].visibility_config[0].sampled_requests_enabled && alltrue([for rule in aws_wafv2_web_acl.this[0].rule : !one(rule.visibility_config).sampled_requests_enabled])
    error_message = "No samples: they show tokens."
  }
}

run "without_a_web_acl_nothing_is_paid_for_it" {
  command = plan
  variables {
    has_web_acl = false
  }

  assert {
    condition     = length(aws_wafv2_web_acl.this) == 0 && length(aws_wafv2_web_acl_association.this) == 0
    error_message = "None."
  }
}

run "a_limit_that_waf_can_not_count_is_refused" {
  command = plan
  variables {
    sign_ins_per_address = 5
  }
  expect_failures = [var.sign_ins_per_address]
}

run "without_a_domain_there_is_none" {
  command = plan

  assert {
    condition     = length(aws_api_gateway_domain_name.this) == 0 && length(aws_cloudwatch_metric_alarm.certificate) == 0 && output.domain_target == null
    error_message = "AWS's own name."
  }
}

run "a_domain_has_tls_and_an_alarm_before_its_certificate_ends" {
  command = plan
  variables {
    domain_name     = "auth.example.com"
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/one"
  }

  assert {
    condition     = aws_api_gateway_domain_name.this[0].security_policy == "TLS_1_2" && aws_api_gateway_domain_name.this[0].regional_certificate_arn == var.certificate_arn
    error_message = "TLS 1.2 or later, under its certificate."
  }
  assert {
    condition     = aws_api_gateway_base_path_mapping.this[0].base_path == "v1" && aws_api_gateway_base_path_mapping.this[0].stage_name == "v1"
    error_message = "The same paths under both names."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.certificate[0].threshold == 30 && aws_cloudwatch_metric_alarm.certificate[0].dimensions.CertificateArn == var.certificate_arn && endswith(aws_cloudwatch_metric_alarm.certificate[0].alarm_description, "docs/runbook.md#certificate-expiry") && aws_cloudwatch_metric_alarm.certificate[0].alarm_actions == toset([var.alarms_topic_arn])
    error_message = "It rings a month before."
  }
}

run "a_domain_without_a_certificate_is_refused" {
  command = plan
  variables {
    domain_name = "auth.example.com"
  }
  expect_failures = [aws_api_gateway_domain_name.this]
}

run "errands_wait_for_their_function" {
  command = plan

  assert {
    condition     = length(aws_lambda_event_source_mapping.egress) == 0
    error_message = "No function, no mapping."
  }
}

run "a_poisoned_errand_fails_alone_and_is_seen" {
  command = plan
  variables {
    egress = {
      function         = "egress-deliver"
      stream_arn       = "arn:aws:dynamodb:eu-west-1:123456789012:table/serenya-auth-prod-egress/stream/1"
      dead_letters_arn = "arn:aws:sqs:eu-west-1:123456789012:serenya-auth-prod-egress-dead-letters"
    }
  }

  assert {
    condition     = aws_lambda_event_source_mapping.egress[0].function_name == "serenya-auth-prod-egress-deliver" && aws_lambda_event_source_mapping.egress[0].event_source_arn == var.egress.stream_arn && aws_lambda_event_source_mapping.egress[0].starting_position == "TRIM_HORIZON"
    error_message = "The stream, from its beginning, to the function by its real name."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.egress[0].bisect_batch_on_function_error && aws_lambda_event_source_mapping.egress[0].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "Batches are split, and report what failed in them."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.egress[0].maximum_retry_attempts == 10 && aws_lambda_event_source_mapping.egress[0].maximum_record_age_in_seconds < 86400
    error_message = "Retries end before the stream forgets."
  }
  assert {
    condition     = one(one(aws_lambda_event_source_mapping.egress[0].destination_config).on_failure).destination_arn == var.egress.dead_letters_arn
    error_message = "What is given up goes to the queue that the alarm looks at."
  }
  assert {
    condition     = jsondecode(one(one(aws_lambda_event_source_mapping.egress[0].filter_criteria).filter).pattern) == { eventName = ["INSERT"] }
    error_message = "New errands only."
  }
}

run "an_account_that_logs_already_is_left_alone" {
  command = plan
  variables {
    sets_account_logging = false
  }

  assert {
    condition     = length(aws_api_gateway_account.logs) == 0 && length(aws_iam_role.logs) == 0
    error_message = "The setting is the account's, not a stage's."
  }
}
