# Migrations, jobs and operators reach the server; where there is a proxy, what serves requests reaches that alone.

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-database" }
}

resource "aws_security_group" "proxy" {
  #checkov:skip=CKV2_AWS_5:aws_db_proxy.this has it; the check doesn't follow an index
  count = var.is_highly_available ? 1 : 0

  name        = "${var.name}-proxy"
  description = "RDS Proxy"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-proxy" }
}

locals {
  server = aws_security_group.database.id
  proxy  = one(aws_security_group.proxy[*].id)

  ways = merge(
    { migrations_to_database = { from = var.migrations_security_group_id, to = local.server } },
    var.is_highly_available ? {
      functions_to_proxy = { from = var.functions_security_group_id, to = local.proxy }
      proxy_to_database  = { from = local.proxy, to = local.server }
      } : {
      functions_to_database = { from = var.functions_security_group_id, to = local.server }
    },
  )
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = local.ways

  description                  = "PostgreSQL, ${replace(each.key, "_", " ")}"
  security_group_id            = each.value.to
  referenced_security_group_id = each.value.from
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.ways

  description                  = "PostgreSQL, ${replace(each.key, "_", " ")}"
  security_group_id            = each.value.from
  referenced_security_group_id = each.value.to
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}
