# RDS starts a stopped server by itself after 7 days (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html).
# While the stage sleeps, Scheduler stops it again every hour; where it is stopped already, RDS refuses and nothing happens.

resource "aws_scheduler_schedule" "stop" {
  #checkov:skip=CKV_AWS_297:It holds the server's name, which is no secret
  count = var.is_asleep ? 1 : 0

  name                = "${var.name}-stop-database"
  description         = "Stops the server again that RDS started after 7 days"
  schedule_expression = "rate(1 hour)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance"
    role_arn = aws_iam_role.stop[0].arn
    input    = jsonencode({ DbInstanceIdentifier = var.name })

    retry_policy {
      maximum_retry_attempts = 0
    }
  }
}

resource "aws_iam_role" "stop" {
  count = var.is_asleep ? 1 : 0

  name        = "database-stop-${var.name}" # not ${var.name}-...: the keys are open to such roles
  description = "Lets Scheduler stop the one server"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "stop" {
  count = var.is_asleep ? 1 : 0

  name = "stop-the-server"
  role = aws_iam_role.stop[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "rds:StopDBInstance"
      Resource = "arn:aws:rds:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:db:${var.name}"
    }]
  })
}
