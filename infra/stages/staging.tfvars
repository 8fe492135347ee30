# As small as dev, in everything else like prod: releases are rehearsed here.
stage               = "staging"
owner               = "identity"
is_highly_available = false
log_retention_days  = 30

database_instance_class  = "db.t4g.micro"
database_storage_gb_max  = 100
database_backup_days     = 7
database_connections_max = 80

budget_usd = 35
