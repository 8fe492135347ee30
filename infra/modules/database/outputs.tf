output "host" {
  description = "Where the functions reach PostgreSQL: the proxy, where there is one."
  value       = var.is_highly_available ? aws_db_proxy.this[0].endpoint : aws_db_instance.this.address
}

output "server_host" {
  description = "Where migrations reach PostgreSQL: always the server itself."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The port of both."
  value       = local.port
}

output "database_name" {
  description = "The database."
  value       = local.database_name
}

output "app_role" {
  description = "The role that the functions log in as."
  value       = local.app_role
}

output "owner_role" {
  description = "The role that migrations log in as."
  value       = local.owner_role
}

output "app_connect_arn" {
  description = "What a function's policy names in rds-db:connect to be the app's role."
  value       = "${local.connect_arn}:${var.is_highly_available ? split(":", aws_db_proxy.this[0].arn)[6] : aws_db_instance.this.resource_id}/${local.app_role}"
}

output "owner_connect_arn" {
  description = "What the migrating function's policy names in rds-db:connect to be the owner."
  value       = "${local.connect_arn}:${aws_db_instance.this.resource_id}/${local.owner_role}"
}

output "app_login" {
  description = "How the app's role is opened in PostgreSQL: `iam` by GRANT rds_iam, `verifier` by a SCRAM verifier of the proxy's secret."
  value       = var.is_highly_available ? "verifier" : "iam"
}

output "app_secret_arn" {
  description = "The proxy's secret; null without a proxy."
  value       = one(aws_secretsmanager_secret.app[*].arn)
}

output "master_secret_arn" {
  description = "The master's password, made and rotated by AWS; for people, never for a function."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "instance_identifier" {
  description = "The server, as alarms name it."
  value       = aws_db_instance.this.identifier
}

output "proxy_name" {
  description = "The proxy, as alarms name it; null without one."
  value       = one(aws_db_proxy.this[*].name)
}

output "engine_version" {
  description = "The version of PostgreSQL that was chosen."
  value       = data.aws_rds_engine_version.postgres.version_actual
}

output "security_group_id" {
  description = "Group of the server."
  value       = aws_security_group.database.id
}
