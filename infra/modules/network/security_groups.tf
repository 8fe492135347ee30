# Who may talk to whom, by group and never by address. The database's own rules stand in its module.

resource "aws_security_group" "functions" {
  #checkov:skip=CKV2_AWS_5:Chalice attaches it to the functions that it deploys later
  name        = "${var.name}-functions"
  description = "The functions of the app"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-functions" }
}

# The only function that changes the schema, and in prod the only one that reaches PostgreSQL without the proxy.
resource "aws_security_group" "migrations" {
  #checkov:skip=CKV2_AWS_5:Chalice attaches it to the functions that it deploys later
  name        = "${var.name}-migrations"
  description = "The function that migrates the database"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-migrations" }
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

locals {
  callers = {
    functions  = aws_security_group.functions.id
    migrations = aws_security_group.migrations.id
  }
  gateways = {
    s3       = aws_vpc_endpoint.s3.prefix_list_id
    dynamodb = aws_vpc_endpoint.dynamodb.prefix_list_id
  }
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  for_each = local.callers

  description                  = "TLS to the interface endpoints"
  security_group_id            = each.value
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = local.callers

  description                  = "TLS from the ${each.key}"
  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_gateways" {
  for_each = local.gateways

  description       = "TLS to ${each.key} through its gateway endpoint"
  security_group_id = aws_security_group.functions.id
  prefix_list_id    = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
