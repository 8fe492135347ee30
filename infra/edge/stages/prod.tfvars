stage = "prod"
owner = "identity"

has_web_acl         = true
requests_per_second = 500
requests_burst      = 1000
