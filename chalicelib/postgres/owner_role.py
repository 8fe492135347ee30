"""Make the role that migrates, as the database's master user: once for each database, harmless again."""

from sqlalchemy import Connection, text

# Only while the transaction lasts: whoever creates a role stays its member from PostgreSQL 16 on.
MAKER = "serenya_role_maker"
_PLACE = text(
    "SELECT current_database(), pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
)
_EXISTS = text("SELECT 1 FROM pg_roles WHERE rolname = :role")


def make_owner_role(master: Connection, owner: str) -> bool:
    """Let `owner` have the connected database and log in by IAM; return whether the role was made.

    The master must not be a member of the owner's role: RDS refuses the password of whoever belongs to
    `rds_iam`, by another role too. From PostgreSQL 16 on, who creates a role is made its member and can't
    leave it. So a third role creates the owner, and is dropped with that membership (decision 0079).
    """
    quote = master.dialect.identifier_preparer.quote_identifier
    role = quote(owner)
    with master.begin():
        database, holder = master.execute(_PLACE).one()
        is_new = master.execute(_EXISTS, {"role": owner}).first() is None
        if is_new:
            master.exec_driver_sql(f"CREATE ROLE {MAKER} NOLOGIN CREATEROLE")
            master.exec_driver_sql(f"GRANT {MAKER} TO CURRENT_USER")  # to act as it
            master.exec_driver_sql(f"SET LOCAL ROLE {MAKER}")
            master.exec_driver_sql(f"CREATE ROLE {role} LOGIN CREATEROLE")
            master.exec_driver_sql(f"GRANT {role} TO SESSION_USER")  # only a member can hand over
            master.exec_driver_sql("RESET ROLE")
        if holder != owner:
            master.exec_driver_sql(f"ALTER DATABASE {quote(database)} OWNER TO {role}")
        if is_new:
            master.exec_driver_sql(f"SET LOCAL ROLE {MAKER}")
            master.exec_driver_sql(f"REVOKE {role} FROM SESSION_USER")
            master.exec_driver_sql("RESET ROLE")
            master.exec_driver_sql(f"DROP ROLE {MAKER}")
        # the owner lets the other roles log in by IAM: see app_role.py
        master.exec_driver_sql(f"GRANT rds_iam TO {role} WITH ADMIN OPTION")
    return is_new
