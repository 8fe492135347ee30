# What the vault, the egress table and the buckets promise, whatever else changes.

mock_provider "aws" {}

variables {
  name            = "serenya-auth-prod"
  account_id      = "123456789012"
  storage_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/storage"
  is_guarded      = true
}

run "the_vault_is_found_by_person_and_paid_by_request" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.vault.hash_key == "user_id" && aws_dynamodb_table.vault.range_key == null
    error_message = "One item a person: USER_ID in chalicelib/clients/key_vault.py is the whole key."
  }
  assert {
    condition     = aws_dynamodb_table.vault.billing_mode == "PAY_PER_REQUEST"
    error_message = "The vault has no capacity to run out of."
  }
}

run "the_vault_has_no_copy_that_brings_an_erased_person_back" {
  command = plan

  assert {
    condition     = !aws_dynamodb_table.vault.point_in_time_recovery[0].enabled
    error_message = "Point-in-time recovery would undo erasures."
  }
  assert {
    condition     = coalesce(aws_dynamodb_table.vault.stream_enabled, false) == false && length(aws_dynamodb_table.vault.replica) == 0
    error_message = "Neither stream nor replica: both are copies."
  }
}

run "the_vault_is_not_deleted_by_mistake_in_any_stage" {
  command = plan
  variables {
    is_guarded = false
  }

  assert {
    condition     = aws_dynamodb_table.vault.deletion_protection_enabled
    error_message = "Without the vault, everybody is erased."
  }
}

run "tables_are_encrypted_under_our_key" {
  command = plan

  assert {
    condition = alltrue([for table in [aws_dynamodb_table.vault, aws_dynamodb_table.egress] :
      table.server_side_encryption[0].enabled && table.server_side_encryption[0].kms_key_arn == var.storage_key_arn
    ])
    error_message = "Vault and egress are encrypted under the storage key."
  }
}

run "errands_are_streamed_and_forgotten" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.egress.hash_key == "id" && aws_dynamodb_table.egress.range_key == null
    error_message = "The egress table's key is id."
  }
  assert {
    condition     = aws_dynamodb_table.egress.stream_enabled && aws_dynamodb_table.egress.stream_view_type == "NEW_IMAGE"
    error_message = "The stream carries the new image."
  }
  assert {
    condition     = aws_dynamodb_table.egress.ttl[0].enabled && aws_dynamodb_table.egress.ttl[0].attribute_name == "expires_at"
    error_message = "Errands expire."
  }
  assert {
    condition     = aws_sqs_queue.egress_dead_letters.sqs_managed_sse_enabled && aws_sqs_queue.egress_dead_letters.message_retention_seconds == 1209600
    error_message = "Dead letters are encrypted, and kept for as long as SQS can."
  }
}

run "evidence_is_locked_for_seven_years_where_people_are_real" {
  command = plan

  assert {
    condition     = aws_s3_bucket.evidence.object_lock_enabled
    error_message = "Object Lock is on from the bucket's first day: it can't be added later."
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.evidence.rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "Nobody may shorten the lock."
  }
  assert {
    condition     = !aws_s3_bucket.evidence.force_destroy
    error_message = "Evidence isn't emptied to be destroyed."
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.evidence.rule[0].default_retention[0].days == 2557
    error_message = "7 years, the leap days included."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.evidence.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.storage_key_arn
    error_message = "Evidence is encrypted under the storage key."
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.evidence.rule : alltrue([for expiration in rule.expiration : expiration.expired_object_delete_marker == true])])
    error_message = "No current version of evidence ever expires: only markers without versions do."
  }
}

run "a_new_stage_has_a_bucket_of_its_own_beside_locked_evidence" {
  command = plan

  assert {
    condition     = aws_s3_bucket.evidence.bucket_prefix == "${var.name}-evidence-" && length(aws_s3_bucket.evidence.bucket_prefix) <= 37
    error_message = "AWS makes the name, from a prefix that S3 takes."
  }
}

run "a_stage_without_real_people_can_be_given_up" {
  command = plan
  variables {
    is_guarded = false
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.evidence.rule[0].default_retention[0].mode == "GOVERNANCE" && aws_s3_bucket_object_lock_configuration.evidence.rule[0].default_retention[0].days == 1
    error_message = "Elsewhere the lock holds a day, and those with the permission may lift it."
  }
}

run "every_bucket_is_closed" {
  command = plan

  override_resource {
    target          = aws_s3_bucket.evidence
    override_during = plan
    values          = { bucket = "serenya-auth-dev-evidence-20260101000000000000000001" }
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_public_access_block.all)) == toset(["evidence", "provider-keys"])
    error_message = "What holds for every bucket holds for these two."
  }
  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.all : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "No public access, in any of its four ways."
  }
  assert {
    condition     = alltrue([for controls in aws_s3_bucket_ownership_controls.all : controls.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "The bucket's owner owns every object; there are no ACLs."
  }
  assert {
    condition     = alltrue([for versioning in aws_s3_bucket_versioning.all : versioning.versioning_configuration[0].status == "Enabled"])
    error_message = "Every bucket is versioned."
  }
  assert {
    condition = alltrue([for name, policy in aws_s3_bucket_policy.all : anytrue([
      for statement in jsondecode(policy.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*" && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } } && length(statement.Resource) == 2
    ])])
    error_message = "Nothing is read or written without TLS."
  }
}
