output "logins" {
  description = "How requests, jobs, operators and the owner log in, by IAM: role, host, and what a policy names in rds-db:connect."
  value       = merge(local.server_logins, local.proxied_login)
}

output "port" {
  description = "The port of server and proxy."
  value       = local.port
}

output "database_name" {
  description = "The database."
  value       = local.database_name
}

output "proxy_secret_arns" {
  description = "The secrets that the proxy logs in with, by the role's short name; none without a proxy."
  value       = { for name, secret in aws_secretsmanager_secret.proxied : name => secret.arn }
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
