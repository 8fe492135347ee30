stage               = "dev"
owner               = "identity"
is_highly_available = false
log_retention_days  = 14

database_instance_class  = "db.t4g.micro"
database_storage_gb_max  = 40
database_backup_days     = 3
database_connections_max = 80

budget_usd = 35
