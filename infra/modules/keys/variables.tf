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

variable "kms_generation" {
  description = "How many keys there ever were for each purpose; one more makes a new key beside the others (docs/keys.md)."
  type        = object({ personal_data = number, signing = number })
  default     = { personal_data = 1, signing = 1 }
  nullable    = false

  validation {
    condition     = alltrue([for number in values(var.kms_generation) : number >= 1 && floor(number) == number])
    error_message = "The first key is number 1."
  }
}

variable "kms_oldest" {
  description = "The oldest key of each purpose that anything is still wrapped with; those before it are scheduled for deletion."
  type        = object({ personal_data = number, signing = number })
  default     = { personal_data = 1, signing = 1 }
  nullable    = false

  validation {
    condition     = alltrue([for purpose, number in var.kms_oldest : number >= 1 && number <= var.wraps_with[purpose]])
    error_message = "The key that wraps stays, and so does every later one."
  }
}

variable "wraps_with" {
  description = "The number of the key that wraps what is new. It follows kms_generation one release later, so that both releases read everything."
  type        = object({ personal_data = number, signing = number })
  default     = { personal_data = 1, signing = 1 }
  nullable    = false

  validation {
    condition     = alltrue([for purpose, number in var.wraps_with : number >= 1 && number <= var.kms_generation[purpose]])
    error_message = "A key that exists: first raise kms_generation and release, then wrap with it."
  }
}
