"""Write infra/functions.json from app.py: `python -m tools.functions_page`.

Terraform makes each function's log group and alarms from it.
"""

import json
from pathlib import Path

from app import app

PAGE = Path(__file__).parent.parent / "infra" / "functions.json"


def functions() -> dict[str, str | None]:
    """Return every function but the API's own, by Chalice's name for it, with its schedule if it has one."""
    scheduled = {source.name: _schedule(source) for source in app.event_sources}
    return scheduled | dict.fromkeys(function.name for function in app.pure_lambda_functions)


def page() -> str:
    """Return the whole file."""
    return json.dumps(functions(), indent=2, sort_keys=True) + "\n"


def _schedule(source: object) -> str:
    """Return when a function runs by itself; what a stream or queue runs says so."""
    return str(getattr(source, "schedule_expression", "event"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
