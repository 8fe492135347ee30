variable "application" {
  description = "Name of the Chalice app; its API has the same in every stage."
  type        = string
  nullable    = false
}

variable "stage" {
  description = "dev, staging or prod."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Application and stage, with a hyphen: Chalice names the functions after it."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "The AWS account, in the names of buckets and of what the trail watches."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Where the metrics are."
  type        = string
  nullable    = false
}

variable "functions" {
  description = "Every function but the API's own, by Chalice's name for it, with its schedule; null for one that is invoked."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in ["audit-seal", "fetch-provider-keys"] : can(length(var.functions[name]))])
    error_message = "audit-seal and fetch-provider-keys run by schedules, and alarms listen for their silence."
  }
}

variable "storage_key_arn" {
  description = "KMS key that encrypts logs, trail and the alarms' topic."
  type        = string
  nullable    = false
}

variable "key_arns" {
  description = "KMS keys whose policies and states ring when they change."
  type        = list(string)
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "is_guarded" {
  description = "True where real people's data is: an alarm for each function, a trail kept as long as the audit record."
  type        = bool
  nullable    = false
}

variable "alarm_email" {
  description = "Where alarms and the budget ring; null: only at the topic, for a pager to subscribe to."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null ? true : can(regex("^[^@ ]+@[^@ ]+$", var.alarm_email))
    error_message = "An e-mail address."
  }
}

variable "budget_usd" {
  description = "US dollars a month that the account is meant to cost."
  type        = number
  nullable    = false

  validation {
    condition     = var.budget_usd > 0
    error_message = "More than nothing."
  }
}

variable "proxy_name" {
  description = "RDS Proxy's name, for its alarm; null without a proxy."
  type        = string
}

variable "database_identifier" {
  description = "The database's identifier, for its alarms."
  type        = string
  nullable    = false
}

variable "database_connections_max" {
  description = "Connections that the database has, for the alarm at four fifths of them."
  type        = number
  nullable    = false
}

variable "database_storage_gb" {
  description = "GiB that the database begins with; it grows by itself below a tenth of what it has."
  type        = number
  nullable    = false
}

variable "vault_table" {
  description = "Name of the key vault."
  type        = string
  nullable    = false
}

variable "vault_table_arn" {
  description = "ARN of the key vault, which the trail watches."
  type        = string
  nullable    = false
}

variable "evidence_bucket_arn" {
  description = "ARN of the evidence bucket, which the trail watches."
  type        = string
  nullable    = false
}

variable "egress_dead_letters" {
  description = "Name of the queue of errands that were given up."
  type        = string
  nullable    = false
}

variable "has_trail" {
  description = "False where an organisation's trail records this account already: a second copy costs 2 USD per 100,000 events."
  type        = bool
  default     = true
  nullable    = false
}
