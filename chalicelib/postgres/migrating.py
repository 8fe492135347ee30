"""Run the migrations that ship with this code, as `alembic upgrade head` does, from inside the VPC."""

import io
from collections.abc import Collection
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

ROOT: Final = Path(__file__).resolve().parents[2]
# In the package they lie beside the library `alembic`, which would hide a folder of that name.
SHIPPED_AS: Final = "migrations"


def upgrade(owner: Connection, kept_schemas: Collection[str] | None = None) -> tuple[str | None, str | None]:
    """Bring the schema to the newest revision; return the one before and the one after.

    `kept_schemas` are those of all releases that may be rolled back to; the functions of others are dropped
    in time. None keeps all. alembic/env.py holds the advisory lock, the time limits and the one transaction.
    """
    import alembic.command  # noqa: PLC0415 - only a release needs it: no request waits for its import
    import alembic.config  # noqa: PLC0415 - the same
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - the same

    def revision() -> str | None:
        with owner.begin():
            return MigrationContext.configure(owner).get_current_revision()

    config = alembic.config.Config(stdout=io.StringIO(), output_buffer=io.StringIO())
    config.set_main_option("script_location", str(_folder()))
    config.attributes |= {"connection": owner, "kept_schemas": kept_schemas}
    before = revision()
    alembic.command.upgrade(config, "head")
    return before, revision()


def _folder() -> Path:
    shipped = ROOT / SHIPPED_AS
    return shipped if shipped.is_dir() else ROOT / "alembic"
