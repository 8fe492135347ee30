output "release_role_arns" {
  description = "RELEASE_ROLE of each GitHub environment."
  value       = { for stage, role in aws_iam_role.release : stage => role.arn }
}
