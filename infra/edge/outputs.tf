output "domain_target" {
  description = "What the domain's DNS record is an alias of; null without a domain."
  value       = module.edge.domain_target
}

output "deployment_id" {
  description = "The deployment that the API's stage points at."
  value       = module.edge.deployment_id
}
