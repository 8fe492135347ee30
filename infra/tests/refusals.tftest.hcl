# Run with stages/dev.tfvars: values that a stage can't have.

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

run "prod_without_a_standby_is_refused" {
  command = plan

  variables {
    stage                = "prod"
    database_backup_days = 35
    alarm_email          = "oncall@example.com"
  }

  expect_failures = [var.is_highly_available]
}

run "prod_with_few_backups_is_refused" {
  command = plan

  variables {
    stage                = "prod"
    is_highly_available  = true
    database_backup_days = 7
    alarm_email          = "oncall@example.com"
  }

  expect_failures = [var.database_backup_days]
}

run "prod_without_an_address_for_alarms_is_refused" {
  command = plan

  variables {
    stage                = "prod"
    is_highly_available  = true
    database_backup_days = 35
  }

  expect_failures = [var.alarm_email]
}

run "prod_does_not_sleep" {
  command = plan

  variables {
    stage                = "prod"
    is_highly_available  = true
    database_backup_days = 35
    alarm_email          = "oncall@example.com"
    is_asleep            = true
  }

  expect_failures = [var.is_asleep]
}

run "a_stage_of_another_name_is_refused" {
  command = plan

  variables {
    stage = "test"
  }

  expect_failures = [var.stage]
}

run "an_old_postgresql_is_refused" {
  command = plan

  variables {
    postgres_major = 14
  }

  expect_failures = [var.postgres_major]
}

run "storage_that_can_not_grow_is_refused" {
  command = plan

  variables {
    database_storage_gb_max = 20
  }

  expect_failures = [var.database_storage_gb_max]
}
