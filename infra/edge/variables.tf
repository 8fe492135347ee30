variable "application" {
  description = "Name of the Chalice app."
  type        = string
  default     = "serenya-auth"
  nullable    = false
}

variable "stage" {
  description = "Which deployment this stands around."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "staging", "prod"], var.stage)
    error_message = "The stage is dev, staging or prod."
  }
}

variable "region" {
  description = "AWS region that holds everything."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "owner" {
  description = "Team that answers for this deployment, for the Owner tag."
  type        = string
  nullable    = false
}

variable "rest_api_id" {
  description = "The API's id, from .chalice/deployed/<stage>.json."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.rest_api_id))
    error_message = "An id of API Gateway's, like a1b2c3d4e5."
  }
}

variable "release" {
  description = "What chalice deployed last. Another value at each deployment, a rollback too: that puts back what it took away."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.release) > 0
    error_message = "Any text that no deployment before had."
  }
}

variable "cors_headers" {
  description = "Headers by which apps on the web can read the gateway's own answers; the release makes them of CORS_ORIGINS."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for value in values(var.cors_headers) : !strcontains(value, "'")])
    error_message = "Without quotes: API Gateway puts its own around a header's text."
  }
}

variable "imports_stage" {
  description = "Take over the stage that Chalice made; false only where there is none, in a test."
  type        = bool
  default     = true
  nullable    = false
}

variable "sets_account_logging" {
  description = "Let API Gateway write logs in this account and region; false where something else has set that."
  type        = bool
  default     = true
  nullable    = false
}

variable "requests_per_second" {
  description = "Requests a second that the gateway lets through, all phones together."
  type        = number
  nullable    = false
}

variable "requests_burst" {
  description = "Requests at once that it lets through above that."
  type        = number
  nullable    = false
}

variable "has_web_acl" {
  description = "Put AWS WAF in front: 9 USD a month, a third of what dev may cost."
  type        = bool
  nullable    = false

  validation {
    condition     = var.has_web_acl || var.stage != "prod"
    error_message = "prod has one."
  }
}

variable "sign_ins_per_address" {
  description = "Requests below /auth/ that one address may send in 5 minutes; a carrier puts thousands of phones behind one."
  type        = number
  default     = 1000
  nullable    = false
}

variable "requests_per_address" {
  description = "Requests that one address may send in 5 minutes."
  type        = number
  default     = 5000
  nullable    = false
}

variable "domain_name" {
  description = "A name of one's own for the API; null: AWS's."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "That name's certificate in ACM, in the same region."
  type        = string
  default     = null
}

variable "has_egress" {
  description = "False for a release that has no function egress-deliver: an old one that is brought back."
  type        = bool
  default     = true
  nullable    = false
}
