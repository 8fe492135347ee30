"""The deployed zip, file by file: only what runs, all of it compiled, always the same bytes."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import get_args, get_overloads

import pytest

from chalicelib.clients.aws import aws_client
from chalicelib.postgres.migrating import SHIPPED_AS
from local.deployed import MACHINE
from tests.deploy.conftest import NOT_DEPLOYED
from tools import lambda_python
from tools import package as packaging
from tools.trimming import AWS_SERVICES
from tools.vendor import LEFT_OUT, SHIPPED, VendorError, locked

# Each file of the zip fits one of these; one that fits none fails the test, and is dropped or named here.
OURS = (
    r"app\.py",
    r"chalicelib/(\w+/)*\w+\.py",
    r"chalicelib/stores/sql/\w+\.sql",
    r"chalicelib/documents/published\.txt",
    r"chalicelib/documents/\w+/\d+\.\d+\.(en|es)\.md",
    r"chalicelib/certificates/(rds-[a-z0-9-]+|amazon-trust)\.pem",
    r"migrations/(env\.py|script\.py\.mako|versions/\d{4}_\w+\.py)",
)
THEIRS = (
    r"chalice/(__init__|app)\.py",
    r"(alembic|botocore|cryptography|dateutil|jmespath|jwt|mako|markupsafe|psycopg2|sqlalchemy|urllib3)/(\w+/)*\w+\.py",
    r"google/(auth|auth/\w+)/\w+\.py",
    r"(six|typing_extensions)\.py",
    r"botocore/cacert\.pem",
    r"botocore/data/(_retry|endpoints|partitions|sdk-default-configuration)\.json",
    r"botocore/data/(dynamodb|events|kms|s3)/\d{4}-\d\d-\d\d/(service-2|endpoint-rule-set-1|paginators-1)[a-z.-]*",
    r"tzdata/(__init__\.py|zones)",
    r"tzdata/zoneinfo/[\w+./-]+",
    r"[\w.]+-[\w.]+\.dist-info/(METADATA|(licenses/([\w-]+/)*)?[A-Z][\w.-]*)",
)
NATIVE = (
    r"_cffi_backend\.cpython-\d+-[\w-]+\.so",
    r"cryptography/hazmat/bindings/_rust\.abi3\.so",
    r"markupsafe/_speedups\.cpython-\d+-[\w-]+\.so",
    r"psycopg2/_psycopg\.cpython-\d+-[\w-]+\.so",
    r"psycopg2_binary\.libs/lib[\w.+-]+\.so[\d.]*",
    r"sqlalchemy/(engine|sql|util)/_\w+_cy\.cpython-\d+-[\w-]+\.so",
)
ALLOWED = re.compile("|".join((*OURS, *THEIRS, *NATIVE)))
COMPILED = re.compile(r"(.*/)?__pycache__/([^/.]+)\.cpython-\d+\.pyc")
FORBIDDEN = re.compile(r"(local|tools|docs|bench|infra|requirements|\.[a-z])|(.*/)?(tests?|testing)/")
SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n|AKIA[0-9A-Z]{16}")
IMPORTS = """
import sys
sys.path.insert(0, sys.argv[1])
import app, importlib, pkgutil
for found in pkgutil.walk_packages([sys.argv[1] + "/chalicelib"], "chalicelib."):
    importlib.import_module(found.name)
from chalicelib.clients.aws import aws_client
from chalicelib.postgres.migrating import SHIPPED_AS
for service in ("dynamodb", "kms", "s3"):
    aws_client(service, "eu-west-1", None)
import alembic.command, zoneinfo
zoneinfo.TZPATH = ()
zoneinfo.ZoneInfo("Europe/Madrid")
print("\\n".join(sorted(m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None))))
"""


@pytest.fixture(scope="module")
def names(package: Path) -> list[str]:
    """Return the name of every file in the zip."""
    with zipfile.ZipFile(package) as zipped:
        return zipped.namelist()


def source_of(compiled: str) -> str | None:
    found = COMPILED.fullmatch(compiled)
    return f"{found[1] or ''}{found[2]}.py" if found else None


def test_every_file_is_on_the_list(names: list[str]) -> None:
    plain = [name for name in names if source_of(name) is None]
    assert [name for name in plain if not ALLOWED.fullmatch(name)] == []
    assert [name for name in names if FORBIDDEN.match(name)] == []


def test_every_entry_of_the_list_is_needed(names: list[str]) -> None:
    for pattern in (*OURS, *THEIRS, *NATIVE):
        assert any(re.fullmatch(pattern, name) for name in names), pattern


def test_all_bytecode_belongs_to_a_source_beside_it_and_no_import_compiles(
    package: Path, names: list[str]
) -> None:
    sources = {source_of(name) for name in names} - {None}
    assert sources == {name for name in names if name.endswith(".py")}
    assert list(packaging.faults_of(package)) == []


def test_everything_that_runs_is_in_it(names: list[str], project: Path) -> None:
    code = {path.relative_to(project).as_posix() for path in (project / "chalicelib").rglob("*.py")}
    texts = {
        path.relative_to(project).as_posix() for path in (project / "chalicelib/documents").rglob("*.md")
    }
    migrations = {f"migrations/versions/{path.name}" for path in (project / "alembic/versions").glob("*.py")}
    assert code | texts | migrations <= set(names)


def test_no_secret_is_in_it(package: Path) -> None:
    with zipfile.ZipFile(package) as zipped:
        own = [name for name in zipped.namelist() if name.startswith(("app", "chalicelib", "migrations"))]
        assert [name for name in own if SECRET.search(zipped.read(name))] == []
        assert NOT_DEPLOYED not in zipped.namelist()


def test_it_is_small_enough(package: Path) -> None:
    assert package.stat().st_size < 25_000_000


def test_all_it_imports_comes_from_itself_and_the_standard_library(task: Path) -> None:
    python = str(lambda_python.interpreter())
    command = [python, "-I", "-S", "-B", "-W", "ignore", "-c", IMPORTS, str(task)]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    outside = [name for name in done.stdout.split("\n") if name and not name.startswith(f"{task}/")]
    assert [name for name in outside if "site-packages" in name or "/lib/python3" not in name] == []


def test_it_is_made_for_lambda_s_python_whatever_runs_the_tests(package: Path) -> None:
    assert packaging.made_for(package) == ("python3.13", MACHINE)
    with zipfile.ZipFile(package) as zipped:
        compiled = [name for name in zipped.namelist() if name.endswith(".pyc")]
    assert compiled
    assert all(name.endswith(".cpython-313.pyc") for name in compiled)


def test_the_same_sources_make_the_same_bytes(package: Path, project: Path, tmp_path: Path) -> None:
    first = package.read_bytes()
    kept = tmp_path / package.name
    shutil.copyfile(package, kept)
    (project / "chalicelib" / "__pycache__" / "stray.cpython-399.pyc").write_bytes(b"")
    again = packaging.build(project, MACHINE)
    assert (again, again.read_bytes() == first) == (package, True)


def test_chalice_deploy_finds_the_package_that_was_checked(package: Path, project: Path) -> None:
    packager = packaging.packager_of(MACHINE)
    assert Path(packager.deployment_package_filename(str(project), lambda_python.NAME)) == package


def test_every_locked_package_is_either_shipped_or_left_out() -> None:
    lock = (packaging.PROJECT / "requirements.txt").read_text()
    assert locked(lock).keys() == SHIPPED | LEFT_OUT
    assert not SHIPPED & LEFT_OUT


def test_chalice_builds_for_lambdas_machine_in_one_zip() -> None:
    config = json.loads((packaging.PROJECT / ".chalice/config.json").read_text())
    assert (config["automatic_layer"], config["lambda_architecture"]) == (False, "arm64")


def test_what_chalice_would_pack_by_itself_has_the_migrations_and_nothing_twice() -> None:  # 0077
    vendor = packaging.PROJECT / "vendor"
    assert [path.name for path in vendor.iterdir()] == [SHIPPED_AS]
    assert (vendor / SHIPPED_AS).resolve() == packaging.PROJECT / "alembic"


def test_the_services_that_the_code_uses_are_those_whose_models_are_shipped() -> None:
    used = {get_args(found.__annotations__["service"])[0] for found in get_overloads(aws_client)}
    assert used == AWS_SERVICES


@pytest.mark.parametrize("name", ["app.py", "chalicelib/wiring.py"])
def test_bytecode_that_is_missing_or_stale_is_noticed(package: Path, tmp_path: Path, name: str) -> None:
    folder, _, file = name.rpartition("/")
    stale = f"{folder}/__pycache__/{file[:-3]}.cpython-3{lambda_python.MINOR}.pyc".removeprefix("/")
    for is_missing in (True, False):
        spoiled = tmp_path / "spoiled.zip"
        with zipfile.ZipFile(package) as good, zipfile.ZipFile(spoiled, "w") as bad:
            bad.writestr(name, good.read(name))
            if not is_missing:
                bad.writestr(stale, good.read(stale)[:8] + bytes(8) + good.read(stale)[16:])
        assert f"{name} has no bytecode that fits it" in list(packaging.faults_of(spoiled))


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(VendorError, match="dev, staging, prod"):
        packaging.architecture_of(packaging.PROJECT, "production")
