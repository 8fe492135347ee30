# The role that a workflow releases with: GitHub vouches for repository and environment, and no key is stored.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Application = "serenya-auth"
      ManagedBy   = "terraform"
    }
  }
}

# An account has one provider for an address: whoever has it already says so.
data "aws_iam_openid_connect_provider" "github" {
  count = var.has_oidc_provider ? 1 : 0
  url   = "https://token.actions.githubusercontent.com"
}

locals {
  oidc_provider_arn = var.has_oidc_provider ? data.aws_iam_openid_connect_provider.github[0].arn : aws_iam_openid_connect_provider.github[0].arn
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.has_oidc_provider ? 0 : 1

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "release" {
  for_each = var.stages

  name                 = "serenya-auth-release-${each.key}"
  description          = "Releases ${each.key} from GitHub's environment of that name"
  max_session_duration = 7200 # seconds; a first release waits half an hour for the database

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${var.repository}:environment:${each.key}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "release" {
  for_each = { for pair in setproduct(var.stages, var.policy_arns) : join(" ", pair) => pair }

  role       = aws_iam_role.release[each.value[0]].name
  policy_arn = each.value[1]
}
