variable "name" {
  description = "Begins every name, application and stage: serenya-auth-dev."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Where the API is."
  type        = string
  nullable    = false
}

variable "rest_api_id" {
  description = "The API's id, as `chalice deploy` made it."
  type        = string
  nullable    = false
}

variable "release" {
  description = "What chalice deployed last: a new value at each deployment puts back what that took away."
  type        = string
  nullable    = false
}

variable "gateway_responses" {
  description = "What the gateway answers by itself, by its own names: status, headers and body."
  type = map(object({
    status  = string
    headers = map(string)
    body    = string
  }))
  nullable = false
}

variable "access_log_group_arn" {
  description = "Log group of one line a request."
  type        = string
  nullable    = false
}

variable "sets_account_logging" {
  description = "Let API Gateway write logs in this account and region; false where something else has set that."
  type        = bool
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
  description = "Put AWS WAF in front: 9 USD a month, more than a third of what dev costs."
  type        = bool
  nullable    = false
}

variable "sign_ins_per_address" {
  description = "Requests below /auth/ that one address may send in 5 minutes; a carrier puts thousands of phones behind one."
  type        = number
  nullable    = false

  validation {
    condition     = var.sign_ins_per_address >= 10 && var.sign_ins_per_address <= 10000
    error_message = "10 to 10000: WAF counts no finer, and more is no limit."
  }
}

variable "requests_per_address" {
  description = "Requests that one address may send in 5 minutes."
  type        = number
  nullable    = false

  validation {
    condition     = var.requests_per_address >= 10 && var.requests_per_address <= 50000
    error_message = "10 to 50000: WAF counts no finer, and more is no limit."
  }
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

variable "alarms_topic_arn" {
  description = "Where alarms ring."
  type        = string
  nullable    = false
}

variable "egress" {
  description = "The function that runs errands to the internet, the stream that brings them, the queue where failed ones end; null: none yet."
  type = object({
    function         = string
    stream_arn       = string
    dead_letters_arn = string
    events           = optional(list(string), ["INSERT"])
  })
  default = null
}
