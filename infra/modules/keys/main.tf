# Three keys, so that whoever may use one can't open what another one keeps. The application's two open only with
# the encryption context that the code sends (chalicelib/domain/key_life.py, chalicelib/services/keyring.py), and
# a test holds these conditions against that code.

locals {
  # An AWS account has no narrower name for "the functions of this stage": Chalice makes their roles later.
  functions = "arn:aws:iam::${var.account_id}:role/${var.name}*"

  administration = {
    Sid       = "Administration"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
    Resource  = "*"
    Action = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:DisableKey",
      "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:Get*", "kms:List*",
      "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
      "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ] # and no way to encrypt or decrypt
  }

  # What is lost with a key is lost in every backup too: it takes a change of the policy first.
  guard = {
    Sid       = "NoDeletion"
    Effect    = "Deny"
    Principal = { AWS = "*" }
    Resource  = "*"
    Action    = ["kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion"]
  }

  # By purpose: which calls the code makes, and exactly which fields their context has.
  uses = {
    personal_data = {
      personal_data = {
        actions = ["kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        fields  = ["purpose", "user_id", "version"]
      }
      egress = {
        actions = ["kms:Decrypt", "kms:Encrypt"]
        fields  = ["egress_id", "kind", "purpose"]
      }
      apple_client_key = {
        actions = ["kms:Decrypt", "kms:Encrypt"]
        fields  = ["key_id", "purpose", "team_id"]
      }
      webhook_secret = {
        actions = ["kms:Decrypt", "kms:Encrypt"]
        fields  = ["endpoint_id", "purpose", "version"]
      }
      service_key = {
        actions = ["kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        fields  = ["purpose", "use", "version"]
      }
    }
    signing = {
      signing_key = {
        actions = ["kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        fields  = ["kid", "purpose"]
      }
    }
  }

  descriptions = {
    personal_data = "Wraps the data key of each person and the service's secrets"
    signing       = "Wraps the private halves of the keys that sign access tokens"
    storage       = "Encrypts at rest: database, buckets, tables, logs, secrets, trails"
  }

  # By purpose the generations that exist, the oldest first; the first of all has no number in its name.
  generations = {
    for purpose in ["personal_data", "signing"] : purpose => [
      for number in range(var.kms_oldest[purpose], var.kms_generation[purpose] + 1) :
      number == 1 ? purpose : "${purpose}-${number}"
    ]
  }
  purposes = merge({ storage = "storage" }, [
    for purpose, keys in local.generations : { for key in keys : key => purpose }
  ]...)

  wraps_now = {
    for purpose, number in var.wraps_with : purpose => number == 1 ? purpose : "${purpose}-${number}"
  }

  own_statements = merge({ storage = local.storage_statements }, {
    for key, purposes in local.uses : key => [
      for purpose, use in purposes : {
        Sid       = "Use${replace(title(replace(purpose, "_", " ")), " ", "")}"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
        Action    = use.actions
        Resource  = "*"
        Condition = {
          ArnLike      = { "aws:PrincipalArn" = local.functions }
          StringEquals = { "kms:EncryptionContext:purpose" = purpose }
          # A context with a field too many or too few is not one of ours.
          "ForAllValues:StringEquals" = { "kms:EncryptionContextKeys" = use.fields }
          Null                        = { for field in use.fields : "kms:EncryptionContext:${field}" => "false" }
        }
      }
    ]
  })
}

resource "aws_kms_key" "this" {
  for_each = local.purposes

  description             = "${var.name}: ${local.descriptions[each.value]}"
  enable_key_rotation     = true
  rotation_period_in_days = var.is_guarded ? 365 : 2560 # a rotation adds a dollar a month to a key, for good
  deletion_window_in_days = var.is_guarded ? 30 : 7     # AWS's longest and shortest
  multi_region            = false                       # a copy elsewhere would open what was erased here

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.administration], var.is_guarded ? [local.guard] : [], local.own_statements[each.value],
    )
  })
}

resource "aws_kms_alias" "this" {
  for_each = aws_kms_key.this

  name          = "alias/${var.name}-${replace(each.key, "_", "-")}"
  target_key_id = each.value.key_id
}
