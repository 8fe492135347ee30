# A plan of each stage's own values, for `make cost`: tests/ fixes some of them, this none.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  rest_api_id   = "a1b2c3d4e5"
  release       = "planned"
  imports_stage = false
}

run "plan" {
  command = plan
}
