# Who used which key, and who touched what must not be touched. KMS calls are management events: the first trail of a
# region gets them free, each with its encryption context, which holds ids only. Data events cost a dollar a million,
# so they are those that change something, or that people do by hand; reading one wrapped key isn't among them, since
# it opens nothing without a call to KMS.

locals {
  trail_name   = var.name # the storage key's policy lets a trail of this name, and no other, use it
  trail_arn    = "arn:aws:cloudtrail:${var.region}:${var.account_id}:trail/${local.trail_name}"
  trail_count  = var.has_trail ? 1 : 0
  trail_bucket = "${var.name}-trail-${var.account_id}"

  # What no schedule runs, people do: operators, releases. docs/operators.md finds the invocation by its request id.
  invoked = [for name, schedule in var.functions : "arn:aws:lambda:${var.region}:${var.account_id}:function:${var.name}-${name}" if schedule == null]
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_67:Everything lies in one region; the global services' events come along
  #checkov:skip=CKV_AWS_252:EventBridge tells the alarms of key changes within minutes; nobody waits for files
  #checkov:skip=CKV2_AWS_10:A copy in CloudWatch Logs costs 0.57 USD a GB, and nothing reads it
  count = local.trail_count

  name                          = local.trail_name
  s3_bucket_name                = aws_s3_bucket.trail[0].id
  kms_key_id                    = var.storage_key_arn
  enable_log_file_validation    = true # digests, signed by AWS: a file that was changed or is gone is noticed
  include_global_service_events = true
  is_multi_region_trail         = false

  advanced_event_selector {
    name = "Management events, KMS calls among them"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  advanced_event_selector {
    name = "Changes to evidence"
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
    field_selector {
      field       = "resources.ARN"
      starts_with = ["${var.evidence_bucket_arn}/"]
    }
    field_selector {
      field  = "readOnly"
      equals = ["false"]
    }
  }

  advanced_event_selector {
    name = "The vault, but for the reading of one key"
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::DynamoDB::Table"]
    }
    field_selector {
      field  = "resources.ARN"
      equals = [var.vault_table_arn]
    }
    field_selector {
      field      = "eventName"
      not_equals = ["GetItem"]
    }
  }

  advanced_event_selector {
    name = "Functions that people invoke"
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::Lambda::Function"]
    }
    field_selector {
      field  = "resources.ARN"
      equals = local.invoked
    }
  }

  depends_on = [aws_s3_bucket_policy.trail]
}

resource "aws_s3_bucket" "trail" {
  #checkov:skip=CKV_AWS_18:A log of the log's readers would want one of its own
  #checkov:skip=CKV_AWS_144:S3 keeps it in three zones
  #checkov:skip=CKV2_AWS_62:Nobody waits for these objects
  count = local.trail_count

  bucket        = local.trail_bucket
  force_destroy = !var.is_guarded
}

resource "aws_s3_bucket_policy" "trail" {
  count  = local.trail_count
  bucket = aws_s3_bucket.trail[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TrailLooks"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = "arn:aws:s3:::${local.trail_bucket}"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
      {
        Sid       = "TrailWrites"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::${local.trail_bucket}/AWSLogs/${var.account_id}/*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn, "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${local.trail_bucket}", "arn:aws:s3:::${local.trail_bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.trail]
}

resource "aws_s3_bucket_public_access_block" "trail" {
  count = local.trail_count

  bucket                  = aws_s3_bucket.trail[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "trail" {
  count  = local.trail_count
  bucket = aws_s3_bucket.trail[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "trail" {
  count  = local.trail_count
  bucket = aws_s3_bucket.trail[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "trail" {
  count  = local.trail_count
  bucket = aws_s3_bucket.trail[0].id

  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.storage_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count  = local.trail_count
  bucket = aws_s3_bucket.trail[0].id

  rule {
    id     = "end"
    status = "Enabled"
    filter {}

    # 45 CFR 164.316(b)(2)(i) asks for 6 years of such records; we keep them as long as the audit record.
    expiration {
      days = var.is_guarded ? 7 * 365 + 2 : 90
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.trail]
}
