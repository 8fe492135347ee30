# A name of one's own, if there is one: tokens name it as their issuer, so it outlives the API behind it.

locals {
  domain_count = var.domain_name == null ? 0 : 1
}

resource "aws_api_gateway_domain_name" "this" {
  count = local.domain_count

  domain_name              = var.domain_name
  regional_certificate_arn = var.certificate_arn
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    precondition {
      condition     = var.certificate_arn != null
      error_message = "A domain needs the ARN of its certificate in ACM, in the same region."
    }
  }
}

# The same path as under AWS's own name: https://HOST/v1/...
resource "aws_api_gateway_base_path_mapping" "this" {
  count = local.domain_count

  api_id      = var.rest_api_id
  domain_name = aws_api_gateway_domain_name.this[0].domain_name
  stage_name  = aws_api_gateway_stage.v1.stage_name
  base_path   = local.stage_name
}

resource "aws_cloudwatch_metric_alarm" "certificate" {
  count = local.domain_count

  alarm_name          = "${var.name}-certificate-expiry"
  alarm_description   = "The certificate of the API's domain runs out within 30 days. docs/runbook.md#certificate-expiry"
  namespace           = "AWS/CertificateManager"
  metric_name         = "DaysToExpiry"
  dimensions          = { CertificateArn = var.certificate_arn }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 30 # ACM renews 60 days before the end: by then it has failed for a month
  period              = 86400
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarms_topic_arn]
  ok_actions          = [var.alarms_topic_arn]
}
