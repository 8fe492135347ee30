# Limits behind those of the roles and migrations, and a log that can be read by people who may not read the data:
# a statement's text and a constraint's DETAIL hold values, so neither is ever written.

locals {
  parameters = {
    "rds.force_ssl"            = 1
    "ssl_min_protocol_version" = "TLSv1.2"

    "statement_timeout"                   = 300000 # ms; the app's role has 3 s, a migration 60 s
    "lock_timeout"                        = 10000
    "idle_in_transaction_session_timeout" = 60000

    "log_connections"    = 1
    "log_disconnections" = 1
    "log_lock_waits"     = 1

    "log_statement"                     = "none"
    "log_min_duration_statement"        = -1
    "log_min_duration_sample"           = -1
    "log_min_error_statement"           = "panic"
    "log_error_verbosity"               = "terse"
    "log_parameter_max_length"          = 0
    "log_parameter_max_length_on_error" = 0
  }
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  description = "Forced TLS, limits, and logs without data"
  family      = data.aws_rds_engine_version.postgres.parameter_group_family

  dynamic "parameter" {
    for_each = local.parameters

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "immediate" # all of them are dynamic
    }
  }

  lifecycle {
    create_before_destroy = true # a major version has a family of its own
  }
}
