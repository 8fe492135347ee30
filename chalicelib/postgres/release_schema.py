"""Make the schema of this release's functions, give their callers rights, and drop what no release needs.

The database's owner does it, in the transaction of the migrations (alembic/env.py). What is made here is
never changed: other functions have another name (`schema_name`).
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, text

from chalicelib.postgres.roles import CALLERS, FUNCTIONS_ROLE, callers_of
from chalicelib.postgres.schema_name import FUNCTIONS, PREFIX, name_of, schema_name, sources

FIRST: Final = "rows.sql"  # the types that functions name
UNUSED: Final = "unused since "  # and a time: the comment of a schema that no kept release calls
NAME: Final = re.compile(PREFIX + r"[0-9a-f]+")
_SCHEMAS = text("""
    SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace
    WHERE nspname LIKE :prefix AND nspowner = (SELECT oid FROM pg_roles WHERE rolname = :owner)
    ORDER BY nspname
""")
_FUNCTIONS = text("""
    SELECT oid::regprocedure::text, proname::text, prosecdef FROM pg_proc
    WHERE pronamespace = CAST(:schema AS regnamespace) ORDER BY 1
""")
# A right on the database itself is lost where it is dumped and restored, or copied.
_NO_TEMPORARY_TABLES = text("""
    DO $$ BEGIN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END $$
""")
_IS_OVERDUE = text("SELECT CAST(:since AS timestamptz) < now() - interval '1 day'")


def create(owner: Connection) -> str:
    """Make this release's schema unless it exists; grant what callers need in each; return its name.

    Rights are granted again each time, because a migration that went down and up has revoked them.
    """
    files = sources(FUNCTIONS)
    name = name_of(files)
    if name not in schemas(owner):
        owner.exec_driver_sql(f"CREATE SCHEMA {name} AUTHORIZATION {FUNCTIONS_ROLE}")
        with _as_functions_role(owner):
            for _, declared in sorted(files.items(), key=lambda file: (file[0] != FIRST, file[0])):
                owner.exec_driver_sql(declared.decode().replace("@schema@", name).replace("%", "%%"))
    owner.execute(_NO_TEMPORARY_TABLES)
    with _as_functions_role(owner):
        _note(owner, name, None)
        for schema in schemas(owner):
            _grant(owner, schema)
    return name


def schemas(owner: Connection) -> dict[str, str | None]:
    """Return the schemas of releases, each with its comment."""
    found = owner.execute(_SCHEMAS, {"prefix": f"{PREFIX}%", "owner": FUNCTIONS_ROLE}).all()
    return {name: comment for name, comment in found if NAME.fullmatch(name)}


def drop_unused(owner: Connection, kept: Collection[str]) -> list[str]:
    """Drop the schemas that no kept release calls, and were found so a day ago; return their names.

    The first run that finds one unused notes the time. A day later no call of it still runs, and no rollback
    to it is on its way. A schema that is needed again, since its release was, starts over.
    """
    dropped = []
    with _as_functions_role(owner):
        for name, comment in schemas(owner).items():
            since = (comment or "").removeprefix(UNUSED)
            if name in kept or name == schema_name():
                _note(owner, name, None)
            elif not since:
                _note(owner, name, UNUSED + owner.execute(text("SELECT now()")).scalar_one().isoformat())
            elif owner.execute(_IS_OVERDUE, {"since": since}).scalar_one():
                owner.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
                dropped.append(name)
    return dropped


def drop_all(owner: Connection) -> None:
    """Drop the functions of all releases; harmless where there are none."""
    if found := schemas(owner):
        with _as_functions_role(owner):
            for name in found:
                owner.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")


def _grant(owner: Connection, schema: str) -> None:
    """Let callers execute what is declared SECURITY DEFINER; the rest are parts of those."""
    owner.exec_driver_sql(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC")
    owner.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(CALLERS)}")
    for function, name, is_declared in owner.execute(_FUNCTIONS, {"schema": schema}).all():
        if callers := callers_of(name, is_part=not is_declared):
            owner.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {function} TO {', '.join(callers)}")


def _note(owner: Connection, schema: str, comment: str | None) -> None:
    said = "NULL" if comment is None else f"'{comment}'"
    owner.exec_driver_sql(f"COMMENT ON SCHEMA {schema} IS {said}")


@contextmanager
def _as_functions_role(owner: Connection) -> Iterator[None]:
    """Act as the functions' owner. From PostgreSQL 16 on, being its member isn't enough."""
    owner.exec_driver_sql(f"SET LOCAL ROLE {FUNCTIONS_ROLE}")
    yield
    owner.exec_driver_sql("RESET ROLE")  # after an error, the transaction's end does it
