variable "region" {
  description = "AWS region of the stages."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "repository" {
  description = "The repository whose workflows may release, as GitHub names it to AWS: owner@id/name@id; owner/name if it is older than 15 July 2026 and was never renamed."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+|[A-Za-z0-9-]+/[A-Za-z0-9._-]+)$", var.repository))
    error_message = "owner@id/name@id, or owner/name; without a pattern: a star would let others in."
  }
}

variable "stages" {
  description = "Stages that live in this account; each is released by its GitHub environment of the same name."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.stages) > 0 && length(setsubtract(var.stages, ["dev", "staging", "prod"])) == 0
    error_message = "Of dev, staging and prod."
  }
}

variable "policy_arns" {
  description = "What the role may do. A release makes networks, keys and roles: it is an administrator's work, in an account of the service's own."
  type        = set(string)
  nullable    = false
}

variable "has_oidc_provider" {
  description = "True where the account knows GitHub's OIDC provider already: it is used, and not made a second time."
  type        = bool
  default     = false
  nullable    = false
}
