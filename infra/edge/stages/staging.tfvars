stage = "staging"
owner = "identity"

has_web_acl         = true # releases meet the rules here first
requests_per_second = 50
requests_burst      = 100
