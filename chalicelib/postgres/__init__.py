"""The way to PostgreSQL: connections and their time limits, calls of functions, roles, migrations."""
