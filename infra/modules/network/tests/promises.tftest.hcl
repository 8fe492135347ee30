mock_provider "aws" {
  source = "../../tests/mocks"

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-west-1:123456789012:log-group:flows"
    }
  }

  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::123456789012:role/network-flows"
    }
  }
}

override_resource {
  target = aws_vpc_security_group_ingress_rule.endpoints
}

variables {
  name               = "serenya-auth-dev"
  account_id         = "123456789012"
  region             = "eu-west-1"
  cidr               = "10.20.0.0/20"
  endpoints_in_zones = 1
  kms_key_arns       = ["arn:aws:kms:eu-west-1:123456789012:key/personal", "arn:aws:kms:eu-west-1:123456789012:key/signing"]
  logs_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/storage"
  log_retention_days = 14
  logs_all_flows     = false
}

run "three_tiers_in_two_zones" {
  assert {
    condition     = length(aws_subnet.this) == 6 && length(toset([for subnet in aws_subnet.this : subnet.cidr_block])) == 6
    error_message = "Six subnets, each with addresses of its own."
  }

  assert {
    condition = alltrue([
      for tier in ["functions", "endpoints", "database"] :
      length(toset([for subnet in aws_subnet.this : subnet.availability_zone if subnet.tags.Tier == tier])) == 2
    ])
    error_message = "Each tier stands in two zones."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.this : !subnet.map_public_ip_on_launch])
    error_message = "Nothing gets a public address."
  }
}

run "there_is_no_way_out" {
  assert {
    condition = alltrue(concat(
      [for table in aws_route_table.this : length(try(coalesce(table.route, []), [])) == 0],
      [length(aws_default_route_table.unused.route) == 0],
    ))
    error_message = "No route table has a route of its own: neither to a NAT nor to anything else."
  }

  assert {
    condition = alltrue([
      for rule in concat(
        values(aws_vpc_security_group_egress_rule.to_endpoints), values(aws_vpc_security_group_egress_rule.to_gateways)
      ) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.from_port == 443 && rule.to_port == 443
    ])
    error_message = "Functions talk TLS, to groups and prefix lists, never to addresses."
  }

  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.endpoints :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.referenced_security_group_id != null
    ])
    error_message = "Endpoints are reached by group."
  }
}

run "the_default_group_is_closed" {
  assert {
    condition = (
      length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    )
    error_message = "The default security group lets nothing through."
  }
}

run "endpoints_let_only_ours_through" {
  assert {
    condition = alltrue([
      for endpoint in [aws_vpc_endpoint.s3, aws_vpc_endpoint.dynamodb, aws_vpc_endpoint.kms[0]] : alltrue([
        for statement in jsondecode(endpoint.policy).Statement :
        statement.Condition.StringEquals["aws:PrincipalAccount"] == "123456789012" &&
        statement.Condition.StringEquals["aws:ResourceAccount"] == "123456789012" &&
        !contains(flatten([statement.Resource]), "*") &&
        alltrue([for action in statement.Action : !endswith(action, "*")])
      ])
    ])
    error_message = "Each endpoint's policy names the account, the actions and the things."
  }

  assert {
    condition     = toset(jsondecode(aws_vpc_endpoint.kms[0].policy).Statement[0].Resource) == toset(var.kms_key_arns)
    error_message = "The KMS endpoint knows our keys only."
  }

  assert {
    condition = (
      aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.dynamodb.vpc_endpoint_type == "Gateway" &&
      aws_vpc_endpoint.kms[0].vpc_endpoint_type == "Interface" && aws_vpc_endpoint.kms[0].private_dns_enabled
    )
    error_message = "S3 and DynamoDB by free gateways, KMS by an interface under its own name."
  }
}

run "a_small_stage_pays_for_one_endpoint" {
  assert {
    condition     = length(aws_vpc_endpoint.kms[0].subnet_ids) == 1
    error_message = "One zone."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "REJECT"
    error_message = "Refused flows only."
  }
}

run "a_large_stage_survives_a_zone" {
  variables {
    endpoints_in_zones = 2
    logs_all_flows     = true
  }

  assert {
    condition     = length(aws_vpc_endpoint.kms[0].subnet_ids) == 2
    error_message = "An endpoint in every zone."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL"
    error_message = "All flows are logged."
  }
}

run "flow_logs_are_kept_as_declared_and_encrypted" {
  assert {
    condition = (
      aws_cloudwatch_log_group.flows.retention_in_days == 14 &&
      aws_cloudwatch_log_group.flows.kms_key_id == var.logs_key_arn
    )
    error_message = "Retention and key as declared."
  }

  assert {
    condition     = aws_flow_log.this.vpc_id == aws_vpc.this.id
    error_message = "They cover the whole network."
  }
}

run "a_small_network_is_refused" {
  command = plan

  variables {
    cidr = "10.0.0.0/24"
  }

  expect_failures = [var.cidr]
}

run "a_stage_that_sleeps_has_no_endpoint_that_is_paid_by_the_hour" {
  command = plan

  variables {
    is_asleep = true
  }

  assert {
    condition     = length(aws_vpc_endpoint.kms) == 0 && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "The interface goes, the free gateways stay."
  }
}
