output "access_log_group_arn" {
  description = "Where the gateway writes its access log; edge/ finds it by its name."
  value       = aws_cloudwatch_log_group.access.arn
}

output "alarms_topic_arn" {
  description = "Where alarms ring; subscribe a pager to it."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard" {
  description = "Name of the dashboard in CloudWatch."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
