mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name       = "serenya-auth-dev"
  account_id = "123456789012"
  region     = "eu-west-1"
  is_guarded = false
}

run "keys_are_ours_rotated_and_apart" {
  command = plan

  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["personal_data", "signing", "storage"])
    error_message = "Personal data, signing and storage each have a key of their own."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.rotation_period_in_days == 2560])
    error_message = "Every key is rotated, as seldom as can be where it keeps nobody's data."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.deletion_window_in_days == 7])
    error_message = "A key of a stage that was destroyed is gone in a week."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : !key.multi_region])
    error_message = "A key has no copy in another region."
  }
}

run "administrators_can_open_nothing" {
  command = plan

  assert {
    condition = alltrue([
      for key in aws_kms_key.this : length([
        for statement in jsondecode(key.policy).Statement : statement
        if statement.Effect == "Allow" && statement.Sid == "Administration" && anytrue([
          for action in flatten([statement.Action]) :
          can(regex("^(\\*|kms:(\\*|Decrypt|Encrypt|ReEncrypt.*|GenerateDataKey.*|CreateGrant))$", action))
        ])
      ]) == 0
    ])
    error_message = "Administration neither encrypts nor decrypts."
  }

  assert {
    condition = alltrue(flatten([
      for key in aws_kms_key.this : [
        for statement in jsondecode(key.policy).Statement :
        statement.Effect == "Deny" || contains(["Administration", "AlarmsWithoutSource"], statement.Sid) || can(statement.Condition)
      ]
    ]))
    error_message = "Whatever else is allowed has conditions."
  }

  assert {
    condition = alltrue(flatten([
      for key in aws_kms_key.this : [
        for statement in jsondecode(key.policy).Statement : [
          for action in flatten([statement.Action]) : !contains(["*", "kms:*"], action)
        ]
      ]
    ]))
    error_message = "No statement allows everything."
  }
}

run "the_applications_keys_open_only_with_a_context" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for name in ["personal_data", "signing"] : [
        for statement in jsondecode(aws_kms_key.this[name].policy).Statement :
        can(statement.Condition.StringEquals["kms:EncryptionContext:purpose"]) &&
        can(statement.Condition["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]) &&
        alltrue([for missing in values(statement.Condition.Null) : missing == "false"])
        if statement.Sid != "Administration"
      ]
    ]))
    error_message = "Use demands the purpose and exactly its fields."
  }

  assert {
    condition = alltrue(flatten([
      for name in ["personal_data", "signing"] : [
        for statement in jsondecode(aws_kms_key.this[name].policy).Statement :
        statement.Condition.ArnLike["aws:PrincipalArn"] == "arn:aws:iam::123456789012:role/serenya-auth-dev*"
        if statement.Sid != "Administration"
      ]
    ]))
    error_message = "Only the functions of this stage use the application's keys."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this["signing"].policy).Statement :
      statement.Condition.StringEquals["kms:EncryptionContext:purpose"] == "signing_key"
      if statement.Sid != "Administration"
    ])
    error_message = "The signing key wraps signing keys only."
  }
}

run "the_storage_key_serves_services_only" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this["storage"].policy).Statement :
      can(statement.Principal.Service) || can(statement.Condition.StringEquals["kms:ViaService"])
      if statement.Sid != "Administration"
    ])
    error_message = "Nobody decrypts with the storage key directly."
  }
}

run "events_and_budgets_reach_the_encrypted_topic" {
  command = plan

  assert {
    condition = alltrue([
      for service in ["budgets.amazonaws.com", "events.amazonaws.com"] : anytrue([
        for statement in jsondecode(aws_kms_key.this["storage"].policy).Statement :
        !can(statement.Condition) && contains(flatten([try(statement.Principal.Service, [])]), service) &&
        toset(statement.Action) == toset(["kms:Decrypt", "kms:GenerateDataKey*"])
      ])
    ])
    error_message = "EventBridge and Budgets name no source account when they publish: a condition on it drops what they tell."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this["storage"].policy).Statement :
      toset(flatten([statement.Principal.Service])) == toset(["budgets.amazonaws.com", "events.amazonaws.com"])
      if statement.Effect == "Allow" && !can(statement.Condition) && statement.Sid != "Administration"
    ])
    error_message = "Nobody else uses the storage key without a condition."
  }
}

run "a_guarded_key_can_not_be_deleted" {
  command = plan

  variables {
    is_guarded = true
  }

  assert {
    condition = alltrue([
      for key in aws_kms_key.this : anytrue([
        for statement in jsondecode(key.policy).Statement :
        statement.Effect == "Deny" && contains(statement.Action, "kms:ScheduleKeyDeletion") &&
        contains(statement.Action, "kms:DisableKey") && contains(statement.Action, "kms:DisableKeyRotation")
      ])
    ])
    error_message = "Nobody deletes, disables or stops the rotation of a guarded key."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.deletion_window_in_days == 30])
    error_message = "A guarded key that was scheduled for deletion can be saved for 30 days."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.rotation_period_in_days <= 365])
    error_message = "Every guarded key is rotated at least once a year."
  }
}

run "a_new_key_stands_beside_the_old_one_and_wraps_nothing_yet" {
  command = plan

  variables {
    kms_generation = { personal_data = 2, signing = 1 }
  }

  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["personal_data", "personal_data-2", "signing", "storage"])
    error_message = "One more key for this purpose."
  }

  assert {
    condition     = aws_kms_key.this["personal_data-2"].policy == aws_kms_key.this["personal_data"].policy
    error_message = "The new key opens as the old one does."
  }

  assert {
    condition     = local.wraps_now.personal_data == "personal_data" && local.generations.personal_data == ["personal_data", "personal_data-2"]
    error_message = "The old key wraps on, and comes first in the history."
  }
}

run "then_the_new_key_wraps_and_the_old_one_still_opens" {
  command = plan

  variables {
    kms_generation = { personal_data = 2, signing = 1 }
    wraps_with     = { personal_data = 2, signing = 1 }
  }

  assert {
    condition     = local.wraps_now.personal_data == "personal_data-2" && local.generations.personal_data == ["personal_data", "personal_data-2"]
    error_message = "The new key wraps, and both are in the history."
  }
}

run "an_old_key_goes_when_nothing_is_wrapped_with_it" {
  command = plan

  variables {
    kms_generation = { personal_data = 2, signing = 1 }
    wraps_with     = { personal_data = 2, signing = 1 }
    kms_oldest     = { personal_data = 2, signing = 1 }
  }

  assert {
    condition     = toset(keys(aws_kms_key.this)) == toset(["personal_data-2", "signing", "storage"])
    error_message = "The new key keeps its name."
  }
}

run "a_key_that_does_not_exist_wraps_nothing" {
  command = plan

  variables {
    wraps_with = { personal_data = 2, signing = 1 }
  }

  expect_failures = [var.wraps_with]
}

run "the_key_that_wraps_stays" {
  command = plan

  variables {
    kms_generation = { personal_data = 2, signing = 1 }
    kms_oldest     = { personal_data = 2, signing = 1 }
  }

  expect_failures = [var.kms_oldest]
}

run "a_wrong_account_is_refused" {
  command = plan

  variables {
    account_id = "me"
  }

  expect_failures = [var.account_id]
}
