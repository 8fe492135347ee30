"""The statement that reads which migration was applied last."""

from typing import Any

from sqlalchemy import Select, column, select, table

VERSION: Select[Any] = select(column("version_num")).select_from(table("alembic_version"))
