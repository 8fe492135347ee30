output "personal_data_key_arn" {
  description = "What KMS_KEY_ID names: the key that wraps now."
  value       = aws_kms_key.this[local.wraps_now.personal_data].arn
}

output "personal_data_key_arns" {
  description = "Every key that wraps or wrapped people's data keys and the service's secrets, the first one first."
  value       = [for key in local.generations.personal_data : aws_kms_key.this[key].arn]
}

output "signing_key_arn" {
  description = "What SIGNING_KMS_KEY_ID names: the key that wraps now."
  value       = aws_kms_key.this[local.wraps_now.signing].arn
}

output "signing_key_arns" {
  description = "Every key that wraps or wrapped signing keys, the first one first."
  value       = [for key in local.generations.signing : aws_kms_key.this[key].arn]
}

output "storage_key_arn" {
  description = "Encrypts at rest whatever AWS stores for us."
  value       = aws_kms_key.this["storage"].arn
}
