output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "functions_subnet_ids" {
  description = "Where the functions of the app run."
  value       = local.subnet_ids.functions
}

output "database_subnet_ids" {
  description = "Where the database stands."
  value       = local.subnet_ids.database
}

output "functions_security_group_id" {
  description = "Group of the functions of the app."
  value       = aws_security_group.functions.id
}

output "migrations_security_group_id" {
  description = "Group of the function that migrates the database."
  value       = aws_security_group.migrations.id
}

output "endpoints_security_group_id" {
  description = "Group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "kms_endpoint_id" {
  description = "The endpoint through which the functions reach KMS; null while the stage sleeps."
  value       = one(aws_vpc_endpoint.kms[*].id)
}
