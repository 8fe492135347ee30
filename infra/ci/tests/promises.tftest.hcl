# Nobody but the named environment of the named repository becomes the role.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/release" }
  }
}

variables {
  repository  = "somebody/serenya-auth"
  stages      = ["dev"]
  policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
}

run "one_environment_of_one_repository" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.release["dev"].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:somebody/serenya-auth:environment:dev"
        }
      }
    }]
    error_message = "The trust names audience, repository and environment, each exactly."
  }
}

run "a_provider_that_the_account_has_is_used" {
  command = plan

  override_data {
    target          = data.aws_iam_openid_connect_provider.github
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:oidc-provider/the-one-there-is" }
  }

  variables {
    has_oidc_provider = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && jsondecode(aws_iam_role.release["dev"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/the-one-there-is"
    error_message = "An account has one provider for an address."
  }
}

run "a_repository_is_named_with_its_ids_where_github_does" {
  command = plan

  variables {
    repository = "somebody@123456/serenya-auth@456789"
  }

  assert {
    condition = (
      jsondecode(aws_iam_role.release["dev"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]
      == "repo:somebody@123456/serenya-auth@456789:environment:dev"
    )
    error_message = "The trust names the ids, which nobody else ever gets."
  }
}

run "half_of_the_ids_is_refused" {
  command = plan
  variables { repository = "somebody@123456/serenya-auth" }
  expect_failures = [var.repository]
}

run "a_pattern_is_refused" {
  command = plan
  variables { repository = "somebody/*" }
  expect_failures = [var.repository]
}
