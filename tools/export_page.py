"""Write docs/account-export.schema.json from the declaration that fills it: `python -m tools.export_page`."""

import json
from pathlib import Path
from typing import Any

from chalicelib.domain.export import FORMAT
from chalicelib.routes.export_shapes import EXPORT

PAGE = Path(__file__).parent.parent / "docs" / "account-export.schema.json"
COMPONENTS = "#/components/schemas/"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of an export, whole in itself."""
    records = {record.name: record.definition() for record in EXPORT.records()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT.replace('/', ':')}",
        **EXPORT.definition(),
        "$defs": {name: records[name] for name in sorted(records) if name != EXPORT.name},
    }


def page() -> str:
    """Return the whole file."""
    return json.dumps(schema(), indent=2).replace(COMPONENTS, "#/$defs/") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
