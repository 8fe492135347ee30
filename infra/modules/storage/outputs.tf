output "vault_table" {
  description = "Name of the key vault, VAULT_TABLE."
  value       = aws_dynamodb_table.vault.name
}

output "vault_table_arn" {
  description = "ARN of the key vault, for the functions' policies."
  value       = aws_dynamodb_table.vault.arn
}

output "egress_table" {
  description = "Name of the egress table."
  value       = aws_dynamodb_table.egress.name
}

output "egress_table_arn" {
  description = "ARN of the egress table, for the functions' policies."
  value       = aws_dynamodb_table.egress.arn
}

output "egress_stream_arn" {
  description = "ARN of the egress table's stream, for egress-deliver's policy and event source."
  value       = aws_dynamodb_table.egress.stream_arn
}

output "egress_dead_letters_arn" {
  description = "ARN of the queue where undeliverable batches end; egress-deliver may send to it."
  value       = aws_sqs_queue.egress_dead_letters.arn
}

output "egress_dead_letters" {
  description = "Name of that queue, for its alarm."
  value       = aws_sqs_queue.egress_dead_letters.name
}

output "evidence_bucket" {
  description = "Name of the evidence bucket, EVIDENCE_BUCKET."
  value       = aws_s3_bucket.evidence.bucket
}

output "evidence_bucket_arn" {
  description = "ARN of the evidence bucket, for the functions' policies and the trail."
  value       = aws_s3_bucket.evidence.arn
}

output "provider_keys_bucket" {
  description = "Name of the bucket of Google's and Apple's keys, in GOOGLE_KEYS_URL."
  value       = aws_s3_bucket.provider_keys.bucket
}

output "provider_keys_bucket_arn" {
  description = "ARN of that bucket, for the functions' policies."
  value       = aws_s3_bucket.provider_keys.arn
}
