# What would be a way out of the network. A mock of a resource is looked at only when somebody declares one, and this
# one can't be made: so every test of a module that does fails, with these words in it.

mock_resource "aws_customer_gateway" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_ec2_transit_gateway_vpc_attachment" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_egress_only_internet_gateway" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_eip" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_internet_gateway" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_nat_gateway" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_route" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_vpc_peering_connection" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}

mock_resource "aws_vpn_gateway" {
  override_during = plan
  defaults = {
    id = { "the network" = "has no way out" }
  }
}
