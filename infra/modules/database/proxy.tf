# RDS Proxy keeps connections over a failover and shares few of them among many functions. It takes IAM tokens over
# TLS, and itself logs in with a password that it reads from a secret. Here the secret is made empty: the release
# fills it, so that no state and no function ever holds the password (decision 0061).

resource "aws_secretsmanager_secret" "app" {
  #checkov:skip=CKV2_AWS_57:The release makes a new password together with the role's verifier: Lambda can't, see decision 0061
  count = var.is_highly_available ? 1 : 0

  name_prefix             = "${var.name}/database/${local.app_role}-" # a deleted one keeps its name for a week
  description             = "What RDS Proxy logs in with; nobody else reads it"
  kms_key_id              = var.storage_key_arn
  recovery_window_in_days = 7
}

resource "aws_db_proxy" "this" {
  count = var.is_highly_available ? 1 : 0

  name                   = var.name
  engine_family          = "POSTGRESQL"
  role_arn               = aws_iam_role.proxy[0].arn
  vpc_subnet_ids         = var.subnet_ids
  vpc_security_group_ids = [aws_security_group.proxy[0].id]
  require_tls            = true
  debug_logging          = false # it would log statements
  idle_client_timeout    = 1800  # seconds; a frozen function's connection is given back

  auth {
    auth_scheme               = "SECRETS"
    client_password_auth_type = "POSTGRES_SCRAM_SHA_256"
    iam_auth                  = "REQUIRED"
    secret_arn                = aws_secretsmanager_secret.app[0].arn
  }

  depends_on = [aws_cloudwatch_log_group.proxy]
}

resource "aws_db_proxy_default_target_group" "this" {
  count = var.is_highly_available ? 1 : 0

  db_proxy_name = aws_db_proxy.this[0].name

  connection_pool_config {
    connection_borrow_timeout    = 2  # seconds; a request owes its answer within 10
    max_connections_percent      = 80 # the rest is for migrations and for people
    max_idle_connections_percent = 20
  }
}

resource "aws_db_proxy_target" "this" {
  count = var.is_highly_available ? 1 : 0

  db_proxy_name          = aws_db_proxy.this[0].name
  target_group_name      = aws_db_proxy_default_target_group.this[0].name
  db_instance_identifier = aws_db_instance.this.identifier
}

resource "aws_cloudwatch_log_group" "proxy" {
  count = var.is_highly_available ? 1 : 0

  name              = "/aws/rds/proxy/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.storage_key_arn
}

resource "aws_iam_role" "proxy" {
  count = var.is_highly_available ? 1 : 0

  name        = "database-proxy-${var.name}"
  description = "Lets RDS Proxy read the one secret that it logs in with"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "proxy" {
  count = var.is_highly_available ? 1 : 0

  name = "read-the-secret"
  role = aws_iam_role.proxy[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = aws_secretsmanager_secret.app[0].arn
      },
      {
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.storage_key_arn
        Condition = { StringEquals = { "kms:EncryptionContext:SecretARN" = aws_secretsmanager_secret.app[0].arn } }
      },
    ]
  })
}
