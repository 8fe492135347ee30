"""Make the role that migrates, as the database's master user: once for each database, harmless again."""

from sqlalchemy import Connection, text

_DATABASE = text("SELECT current_database()")
_EXISTS = text("SELECT 1 FROM pg_roles WHERE rolname = :role")


def make_owner_role(master: Connection, owner: str) -> bool:
    """Let `owner` have the connected database and log in by IAM; return whether the role was made.

    The master may not stay a member: RDS refuses the password of whoever belongs to `rds_iam`, by another
    role too, and it would lock itself out.
    """
    quote = master.dialect.identifier_preparer.quote_identifier
    role = quote(owner)
    with master.begin():
        database = quote(master.execute(_DATABASE).scalar_one())
        is_new = master.execute(_EXISTS, {"role": owner}).first() is None
        if is_new:
            master.exec_driver_sql(f"CREATE ROLE {role} LOGIN CREATEROLE")
        master.exec_driver_sql(f"GRANT {role} TO CURRENT_USER")  # only a member can hand over
        master.exec_driver_sql(f"ALTER DATABASE {database} OWNER TO {role}")
        master.exec_driver_sql(f"REVOKE {role} FROM CURRENT_USER")
        master.exec_driver_sql(
            f"GRANT rds_iam TO {role} WITH ADMIN OPTION"
        )  # for the app's role, see app_role.py
    return is_new
