output "personal_data_key_arn" {
  description = "What KMS_KEY_ID names."
  value       = aws_kms_key.this["personal_data"].arn
}

output "signing_key_arn" {
  description = "What SIGNING_KMS_KEY_ID names."
  value       = aws_kms_key.this["signing"].arn
}

output "storage_key_arn" {
  description = "Encrypts at rest whatever AWS stores for us."
  value       = aws_kms_key.this["storage"].arn
}
