# PostgreSQL that answers to two groups of functions, over TLS, to tokens of IAM; no one's password is in a setting.

locals {
  port          = 5432
  database_name = "serenya"
  master_name   = "serenya_master" # makes the roles once, then rests
  owner_role    = "serenya_owner"  # migrates; logs in by IAM
  app_role      = "serenya_app"    # what the functions are
  connect_arn   = "arn:aws:rds-db:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:dbuser"
}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

data "aws_rds_engine_version" "postgres" {
  engine  = "postgres"
  version = tostring(var.postgres_major)
  latest  = true

  lifecycle {
    postcondition {
      condition     = tonumber(split(".", self.version_actual)[0]) == var.postgres_major
      error_message = "This region doesn't offer PostgreSQL ${var.postgres_major}: choose another major version, 15 or later."
    }
  }
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "The isolated tier"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = data.aws_rds_engine_version.postgres.version_actual
  instance_class = var.instance_class
  db_name        = local.database_name
  port           = local.port

  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb_max
  storage_encrypted     = true
  kms_key_id            = var.storage_key_arn

  username                            = local.master_name
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.storage_key_arn
  iam_database_authentication_enabled = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1" # in the bundle that the app verifies against

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  multi_az               = var.is_highly_available

  backup_retention_period  = var.backup_days
  backup_window            = "02:00-02:30" # UTC
  maintenance_window       = "sun:03:00-sun:04:00"
  copy_tags_to_snapshot    = true
  delete_automated_backups = !var.is_guarded
  deletion_protection      = var.is_guarded
  skip_final_snapshot      = !var.is_guarded
  # Of this network alone: the last snapshot of a stage doesn't stand in the way of the next one's.
  final_snapshot_identifier = var.is_guarded ? "${var.name}-final-${substr(sha256(var.vpc_id), 0, 8)}" : null

  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  apply_immediately           = false # a change that restarts waits for the window

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.storage_key_arn
  performance_insights_retention_period = 7 # days; longer costs
  monitoring_interval                   = var.is_highly_available ? 60 : 0
  monitoring_role_arn                   = one(aws_iam_role.monitoring[*].arn)
  enabled_cloudwatch_logs_exports       = keys(aws_cloudwatch_log_group.this)
}

# Made before the server would make them itself, unencrypted and for ever.
resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.storage_key_arn
}

resource "aws_iam_role" "monitoring" {
  count = var.is_highly_available ? 1 : 0

  name        = "database-monitoring-${var.name}"
  description = "Writes the operating system's figures of the database"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  count = var.is_highly_available ? 1 : 0

  role       = aws_iam_role.monitoring[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
