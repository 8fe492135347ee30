# The ways to AWS. Each lets our account's principals reach our account's things of this stage: stolen credentials
# of another account can't carry data out through them, and ours can't carry it into another account.

locals {
  ours = {
    StringEquals = {
      "aws:PrincipalAccount" = var.account_id
      "aws:ResourceAccount"  = var.account_id
    }
  }

  policies = {
    s3 = {
      actions   = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
      resources = ["arn:aws:s3:::${var.name}-*"]
    }
    dynamodb = {
      actions = [
        "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan",
        "dynamodb:UpdateItem",
      ]
      resources = ["arn:aws:dynamodb:${var.region}:${var.account_id}:table/${var.name}-*"]
    }
    kms = {
      actions = [
        "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
      ]
      resources = var.kms_key_arns
    }
  }

  endpoint_policies = {
    for service, policy in local.policies : service => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = "*"
        Action    = policy.actions
        Resource  = policy.resources
        Condition = local.ours
      }]
    })
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this["functions"].id]
  policy            = local.endpoint_policies.s3

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this["functions"].id]
  policy            = local.endpoint_policies.dynamodb

  tags = { Name = "${var.name}-dynamodb" }
}

resource "aws_vpc_endpoint" "kms" {
  count = var.is_asleep ? 0 : 1 # paid by the hour

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.kms"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = slice(local.subnet_ids.endpoints, 0, var.endpoints_in_zones)
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  policy              = local.endpoint_policies.kms

  tags = { Name = "${var.name}-kms" }
}
