variable "application" {
  description = "Name of the Chalice app; every resource's name begins with it and the stage."
  type        = string
  default     = "serenya-auth"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,18}$", var.application))
    error_message = "3 to 19 lower-case letters, digits and hyphens: names of roles and buckets are made of it."
  }
}

variable "stage" {
  description = "Which deployment this is; Chalice's stage of the same name runs in it."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "staging", "prod"], var.stage)
    error_message = "The stage is dev, staging or prod."
  }
}

variable "region" {
  description = "AWS region that holds everything, people's data included."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region))
    error_message = "A region reads like eu-west-1."
  }
}

variable "owner" {
  description = "Team that answers for this deployment, for the Owner tag."
  type        = string
  nullable    = false

  validation {
    condition     = length(trimspace(var.owner)) > 0
    error_message = "Somebody owns it."
  }
}

variable "is_highly_available" {
  description = "Survive the loss of a zone: endpoints in both, a standby database, RDS Proxy. Costs about five times as much."
  type        = bool
  nullable    = false

  validation {
    condition     = var.is_highly_available || var.stage != "prod"
    error_message = "prod is highly available."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept: of functions, of the network, of the database."
  type        = number
  nullable    = false

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "7, 14, 30, 60, 90, 180 or 365: CloudWatch takes no other, and longer than a year is not logs but archive."
  }
}

variable "network_cidr" {
  description = "Addresses of the VPC, a /20; they matter only where it is peered with another network."
  type        = string
  default     = "10.20.0.0/20"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.network_cidr, 0)) && endswith(var.network_cidr, "/20")
    error_message = "An IPv4 network with a prefix of 20 bits."
  }
}

variable "postgres_major" {
  description = "Major version of PostgreSQL; the minor one is the newest that the region offers at plan time."
  type        = number
  default     = 17
  nullable    = false

  validation {
    condition     = var.postgres_major >= 15 && floor(var.postgres_major) == var.postgres_major
    error_message = "15 or later: the service is tested on no older one."
  }
}

variable "database_instance_class" {
  description = "Size of the database server; Graviton is the cheapest for its speed."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^db\\.(t4g|m[678]g|r[678]g)\\.[0-9]*x?(micro|small|medium|large)$", var.database_instance_class))
    error_message = "A Graviton class, like db.t4g.micro or db.m7g.large."
  }
}

variable "database_storage_gb" {
  description = "Storage of the database at first, in GiB of gp3."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.database_storage_gb >= 20
    error_message = "gp3 begins at 20 GiB."
  }
}

variable "database_storage_gb_max" {
  description = "GiB that the storage may grow to by itself."
  type        = number
  nullable    = false

  validation {
    condition     = var.database_storage_gb_max > var.database_storage_gb
    error_message = "More than it has at first: a full database is an outage."
  }
}

variable "database_backup_days" {
  description = "Days that the database can be restored to any second of."
  type        = number
  nullable    = false

  validation {
    condition     = var.database_backup_days >= 1 && var.database_backup_days <= 35
    error_message = "1 to 35: RDS keeps automated backups no longer, and 0 switches them off."
  }

  validation {
    condition     = var.database_backup_days >= 14 || var.stage != "prod"
    error_message = "prod keeps 14 days or more: a slow corruption is not noticed in a week."
  }
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

variable "database_connections_max" {
  description = "Connections that the database has: by default memory in bytes through 9,531,392, less a few of its own."
  type        = number
  nullable    = false

  validation {
    condition     = var.database_connections_max >= 20
    error_message = "No class has so few."
  }
}

variable "alarm_email" {
  description = "Where alarms and the budget ring; null, but not in prod: only at the topic, for a pager to subscribe to."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email != null || var.stage != "prod"
    error_message = "prod has one: an alarm that rings nowhere is none. Set it in stages/prod.tfvars."
  }
}

variable "budget_usd" {
  description = "US dollars a month that the account is meant to cost; `make cost` says what the stage does."
  type        = number
  nullable    = false
}

variable "has_trail" {
  description = "False where an organisation's trail records this account already: a second copy costs 2 USD per 100,000 events."
  type        = bool
  default     = true
  nullable    = false
}

variable "is_asleep" {
  description = "Set by `make sleep`, never in a file: what is paid by the hour is gone or stopped."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.is_asleep || var.stage != "prod"
    error_message = "prod doesn't sleep."
  }
}
