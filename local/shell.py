"""The developer's shell: which of its variables play no part in what we start."""

import os
import re
from collections.abc import Mapping
from typing import Final

# What configures somebody else's libpq, Python, pytest and so on; tools/package_index.py sorts pip's own.
FOREIGN: Final = re.compile(
    r"PG\w+|PYTHON\w+|PYTEST_(ADDOPTS|PLUGINS|DISABLE_PLUGIN_AUTOLOAD|DEBUG|THEME\w*)|VIRTUAL_ENV\w*"
    r"|_?CONDA\w*|(ALEMBIC|CHALICE|FLASK|WERKZEUG|HYPOTHESIS|MOTO|RUFF|SQLALCHEMY)_\w+|MYPY\w+"
    r"|COVERAGE_(FILE|RCFILE|CORE|PROCESS_\w+)"
)


def ours(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may play a part."""
    return {name: value for name, value in variables.items() if not FOREIGN.fullmatch(name)}


def forget_foreign() -> None:
    """Remove the others from this process, for its children and for libpq, which reads them itself."""
    for name in os.environ.keys() - ours(os.environ).keys():
        del os.environ[name]
