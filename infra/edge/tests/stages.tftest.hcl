# That the parts fit together, and values that a stage can't have.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_dynamodb_table" {
    defaults = { stream_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/serenya-auth-prod-egress/stream/1" }
  }
}

variables {
  stage               = "prod"
  owner               = "identity"
  has_web_acl         = true
  requests_per_second = 500
  requests_burst      = 1000
  rest_api_id         = "a1b2c3d4e5"
  release             = "first"
  domain_name         = "auth.example.com"
  certificate_arn     = "arn:aws:acm:eu-west-1:123456789012:certificate/one"
  has_egress          = true
  imports_stage       = false # a mocked provider has nothing to import
}

run "the_parts_fit" {
  command = plan

  assert {
    condition     = local.name == "serenya-auth-prod" && data.aws_dynamodb_table.egress[0].name == "serenya-auth-prod-egress"
    error_message = "Names are those that the first root and Chalice gave."
  }
  assert {
    condition     = local.here == "eu-west-1:123456789012"
    error_message = "ARNs are of this region and account."
  }
}

run "no_app_on_the_web_reads_the_gateways_own_answers_unless_it_is_set" {
  command = plan

  assert {
    condition     = length([for response in local.gateway_responses : response if anytrue([for name in keys(response.headers) : startswith(name, "Access-Control")])]) == 0
    error_message = "No CORS header by default."
  }
}

run "the_gateways_own_answers_carry_the_headers_of_the_setting" {
  command = plan
  variables {
    cors_headers = { "Access-Control-Allow-Origin" = "https://app.example.com" }
  }

  assert {
    condition     = alltrue([for response in local.gateway_responses : response.headers["Access-Control-Allow-Origin"] == "'https://app.example.com'" && response.headers["X-Request-Id"] == "context.requestId"])
    error_message = "Each response has its own headers and the setting's."
  }
}

run "a_header_with_a_quote_is_refused" {
  command = plan
  variables {
    cors_headers = { "Access-Control-Allow-Origin" = "https://app.example.com'" }
  }
  expect_failures = [var.cors_headers]
}

run "prod_without_a_web_acl_is_refused" {
  command = plan
  variables {
    has_web_acl = false
  }
  expect_failures = [var.has_web_acl]
}

run "an_id_that_is_none_is_refused" {
  command = plan
  variables {
    rest_api_id = "https://example.com"
  }
  expect_failures = [var.rest_api_id]
}

run "a_release_without_a_name_is_refused" {
  command = plan
  variables {
    release = ""
  }
  expect_failures = [var.release]
}
