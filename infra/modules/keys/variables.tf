variable "name" {
  description = "Application and stage, with a hyphen: Chalice names the roles of its functions after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.name))
    error_message = "Lower-case letters, digits and hyphens."
  }
}

variable "account_id" {
  description = "Account whose administrators look after the keys."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Twelve digits."
  }
}

variable "region" {
  description = "Region of the keys and of the services that use the storage key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region))
    error_message = "A region reads like eu-west-1."
  }
}

variable "is_guarded" {
  description = "Refuse to everyone to disable or delete a key, until the policy says otherwise."
  type        = bool
  nullable    = false
}
