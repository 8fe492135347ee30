"""What the pages tell a deployer to change keeps the tests green: each made in a copy, as its page says."""

import re
import subprocess
from pathlib import Path

import pytest

from chalicelib.clients.documents import LOCALES
from local.database import OWNER_URL, connected
from local.places import PROJECT
from local.postgres import EmbeddedPostgres
from tests.commands import copying
from tests.conftest import RUN

SUITES = (  # what sees documents and providers
    *(f"tests/http/test_{name}.py" for name in ("sign_in", "sign_up", "consent_documents", "openapi")),
    *(f"tests/http/test_{name}.py" for name in ("generated_client", "third_provider", "identities")),
    "tests/http/test_used_id_tokens.py",
    "tests/unit",
    "tests/local/test_readme_tour.py",
)
INDEX = "ix_sessions_rotated_at"
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"^(kind|locale|title|required|legal_basis|purpose): .*$", re.MULTILINE)


@pytest.fixture
def copy(request: pytest.FixtureRequest) -> Path:
    """A copy of its own for each change."""
    return copying.copied(RUN / "commands" / request.function.__name__)


def block(page: str, beginning: str) -> str:
    """Return the sample of a page that begins so."""
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    codes: list[str] = FENCE.findall(text)
    return next(code for code in codes if code.startswith(beginning))


def python(copy: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return copying.run(copy, (".venv/bin/python", *words), **more)


def assert_green(copy: Path) -> None:
    done = python(copy, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", *SUITES)
    assert done.returncode == 0, done.stdout[-5000:]
    for check in (("check", "--quiet", "."), ("format", "--check", "--quiet", ".")):
        assert (done := python(copy, "-m", "ruff", *check)).returncode == 0, done.stdout


def test_a_version_is_published_as_the_page_says(copy: Path) -> None:
    folder = copy / "chalicelib" / "documents" / "terms_of_service"
    for locale in LOCALES:
        before = (folder / f"1.0.{locale}.md").read_text(encoding="utf-8")
        kept = "\n".join(found[0] for found in HEAD.finditer(before))
        own = "version: 2.0\neffective_at: 2026-02-01T00:00:00Z\ngrace_days: 0\nchanges: Our own words.\n"
        words = f"---\n{kept}\n{own}---\n# Terms\n\nOur own words.\n"
        (folder / f"2.0.{locale}.md").write_text(words, encoding="utf-8")
    done = copying.make(copy, "documents")
    registered = [f"registered terms_of_service/2.0.{locale}.md" for locale in sorted(LOCALES)]
    assert done.stdout.splitlines() == registered
    assert_green(copy)


def test_a_provider_is_added_as_the_page_says(copy: Path) -> None:
    path = copy / "chalicelib" / "domain" / "providers.py"
    text = path.read_text(encoding="utf-8")
    text = text.replace("PROVIDERS: Mapping", f"{block('providers.md', 'ACME = ')}PROVIDERS: Mapping")
    path.write_text(text.replace("(GOOGLE, APPLE)", "(GOOGLE, APPLE, ACME)"), encoding="utf-8")
    done = copying.make(copy, "docs")
    assert done.returncode == 0, done.stderr
    assert copying.make(copy, "-s", "token", "PROVIDER=acme").stdout.count(".") == 2
    assert_green(copy)


def test_a_migration_is_written_as_the_page_says(copy: Path, postgres: EmbeddedPostgres) -> None:
    command = block("migrations.md", "make migration")
    written = copying.run(copy, ("bash", "-c", command.replace("make", " ".join(copying.AS_IT_IS), 1)))
    assert written.returncode == 0, written.stderr
    path = copy / written.stdout.strip()
    assert path.is_file()
    assert_passes_the_checks(copy, path)
    text = path.read_text(encoding="utf-8")
    text = text[: text.index("# The rules")] + "\n" + block("migrations.md", "def upgrade")
    path.write_text(text, encoding="utf-8")
    assert_passes_the_checks(copy, path)
    assert_goes_up_and_down(copy, postgres, path.name.partition("_")[0])


def assert_passes_the_checks(copy: Path, migration: Path) -> None:
    for words in (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)):
        done = python(copy, "-m", *words, str(migration.relative_to(copy)))
        assert done.returncode == 0, done.stdout
    tested = "tests/store/test_migrations.py"
    names = "the_newest_file_is_the_head or upgrading_twice_changes_nothing"
    done = python(copy, "-m", "pytest", "-q", tested, "-k", names)
    assert done.returncode == 0, done.stdout[-3000:]


def assert_goes_up_and_down(copy: Path, postgres: EmbeddedPostgres, number: str) -> None:
    url = postgres.create_database("documented_migration")
    for act, revision in (("upgrade", "head"), ("downgrade", "-1"), ("upgrade", "head")):
        done = python(copy, "-m", "alembic", act, revision, **{OWNER_URL: url})
        assert done.returncode == 0, done.stderr
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", (INDEX,))
        assert cursor.fetchall() == [(True,)]
        cursor.execute("SELECT version_num FROM alembic_version")
        assert cursor.fetchall() == [(number,)]
    postgres.drop_database("documented_migration")
