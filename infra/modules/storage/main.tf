# What must not lie in PostgreSQL: the key vault and the evidence outlive or forget what a restored database can't.
# The network has no way in or out: provider keys come through a bucket, and what must go out goes through a table.

locals {
  # 7 years and the leap days in them: RETENTION in chalicelib/domain/audit_seals.py and RECORDS_KEPT in erasure.py.
  evidence_days = var.is_guarded ? 7 * 365 + 2 : 1

  buckets = {
    evidence      = aws_s3_bucket.evidence
    provider-keys = aws_s3_bucket.provider_keys
  }
}

# --- The key vault ---------------------------------------------------------------------------------------------

# Deleting an item is how a person is erased, everywhere at once. A table that could be brought back to yesterday
# would bring the key back too, so no backup is made of it: what stands against losing it is DynamoDB's three zones,
# the protection against deletion, and policies in which nobody but the service may write to it.
resource "aws_dynamodb_table" "vault" {
  #checkov:skip=CKV_AWS_28:A copy from before an erasure would make an erased person readable again
  #checkov:skip=CKV2_AWS_16:Paid by the request; there is no capacity to scale
  name                        = "${var.name}-vault"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "user_id"
  deletion_protection_enabled = true # in every stage: without it, one `destroy` erases everybody

  attribute {
    name = "user_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = false # an erased key must not come back (decision 0067)
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.storage_key_arn
  }
}

# --- The way out of the network --------------------------------------------------------------------------------

# One item an errand: Apple's code exchange, a revocation, a webhook. The stream hands it to a function outside the
# VPC; what that one learns, it writes back into the item.
resource "aws_dynamodb_table" "egress" {
  #checkov:skip=CKV_AWS_28:Errands live for days; the outbox in PostgreSQL can write them again
  #checkov:skip=CKV2_AWS_16:Paid by the request; there is no capacity to scale
  name                        = "${var.name}-egress"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  stream_enabled              = true
  stream_view_type            = "NEW_IMAGE" # the function needs the errand, never what it replaced
  deletion_protection_enabled = var.is_guarded

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "queue"
    type = "S"
  }

  attribute {
    name = "due_at"
    type = "N"
  }

  # Only what somebody waits for has both attributes: an errand that is over costs no entry, and nothing is scanned.
  global_secondary_index {
    name            = "queue"
    hash_key        = "queue"
    range_key       = "due_at"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = false
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.storage_key_arn
  }
}

# Where the stream's batches end that failed too often or grew too old; the alarm egress-dead-letters looks at it.
# A message names shard and sequence numbers, and holds no data.
resource "aws_sqs_queue" "egress_dead_letters" {
  name                      = "${var.name}-egress-dead-letters"
  message_retention_seconds = 14 * 86400 # the longest that SQS keeps one
  sqs_managed_sse_enabled   = true
}

# --- Evidence: seals of the audit record, the ledger of erasures -----------------------------------------------

resource "aws_s3_bucket" "evidence" {
  #checkov:skip=CKV_AWS_18:CloudTrail records every write to it, with who it was, which access logs do badly
  #checkov:skip=CKV_AWS_144:A second region would be a second place of processing; S3 keeps it in three zones
  #checkov:skip=CKV2_AWS_62:Nobody waits for these objects
  bucket_prefix       = "${var.name}-evidence-" # another one than that of a stage that was destroyed, and is still locked
  object_lock_enabled = true
  force_destroy       = !var.is_guarded
}

resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    default_retention {
      # COMPLIANCE: not even the account's root shortens it. Elsewhere one day, so that a stage can be given up.
      mode = var.is_guarded ? "COMPLIANCE" : "GOVERNANCE"
      days = local.evidence_days
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    bucket_key_enabled = true # one call to KMS for many objects
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.storage_key_arn
    }
  }
}

# Current versions stay: a seal vouches for the next one for as long as there is an audit record, and the ledger
# matters for as long as a copy of the database may turn up.
resource "aws_s3_bucket_lifecycle_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id

  rule {
    id     = "repeated-writes"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = local.evidence_days
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.all]
}

# --- Provider keys: Google's and Apple's public keys, fetched outside the network ------------------------------

resource "aws_s3_bucket" "provider_keys" {
  #checkov:skip=CKV_AWS_18:Public keys, read all day; CloudTrail records who wrote them
  #checkov:skip=CKV_AWS_144:Fetched anew every hour
  #checkov:skip=CKV_AWS_145:Public keys: encrypting them under a key of ours would let KMS stop a sign-in that needs none
  #checkov:skip=CKV2_AWS_62:Containers look by themselves
  bucket        = "${var.name}-provider-keys-${var.account_id}"
  force_destroy = true # one fetch makes it whole again
}

resource "aws_s3_bucket_server_side_encryption_configuration" "provider_keys" {
  bucket = aws_s3_bucket.provider_keys.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "provider_keys" {
  bucket = aws_s3_bucket.provider_keys.id

  rule {
    id     = "earlier-fetches"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30 # which keys there were on the day of an incident
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.all]
}

# --- What holds for every bucket -------------------------------------------------------------------------------

resource "aws_s3_bucket_versioning" "all" {
  for_each = local.buckets
  bucket   = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "all" {
  for_each                = local.buckets
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "all" {
  for_each = local.buckets
  bucket   = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "all" {
  for_each = local.buckets
  bucket   = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${each.value.bucket}", "arn:aws:s3:::${each.value.bucket}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.all]
}
