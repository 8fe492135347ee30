variable "name" {
  description = "Application and stage, with a hyphen; the names of buckets and tables begin with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.name))
    error_message = "Lower-case letters, digits and hyphens."
  }
}

variable "account_id" {
  description = "The one account whose people and things the endpoints let through."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Twelve digits."
  }
}

variable "region" {
  description = "Region of the network."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region))
    error_message = "A region reads like eu-west-1."
  }
}

variable "cidr" {
  description = "Addresses of the network, a /20: six subnets of 256, and room."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/20")
    error_message = "An IPv4 network with a prefix of 20 bits."
  }
}

variable "zones" {
  description = "Letters of the two zones. Named, not asked for: a region that grows must not move a subnet."
  type        = list(string)
  default     = ["a", "b"]
  nullable    = false

  validation {
    condition     = length(distinct(var.zones)) == 2 && alltrue([for zone in var.zones : can(regex("^[a-z]$", zone))])
    error_message = "Two different letters."
  }
}

variable "endpoints_in_zones" {
  description = "In how many zones interface endpoints stand; each costs about 8 USD a month."
  type        = number
  nullable    = false

  validation {
    condition     = contains([1, 2], var.endpoints_in_zones)
    error_message = "1 (the functions of the other zone reach across) or 2 (the loss of a zone does no harm)."
  }
}

variable "kms_key_arns" {
  description = "Keys that the functions use; the KMS endpoint knows no other."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.kms_key_arns) > 0
    error_message = "Without a key, nobody can sign in."
  }
}

variable "logs_key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.logs_key_arn, "arn:aws:kms:")
    error_message = "The ARN of a KMS key."
  }
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 7
    error_message = "A week at least, or nobody looks at them in time."
  }
}

variable "logs_all_flows" {
  description = "Log every flow; else the refused ones only, which cost next to nothing."
  type        = bool
  nullable    = false
}

variable "is_asleep" {
  description = "Set by `make sleep`: what is paid by the hour is gone or stopped."
  type        = bool
  default     = false
  nullable    = false
}
