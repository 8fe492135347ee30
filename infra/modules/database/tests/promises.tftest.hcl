mock_provider "aws" {
  source = "../../tests/mocks"

  mock_data "aws_rds_engine_version" {
    defaults = {
      version_actual         = "17.6"
      parameter_group_family = "postgres17"
    }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{
        secret_arn    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1"
        kms_key_id    = "storage"
        secret_status = "active"
      }]
      resource_id = "db-ABC"
    }
  }

  mock_resource "aws_db_proxy" {
    defaults = {
      arn      = "arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-123"
      endpoint = "serenya-auth-prod.proxy-abc.eu-west-1.rds.amazonaws.com"
    }
  }

  # The provider refuses a name that begins with a digit, as a made-up one may.
  mock_resource "aws_db_proxy_default_target_group" {
    defaults = {
      name = "default"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/mocked"
    }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-1"
    }
  }
}

override_resource {
  target = aws_vpc_security_group_ingress_rule.this
}

variables {
  name                         = "serenya-auth-dev"
  vpc_id                       = "vpc-1"
  subnet_ids                   = ["subnet-a", "subnet-b"]
  functions_security_group_id  = "sg-functions"
  migrations_security_group_id = "sg-migrations"
  storage_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/storage"
  postgres_major               = 17
  instance_class               = "db.t4g.micro"
  storage_gb                   = 20
  storage_gb_max               = 40
  backup_days                  = 3
  is_highly_available          = false
  is_guarded                   = false
  log_retention_days           = 14
}

run "the_version_is_what_the_region_offers" {
  assert {
    condition     = aws_db_instance.this.engine_version == "17.6" && aws_db_parameter_group.this.family == "postgres17"
    error_message = "Minor version and family come from what the region offers."
  }
}

run "the_database_is_not_public" {
  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "No public address."
  }

  assert {
    condition     = aws_db_subnet_group.this.subnet_ids == toset(["subnet-a", "subnet-b"])
    error_message = "It stands in the isolated subnets only."
  }

  assert {
    condition = alltrue([
      for rule in concat(values(aws_vpc_security_group_ingress_rule.this), values(aws_vpc_security_group_egress_rule.this)) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.prefix_list_id == null &&
      rule.from_port == 5432 && rule.to_port == 5432 && rule.ip_protocol == "tcp"
    ])
    error_message = "It is reached by group, on its own port, and never by address."
  }

  assert {
    condition = toset([
      for rule in aws_vpc_security_group_ingress_rule.this : rule.referenced_security_group_id
    ]) == toset(["sg-functions", "sg-migrations"])
    error_message = "Functions and migrations reach it, and nobody else."
  }

  assert {
    condition     = aws_db_instance.this.vpc_security_group_ids == toset([aws_security_group.database.id])
    error_message = "No other group opens it."
  }

  assert {
    condition = (
      length(aws_security_group.database.ingress) == 0 && length(aws_security_group.database.egress) == 0
    )
    error_message = "The group itself has no rules in line."
  }
}

run "tls_is_forced" {
  assert {
    condition = alltrue([
      for name, value in { "rds.force_ssl" = "1", "ssl_min_protocol_version" = "TLSv1.2" } :
      contains([for each in aws_db_parameter_group.this.parameter : "${each.name}=${each.value}"], "${name}=${value}")
    ])
    error_message = "PostgreSQL refuses connections without TLS 1.2 or later."
  }
}

run "nobody_knows_a_password" {
  assert {
    condition = (
      aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null &&
      aws_db_instance.this.master_user_secret_kms_key_id == var.storage_key_arn
    )
    error_message = "AWS makes and rotates the master's password, under our key."
  }

  assert {
    condition     = aws_db_instance.this.iam_database_authentication_enabled && length(output.proxy_secret_arns) == 0
    error_message = "The app logs in by IAM."
  }

  assert {
    condition     = length(aws_secretsmanager_secret.proxied) == 0
    error_message = "Without a proxy there is no other secret."
  }
}

run "everything_is_encrypted_with_our_key" {
  assert {
    condition = (
      aws_db_instance.this.storage_encrypted && aws_db_instance.this.storage_type == "gp3" &&
      aws_db_instance.this.kms_key_id == var.storage_key_arn &&
      aws_db_instance.this.performance_insights_enabled &&
      aws_db_instance.this.performance_insights_kms_key_id == var.storage_key_arn
    )
    error_message = "Storage, backups and insights are encrypted with the storage key."
  }
}

run "logs_are_kept_as_declared_and_hold_no_data" {
  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.this : group.retention_in_days == 14 && group.kms_key_id == var.storage_key_arn
    ])
    error_message = "Retention and key as declared."
  }

  assert {
    condition     = aws_db_instance.this.enabled_cloudwatch_logs_exports == toset(["postgresql", "upgrade"])
    error_message = "The server's logs leave the server."
  }

  assert {
    condition = alltrue([
      for name, value in {
        log_statement                     = "none"
        log_min_duration_statement        = "-1"
        log_min_duration_sample           = "-1"
        log_min_error_statement           = "panic"
        log_error_verbosity               = "terse"
        log_parameter_max_length          = "0"
        log_parameter_max_length_on_error = "0"
      } :
      contains([for each in aws_db_parameter_group.this.parameter : "${each.name}=${each.value}"], "${name}=${value}")
    ])
    error_message = "Neither a statement's text nor its values nor a constraint's detail is ever logged."
  }
}

run "waits_are_limited" {
  assert {
    condition = length([
      for each in aws_db_parameter_group.this.parameter : each
      if contains(["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"], each.name) && try(tonumber(each.value), 0) > 0
    ]) == 3
    error_message = "No statement, lock or idle transaction lasts for ever."
  }
}

run "backups_are_kept_as_declared" {
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 3 && aws_db_instance.this.copy_tags_to_snapshot
    error_message = "Backups as declared, tagged as their database."
  }
}

run "a_small_stage_can_be_thrown_away" {
  assert {
    condition = (
      !aws_db_instance.this.multi_az && !aws_db_instance.this.deletion_protection && length(aws_db_proxy.this) == 0
    )
    error_message = "One server, without a proxy, that may be deleted."
  }
}

run "a_large_stage_survives_a_zone_and_a_mistake" {
  variables {
    name                = "serenya-auth-prod"
    is_highly_available = true
    is_guarded          = true
    backup_days         = 35
  }

  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.backup_retention_period == 35
    error_message = "A standby in the other zone."
  }

  assert {
    condition = (
      aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot &&
      !aws_db_instance.this.delete_automated_backups && aws_db_instance.this.final_snapshot_identifier == "${var.name}-final-${substr(sha256(var.vpc_id), 0, 8)}"
    )
    error_message = "Deletion is refused, and leaves a snapshot and the backups."
  }

  assert {
    condition = (
      aws_db_proxy.this[0].require_tls && !aws_db_proxy.this[0].debug_logging &&
      alltrue([for auth in aws_db_proxy.this[0].auth : auth.iam_auth == "REQUIRED"])
    )
    error_message = "The proxy takes tokens of IAM over TLS, and logs no statement."
  }

  assert {
    condition = toset([
      for rule in aws_vpc_security_group_ingress_rule.this : rule.referenced_security_group_id
      if rule.security_group_id == aws_security_group.database.id
    ]) == toset(["sg-migrations", aws_security_group.proxy[0].id])
    error_message = "Functions reach the proxy only; migrations the server."
  }

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.proxied : secret.kms_key_id == var.storage_key_arn])
    error_message = "The proxy's secrets are encrypted with our key."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.proxy[0].policy).Statement :
      statement.Action == "kms:Decrypt" ? statement.Resource == var.storage_key_arn : toset(statement.Resource) == toset(values(output.proxy_secret_arns))
    ])
    error_message = "The proxy reads its own secrets."
  }

  assert {
    condition     = strcontains(output.logins.requests.connect_arn, ":prx-123/serenya_requests")
    error_message = "A request's token is for the proxy."
  }

  assert {
    condition = alltrue([
      for name in ["jobs", "operators", "owner"] :
      output.logins[name].host == aws_db_instance.this.address && !strcontains(output.logins[name].connect_arn, ":prx-")
    ])
    error_message = "Jobs, operators and migrations reach the server itself."
  }

  assert {
    condition     = toset(keys(output.proxy_secret_arns)) == toset(["requests", "app"])
    error_message = "The proxy knows the role of requests, and that of the release before."
  }
}

run "an_old_postgresql_is_refused" {
  command = plan

  variables {
    postgres_major = 14
  }

  expect_failures = [var.postgres_major]
}

run "a_version_that_the_region_lacks_is_refused" {
  command = plan

  variables {
    postgres_major = 18
  }

  expect_failures = [data.aws_rds_engine_version.postgres]
}

run "a_server_that_sleeps_is_stopped_again" {
  command = plan

  variables {
    is_asleep = true
  }

  assert {
    condition     = aws_scheduler_schedule.stop[0].schedule_expression == "rate(1 hour)" && jsondecode(aws_scheduler_schedule.stop[0].target[0].input) == { DbInstanceIdentifier = aws_db_instance.this.identifier }
    error_message = "Every hour, and this server."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.stop[0].policy).Statement[0].Action == "rds:StopDBInstance" && endswith(jsondecode(aws_iam_role_policy.stop[0].policy).Statement[0].Resource, ":db:${aws_db_instance.this.identifier}")
    error_message = "It may stop this server and do nothing else."
  }
}

run "a_server_that_is_awake_is_stopped_by_nobody" {
  command = plan

  assert {
    condition     = length(aws_scheduler_schedule.stop) == 0 && length(aws_iam_role.stop) == 0
    error_message = "No schedule, no role."
  }
}
