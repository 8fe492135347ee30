stage               = "prod"
owner               = "identity"
is_highly_available = true
log_retention_days  = 365

database_instance_class  = "db.m7g.large"
database_storage_gb      = 50
database_storage_gb_max  = 500
database_backup_days     = 35
database_connections_max = 800

budget_usd = 600

# alarm_email = "..." # who is woken: prod is refused without
