# Who may use the storage key: AWS's own services, on behalf of this account and of nobody else.

locals {
  service_calls = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]

  storage_statements = [
    {
      Sid       = "ThroughServices"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = local.service_calls
      Resource  = "*"
      Condition = {
        StringEquals = {
          "kms:CallerAccount" = var.account_id
          "kms:ViaService" = [
            for service in ["dynamodb", "ec2", "rds", "s3", "secretsmanager", "sns"] :
            "${service}.${var.region}.amazonaws.com"
          ]
        }
      }
    },
    {
      Sid       = "GrantsToServices" # DynamoDB, RDS, EBS and the master's secret work by grants, which outlive the caller
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = ["kms:CreateGrant", "kms:ListGrants"]
      Resource  = "*"
      Condition = {
        Bool = { "kms:GrantIsForAWSResource" = "true" }
        StringEquals = {
          "kms:CallerAccount" = var.account_id
          "kms:ViaService" = [
            for service in ["dynamodb", "ec2", "rds", "secretsmanager"] : "${service}.${var.region}.amazonaws.com"
          ]
        }
      }
    },
    {
      Sid       = "Logs"
      Effect    = "Allow"
      Principal = { Service = "logs.${var.region}.amazonaws.com" }
      Action    = local.service_calls
      Resource  = "*"
      Condition = {
        ArnLike = {
          "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${var.region}:${var.account_id}:log-group:*"
        }
      }
    },
    {
      Sid       = "Trails"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = ["kms:DescribeKey", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = {
        StringEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:${var.region}:${var.account_id}:trail/${var.name}" }
      }
    },
    {
      Sid       = "Alarms" # an encrypted topic, and who publishes to it
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    },
    {
      Sid       = "AlarmsWithoutSource" # a condition on the source would drop every message silently: decision 0133
      Effect    = "Allow"
      Principal = { Service = ["budgets.amazonaws.com", "events.amazonaws.com"] }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
    },
  ]
}
