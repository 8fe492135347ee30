# A network without a way out: no internet gateway, no NAT, and so no public tier. The three tiers are functions,
# endpoints and database, each in two zones, and each reaches the next one only (decision 0060).

locals {
  tiers = ["functions", "endpoints", "database"]

  subnets = {
    for place in setproduct(range(length(local.tiers)), range(2)) :
    "${local.tiers[place[0]]}-${place[1]}" => {
      tier = local.tiers[place[0]]
      zone = "${var.region}${var.zones[place[1]]}"
      cidr = cidrsubnet(var.cidr, 4, place[0] * 4 + place[1]) # room for four zones a tier
    }
  }

  subnet_ids = {
    for tier in local.tiers : tier => [
      for name, subnet in local.subnets : aws_subnet.this[name].id if subnet.tier == tier
    ]
  }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # the KMS endpoint answers under KMS's own name

  tags = { Name = var.name }
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  cidr_block              = each.value.cidr
  availability_zone       = each.value.zone
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.key}", Tier = each.value.tier }
}

# A table without routes of its own: what AWS adds is the network itself and, for functions, the gateway endpoints.
resource "aws_route_table" "this" {
  for_each = toset(local.tiers)

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table_association" "this" {
  for_each = local.subnets

  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = aws_route_table.this[each.value.tier].id
}

# What AWS makes with every network and nobody asked for: emptied, so that nothing can rest on it.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-default-closed" }
}

resource "aws_default_route_table" "unused" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []

  tags = { Name = "${var.name}-default-unused" }
}
