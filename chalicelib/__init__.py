"""Everything that is deployed: domain rules, use cases, stores, clients and routes."""
