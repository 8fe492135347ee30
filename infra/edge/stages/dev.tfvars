stage = "dev"
owner = "identity"

# No web ACL: 9 of 28 USD, for a stage that holds nobody's data. The application's own limits hold here too.
has_web_acl         = false
requests_per_second = 20
requests_burst      = 40
