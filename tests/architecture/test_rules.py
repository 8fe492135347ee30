"""What code may not do where: ask for time, chance or settings, hold SQL, grow too big, name a machine."""

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import DEPLOYED, PROJECT, Source, imported, python_files, source, used

# Time, ids and chance are arguments, so that a test can hold them still.
BANNED = re.compile(
    r"""datetime\.(datetime\.(now|utcnow|today)|date\.today)
    | time\.(time|time_ns|localtime|gmtime)
    | uuid\.(uuid1|uuid4)
    | os\.(urandom|getrandom)
    | secrets(\..*)?""",
    re.VERBOSE,
)
ENVIRONMENT = re.compile(r"os\.(environ|environb|getenv|getenvb|putenv)")
DATABASE = re.compile(r"(sqlalchemy|psycopg2)(\..*)?")
SQL = re.compile(r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s)")
MACHINE = re.compile(r"(?<![\w.$})>*])/(?:home|Users|root|opt|work|mnt|media|srv)/\w")

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 40
TEXT = {".py", ".md", ".toml", ".txt", ".in", ".json", ".yaml", ".yml", ".ini", ".mako", ".sh", ".tf", ""}
OUR_HIDDEN = {".chalice", ".ci", ".github"}
NOT_OURS = {"__pycache__", "node_modules", "vendor"}


def none(faults: Iterable[str]) -> None:
    found = list(faults)
    assert not found, "\n".join(found)


def breaches(found: Source, rule: re.Pattern[str]) -> list[str]:
    """Return where a name that the rule forbids is reached in this file."""
    return [f"{found.path}:{line} {name}" for name, line in used(found.tree) if rule.fullmatch(name)]


def sql_in(found: Source) -> Iterator[str]:
    yield from (f"{found.path} imports {name}" for name in imported(found.tree) if DATABASE.fullmatch(name))
    for node in ast.walk(found.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"{found.path}:{node.lineno} holds a statement"


def too_long(found: Source) -> Iterator[str]:
    lines = found.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{found.path} has {lines} lines"
    for node in ast.walk(found.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{found.path}:{node.lineno} {node.name} has {length} lines"


def foreign_imports(found: Source, *ours: str) -> list[str]:
    """Return what this file imports besides the standard library and the named parts of ours."""
    allowed = tuple(f"{name}." for name in ours)
    names = (name for name in imported(found.tree) if name.partition(".")[0] not in sys.stdlib_module_names)
    return [f"{found.path} imports {name}" for name in names if not f"{name}.".startswith(allowed)]


def texts() -> Iterator[Path]:
    for folder, folders, names in os.walk(PROJECT):
        shown = {name for name in folders if not name.startswith(".")} - NOT_OURS
        folders[:] = shown | (OUR_HIDDEN & set(folders))
        # in a worktree, .git is a file of git's own that names a folder
        ours = (name for name in names if not name.startswith((".env", ".coverage")) and name != ".git")
        yield from (Path(folder, name) for name in ours if Path(name).suffix in TEXT)


def test_time_ids_and_chance_come_only_from_clients() -> None:
    files = [found for found in python_files(*DEPLOYED, "alembic") if not found.below("chalicelib/clients")]
    none(breach for found in files for breach in breaches(found, BANNED))


def test_only_settings_reads_the_environment() -> None:
    files = [found for found in python_files(*DEPLOYED) if found.path != "chalicelib/settings.py"]
    none(breach for found in files for breach in breaches(found, ENVIRONMENT))


def test_sql_stands_only_in_stores_migrations_and_the_way_to_postgresql() -> None:
    places = ("chalicelib/postgres", "chalicelib/stores", "chalicelib/wiring.py", "chalicelib/functions")
    files = [found for found in python_files(*DEPLOYED) if not found.below(*places)]
    none(fault for found in files for fault in sql_in(found))


def test_files_and_functions_stay_small() -> None:
    files = python_files(*DEPLOYED, "local", "bench", "tests", "tools", "alembic")
    own = [found for found in files if not found.below("alembic/versions")]  # a migration is one long story
    none(fault for found in own for fault in too_long(found))


def test_the_domain_imports_only_the_standard_library() -> None:
    files = python_files("chalicelib/domain")
    none(fault for found in files for fault in foreign_imports(found, "chalicelib.domain"))


def test_services_import_only_services_the_domain_and_what_they_tell_operators() -> None:
    ours = ("chalicelib.domain", "chalicelib.observation", "chalicelib.services")
    files = python_files("chalicelib/services")
    none(fault for found in files for fault in foreign_imports(found, *ours))


def test_the_entry_reaches_the_rest_through_wiring_and_routes_only() -> None:
    (entry,) = python_files("app.py")
    ours = (
        "chalice",
        *(f"chalicelib.{name}" for name in ("functions", "wiring", "routes", "startup")),
    )
    none(foreign_imports(entry, *ours))


def test_no_file_names_a_folder_of_some_machine() -> None:
    none(
        f"{path.relative_to(PROJECT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE.search(line)
    )


@pytest.mark.parametrize(
    "code",
    [
        "import datetime as dt\ndt.datetime.now()",
        "from datetime import datetime\nnow = datetime.now",
        "from datetime import date\ndate.today()",
        "from time import time as clock\nclock()",
        "import uuid\nuuid.uuid4()",
        "import os.path\nos.urandom(1)",
        "def late():\n    import secrets\n    return secrets.token_bytes(1)",
        "from secrets import token_hex\ntoken_hex()",
    ],
)
def test_the_rule_on_time_and_chance_sees_through_aliases(code: str) -> None:
    assert breaches(source("x.py", code), BANNED)


@pytest.mark.parametrize("code", ["import time\ntime.monotonic()", "now = clock.now()", "uuid4 = 1\nuuid4"])
def test_the_rule_on_time_and_chance_leaves_others_alone(code: str) -> None:
    assert not breaches(source("x.py", code), BANNED)


@pytest.mark.parametrize("code", ["import os\nos.environ['A']", "from os import getenv\ngetenv('A')"])
def test_the_rule_on_the_environment_can_fail(code: str) -> None:
    assert breaches(source("x.py", code), ENVIRONMENT)


@pytest.mark.parametrize("code", ["from sqlalchemy import text", "import psycopg2.errors", "x = 'SELECT 1'"])
def test_the_rule_on_sql_can_fail(code: str) -> None:
    assert list(sql_in(source("x.py", code)))


def test_the_rule_on_sizes_can_fail() -> None:
    body = "    pass\n" * FUNCTION_LINES_MAX
    assert len(list(too_long(source("x.py", f"def long():\n{body}")))) == 1
    assert len(list(too_long(source("x.py", "pass\n" * (FILE_LINES_MAX + 1))))) == 1


@pytest.mark.parametrize(
    "code", ["import jwt", "from chalicelib.stores import database", "import chalicelib"]
)
def test_the_rule_on_foreign_imports_can_fail(code: str) -> None:
    assert foreign_imports(source("x.py", code), "chalicelib.domain")


def test_the_rule_on_machine_paths_can_fail() -> None:
    assert MACHINE.search("cd " + "/ho" + "me/ana/project")
    assert not MACHINE.search("https://example.com" + "/ho" + "me/page")
