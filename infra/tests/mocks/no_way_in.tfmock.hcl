# What would let somebody in: as in no_way_out.tfmock.hcl it can't be made, whatever address or group it names. A test
# names the rules that there are with `override_resource`, and asserts what they say.

mock_resource "aws_security_group_rule" {
  override_during = plan
  defaults = {
    id = { "nobody" = "is let in but by the rules that the tests name" }
  }
}

mock_resource "aws_vpc_security_group_ingress_rule" {
  override_during = plan
  defaults = {
    id = { "nobody" = "is let in but by the rules that the tests name" }
  }
}
