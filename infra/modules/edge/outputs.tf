output "domain_target" {
  description = "What the domain's DNS record is an alias of; null without a domain."
  value       = one(aws_api_gateway_domain_name.this[*].regional_domain_name)
}

output "deployment_id" {
  description = "The deployment that the stage points at."
  value       = aws_api_gateway_deployment.dressed.id
}
