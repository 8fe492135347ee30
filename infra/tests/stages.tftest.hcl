# Run once with each of stages/*.tfvars: what the stage's own values make.

mock_provider "aws" {
  source = "./tests/mocks"

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_data "aws_region" {
    defaults = {
      name = "eu-west-1"
    }
  }

  mock_data "aws_rds_engine_version" {
    defaults = {
      version_actual         = "17.6"
      parameter_group_family = "postgres17"
    }
  }
}

override_resource {
  target = module.database.aws_vpc_security_group_ingress_rule.this
}

override_resource {
  target = module.network.aws_vpc_security_group_ingress_rule.endpoints
}

variables {
  alarm_email = "oncall@example.com" # prod.tfvars leaves it to whoever deploys
}

run "the_stage_is_as_its_size_demands" {
  command = plan

  assert {
    condition     = length(output.database.proxy_secret_arns) == (var.is_highly_available ? 2 : 0)
    error_message = "A proxy where it is highly available, and only there."
  }

  assert {
    condition     = var.stage != "prod" || (var.is_highly_available && local.is_prod)
    error_message = "prod is highly available and guarded."
  }

  assert {
    condition     = local.name == "serenya-auth-${var.stage}"
    error_message = "Names are those that Chalice gives to the functions of the stage."
  }
}
