"""What of infra/ is different in a rehearsal; the rest is applied as it is. tests/infra tries all of it.

- What moto can't do: make a server, know who is told of a budget, read a policy's conditions.
- What moto forgets, so that every plan would have it again: a key's period of rotation, the parameters of a
  group, the descriptions of rules.
- What moto has at once, and Terraform's provider waits for most of a minute: lifecycles.
"""

from typing import Final

OVERRIDES: Final = {
    "infra/local_override.tf": """
        terraform {
          backend "s3" {
            encrypt                     = true
            use_lockfile                = true
            use_path_style              = true
            skip_credentials_validation = true
          }
        }
        provider "aws" { s3_use_path_style = true }
    """,
    "infra/edge/local_override.tf": """
        terraform {
          backend "s3" {
            encrypt                     = true
            use_lockfile                = true
            use_path_style              = true
            skip_credentials_validation = true
          }
        }
        provider "aws" { s3_use_path_style = true }
    """,
    "infra/modules/observability/local_override.tf": """
        resource "aws_budgets_budget" "monthly" { count = 0 }
        resource "aws_s3_bucket_lifecycle_configuration" "trail" { count = 0 }
    """,
    "infra/modules/keys/local_override.tf": """
        resource "aws_kms_key" "this" {
          lifecycle { ignore_changes = [rotation_period_in_days] }
        }
    """,
    "infra/modules/network/local_override.tf": """
        resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
          lifecycle { ignore_changes = [description] }
        }
        resource "aws_vpc_security_group_egress_rule" "to_gateways" {
          lifecycle { ignore_changes = [description] }
        }
        resource "aws_vpc_security_group_ingress_rule" "endpoints" {
          lifecycle { ignore_changes = [description] }
        }
    """,
    "infra/modules/storage/local_override.tf": """
        resource "aws_s3_bucket_policy" "all" { for_each = {} }
        resource "aws_s3_bucket_lifecycle_configuration" "evidence" { count = 0 }
        resource "aws_s3_bucket_lifecycle_configuration" "provider_keys" { count = 0 }
    """,
    "infra/modules/database/local_override.tf": """
        resource "aws_db_instance" "this" { count = 0 }
        resource "aws_db_parameter_group" "this" {
          lifecycle { ignore_changes = [parameter] }
        }
        resource "aws_vpc_security_group_egress_rule" "this" {
          lifecycle { ignore_changes = [description] }
        }
        resource "aws_vpc_security_group_ingress_rule" "this" {
          lifecycle { ignore_changes = [description] }
        }
        resource "aws_db_proxy_target" "this" { db_instance_identifier = "none" }
        locals {
          server_logins = {
            for name, role in local.roles : name => {
              # the embedded server's superuser has the owner's name
              role        = name == "owner" ? "rehearsal_owner" : role
              host        = "localhost"
              connect_arn = "${local.connect_arn}:db-rehearsal/${role}"
            }
          }
        }
        output "port" { value = PORT }
        output "master_secret_arn" { value = "SECRET" }
        output "instance_identifier" { value = var.name }
    """,
}
