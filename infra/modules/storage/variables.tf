variable "name" {
  description = "Begins every name, application and stage: serenya-auth-dev."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "The AWS account; buckets are named with it, since their names are the world's."
  type        = string
  nullable    = false
}

variable "storage_key_arn" {
  description = "KMS key that encrypts the tables and the evidence at rest."
  type        = string
  nullable    = false
}

variable "is_guarded" {
  description = "True where real people's data is: evidence is locked for 7 years by COMPLIANCE, which nobody can undo."
  type        = bool
  nullable    = false
}
