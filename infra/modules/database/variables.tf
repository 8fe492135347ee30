variable "name" {
  description = "Application and stage, with a hyphen."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.name))
    error_message = "Lower-case letters, digits and hyphens."
  }
}

variable "vpc_id" {
  description = "Network that the database stands in."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "The id of a VPC."
  }
}

variable "subnet_ids" {
  description = "The isolated subnets, in two zones."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) == 2
    error_message = "Two, one a zone: RDS refuses fewer, and a standby needs the other."
  }
}

variable "functions_security_group_id" {
  description = "Group of the functions, which reach the database, or the proxy where there is one."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.functions_security_group_id, "sg-")
    error_message = "The id of a security group."
  }
}

variable "migrations_security_group_id" {
  description = "Group of the function that migrates, which reaches the database itself."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.migrations_security_group_id, "sg-")
    error_message = "The id of a security group."
  }
}

variable "storage_key_arn" {
  description = "Key that encrypts storage, backups, logs, insights and secrets."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.storage_key_arn, "arn:aws:kms:")
    error_message = "The ARN of a KMS key."
  }
}

variable "postgres_major" {
  description = "Major version of PostgreSQL."
  type        = number
  nullable    = false

  validation {
    condition     = var.postgres_major >= 15
    error_message = "15 or later."
  }
}

variable "instance_class" {
  description = "Size of the server."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "A class of RDS begins with db."
  }
}

variable "storage_gb" {
  description = "GiB of gp3 at first."
  type        = number
  nullable    = false

  validation {
    condition     = var.storage_gb >= 20
    error_message = "gp3 begins at 20 GiB."
  }
}

variable "storage_gb_max" {
  description = "GiB that the storage may grow to by itself."
  type        = number
  nullable    = false

  validation {
    condition     = var.storage_gb_max > var.storage_gb
    error_message = "More than at first."
  }
}

variable "backup_days" {
  description = "Days that the database can be restored to any second of."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "1 to 35."
  }
}

variable "is_highly_available" {
  description = "A standby in the other zone, and RDS Proxy in front."
  type        = bool
  nullable    = false
}

variable "is_guarded" {
  description = "Refuse deletion, and leave a last snapshot and the backups when it happens all the same."
  type        = bool
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the server's logs are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 7
    error_message = "A week at least."
  }
}

variable "is_asleep" {
  description = "Set by `make sleep`: what is paid by the hour is gone or stopped."
  type        = bool
  default     = false
  nullable    = false
}
