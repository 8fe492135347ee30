# Chalice can subscribe a function to a stream, but not say what becomes of a batch that fails; so this does it.

resource "aws_lambda_event_source_mapping" "egress" {
  count = var.egress == null ? 0 : 1

  function_name     = "${var.name}-${var.egress.function}"
  event_source_arn  = var.egress.stream_arn
  starting_position = "TRIM_HORIZON" # errands written before the function existed are done too
  batch_size        = 25

  function_response_types            = ["ReportBatchItemFailures"] # what was done isn't done again
  bisect_batch_on_function_error     = true                        # one poisoned record fails alone
  maximum_retry_attempts             = 10
  maximum_record_age_in_seconds      = 6 * 3600 # of the 24 hours that a stream keeps: the rest is for whoever is woken
  maximum_batching_window_in_seconds = 0

  # Not what the function itself writes into an errand, nor what expired: it would run for nothing.
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = var.egress.events })
    }
  }

  destination_config {
    on_failure {
      destination_arn = var.egress.dead_letters_arn
    }
  }
}
