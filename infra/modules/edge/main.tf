# What stands around the API that `chalice deploy` made. Chalice writes the whole API anew at each deployment and knows
# none of this, so the release applies it afterwards, with a new value of `release` each time.

# Chalice made the stage and goes on pointing it at deployments of its own; the root imports it.
resource "aws_api_gateway_stage" "v1" {
  #checkov:skip=CKV_AWS_73:X-Ray is paid by the trace; the log line has what a request cost
  #checkov:skip=CKV_AWS_120:Answers are of one person; the public documents carry a cache lifetime of their own
  #checkov:skip=CKV2_AWS_51:Callers are phones; a certificate in an app would be everybody's
  #checkov:skip=CKV2_AWS_29:The web ACL is a matter of the stage's size, see protection.tf
  #checkov:skip=CKV2_AWS_77:The web ACL has that rule; the association names the stage by an ARN that checkov can't follow
  #checkov:skip=CKV2_AWS_4:Execution logs quote headers and bodies; method settings below switch them off
  rest_api_id   = var.rest_api_id
  stage_name    = local.stage_name
  deployment_id = aws_api_gateway_deployment.dressed.id

  access_log_settings {
    destination_arn = var.access_log_group_arn
    format          = replace(jsonencode(local.access_log), "\"$context.status\"", "$context.status") # a number, to be compared
  }

  depends_on = [aws_api_gateway_account.logs]
}

locals {
  stage_name = "v1" # api_gateway_stage in .chalice/config.json

  # Neither address, agent nor path: a path holds ids of sessions and people, its template doesn't.
  access_log = {
    time        = "$context.requestTime"
    request_id  = "$context.requestId"
    method      = "$context.httpMethod"
    route       = "$context.resourcePath"
    status      = "$context.status"
    latency_ms  = "$context.responseLatency"
    function_ms = "$context.integrationLatency"
    refused_by  = "$context.error.responseType"
    waf_status  = "$context.waf.status"
  }
}

# A gateway response counts from the next deployment on.
resource "aws_api_gateway_deployment" "dressed" {
  rest_api_id = var.rest_api_id
  description = "Release ${var.release}, with the gateway's own answers in our shape"

  triggers = {
    release   = var.release
    responses = sha256(jsonencode(var.gateway_responses))
  }

  lifecycle {
    create_before_destroy = true # the stage points at the old one until it points at this
  }

  depends_on = [aws_api_gateway_gateway_response.ours]
}

# Made of the application's own errors: tools/gateway_responses_page.py.
resource "aws_api_gateway_gateway_response" "ours" {
  for_each = var.gateway_responses

  rest_api_id   = var.rest_api_id
  response_type = each.key
  status_code   = each.value.status

  response_templates  = { "application/json" = each.value.body }
  response_parameters = { for name, value in each.value.headers : "gatewayresponse.header.${name}" => value }
}

resource "aws_api_gateway_method_settings" "all" {
  #checkov:skip=CKV_AWS_225:Answers are of one person; nothing here may be kept by the gateway
  #checkov:skip=CKV_AWS_308:Nothing is cached, so nothing cached needs encryption
  #checkov:skip=CKV_AWS_276:Execution logs and traces quote headers and bodies; both are off
  rest_api_id = var.rest_api_id
  stage_name  = aws_api_gateway_stage.v1.stage_name
  method_path = "*/*"

  settings {
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = var.requests_burst
    caching_enabled        = false
    cache_data_encrypted   = true
    data_trace_enabled     = false # bodies and tokens would be in the log
    logging_level          = "OFF"
    metrics_enabled        = false # a metric for each method of each route costs 0.30 USD a month
  }
}

# --- Who may write the access log: a setting of the whole account and region -----------------------------------

resource "aws_api_gateway_account" "logs" {
  count = var.sets_account_logging ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.logs[0].arn
  depends_on          = [aws_iam_role_policy_attachment.logs]
}

resource "aws_iam_role" "logs" {
  count = var.sets_account_logging ? 1 : 0

  name = "${var.name}-gateway-logs"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  count = var.sets_account_logging ? 1 : 0

  role       = aws_iam_role.logs[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}
