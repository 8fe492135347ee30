"""`make rehearse`: a first release, two that fail on purpose, a good one, plain Chalice, and the way back."""

import base64
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chalicelib.stores.readiness import HEAD
from local.dev_google import subject_for
from tools.rehearsal.site import FOLDER, LOG_LINES, STAGE, STATES, Site, site
from tools.release.record import Ledger
from tools.release.shelf import Shelf, sha256
from tools.release.smoke import Answer, address, ask

EMAIL: Final = "ana@example.com"
NEXT: Final = f"{int(HEAD) + 1:04}"
GOOD: Final = "CREATE TABLE rehearsed (id integer PRIMARY KEY)"
BAD: Final = "CREATE TABLE half_made AS SELECT 1 / 0 AS id"
MIGRATION: Final = f'''"""Rehearse."""

from alembic import op

revision, down_revision, branch_labels, depends_on = "{NEXT}", "{HEAD}", None, None


def upgrade() -> None:
    op.execute("STATEMENT")


def downgrade() -> None:
    op.execute("DROP TABLE rehearsed")
'''
METADATA: Final = "chalicelib/routes/metadata.py"
SOUND: Final = '"issuer": services.issuer_url,'
BROKEN: Final = '"issuer": services.issuer_url + "/of/somebody/else",'


class RehearsalFault(Exception):
    """Something went another way than it must."""


def main() -> None:
    """Rehearse, and say how long each act took."""
    started = time.monotonic()
    try:
        with site() as place:
            for act in (
                first,
                bad_migration,
                failing_smoke_test,
                one_more,
                plain_chalice,
                way_back,
                taken_down,
            ):
                begun = time.monotonic()
                act(place)
                print(f"-- {act.__name__.replace('_', ' ')}: {time.monotonic() - begun:.0f} s", flush=True)
    except RehearsalFault as error:
        sys.exit(f"The rehearsal failed: {error}\nAll of it is in {FOLDER / 'releases.log'}")
    print(f"Rehearsed in {time.monotonic() - started:.0f} s", flush=True)


def first(place: Site) -> None:
    """Go from an empty account to a service that people sign in to."""
    expect(place, "deploy", is_done=True)
    serves(place, HEAD)


def bad_migration(place: Site) -> None:
    """Fail in a migration: nothing of it stays, and the first release goes on."""
    file = migration(place, BAD)
    said = expect(place, "deploy", is_done=False)
    file.unlink()
    holds("DivisionByZero" in said and "runs on" in said, "the bad migration was not told, or not undone")
    serves(place, HEAD)


def failing_smoke_test(place: Site) -> None:
    """Answer wrongly once deployed: the first release is deployed again."""
    file = place.project / METADATA
    text = file.read_text(encoding="utf-8")
    holds(SOUND in text, f"{METADATA} can't be broken this way any more")
    file.write_text(text.replace(SOUND, BROKEN), encoding="utf-8")
    said = expect(place, "deploy", is_done=False)
    file.write_text(text, encoding="utf-8")
    holds("/of/somebody/else" in said and "runs again" in said, "the smoke test let it pass")
    serves(place, HEAD)


def one_more(place: Site) -> None:
    """Release with a migration that extends the schema."""
    migration(place, GOOD)
    expect(place, "deploy", is_done=True)
    serves(place, NEXT)
    holds(len(ledger(place).done) == 2, "the ledger doesn't have both releases")  # noqa: PLR2004 - both


def plain_chalice(place: Site) -> None:
    """Deploy as from another machine, with nothing of ours around it: the checked package goes up; invoke."""
    shutil.rmtree(place.project / ".chalice" / "deployed")
    said = expect(place, "config", is_done=True)
    holds(said == "Nothing to change.\n", f"the configuration had changed: {said}")
    (package,) = (place.project / ".chalice" / "deployments").iterdir()
    said = place.chalice("deploy", "--stage", STAGE)
    holds("Resources deployed:" in said, f"chalice deploy said {said}")
    holds(
        list((place.project / ".chalice" / "deployments").iterdir()) == [package], "Chalice packed by itself"
    )
    functions = place.session().client("lambda", endpoint_url=place.endpoint)
    told = functions.get_function_configuration(FunctionName=f"serenya-auth-{STAGE}")
    holds(base64.b64decode(told["CodeSha256"]).hex() == sha256(package), "not the checked package runs")
    said = place.chalice("invoke", "--stage", STAGE, "--name", "migrate")
    holds(f'"to": "{NEXT}"' in said, f"chalice invoke said {said}")
    serves(place, NEXT)
    said = place.chalice("url", "--stage", STAGE)
    holds(said.strip().endswith("/v1/"), f"chalice url said {said}")
    said = place.chalice("logs", "--stage", STAGE)
    holds('"route": "/auth/refresh"' in said, f"chalice logs said {said[-1000:]}")


def way_back(place: Site) -> None:
    """Go back: the first release works on the newer schema, as expanding promises."""
    former = ledger(place).done[0]
    expect(place, "rollback", is_done=True)
    holds(ledger(place).done == (former,), "the way back led elsewhere")
    serves(place, NEXT)


def taken_down(place: Site) -> None:
    """Delete what Chalice deployed, and nothing that Terraform made: people's data stays."""
    said = place.chalice("delete", "--stage", STAGE)
    session = place.session()
    functions = session.client("lambda", endpoint_url=place.endpoint).list_functions()["Functions"]
    holds(not functions, f"chalice delete left {functions} and said {said}")
    apis = session.client("apigateway", endpoint_url=place.endpoint).get_rest_apis()["items"]
    holds(not apis, f"chalice delete left {apis} and said {said}")
    tables = session.client("dynamodb", endpoint_url=place.endpoint).list_tables()["TableNames"]
    holds(f"serenya-auth-{STAGE}-vault" in tables, "chalice delete took the vault away")


def expect(place: Site, act: str, *, is_done: bool) -> str:
    """Release or roll back, and return what was said, if it ended as it must."""
    code, said = place.release(act)
    if (code == 0) is not is_done:
        last = "\n".join(said.splitlines()[-LOG_LINES:])
        raise RehearsalFault(f"{act} ended with {code}:\n{last}")
    return said


def serves(place: Site, revision: str) -> None:
    """Sign a person in and refresh, at a database of this revision."""
    holds(place.revision() == revision, f"the database is at {place.revision()}, not at {revision}")
    signed_in = call(place, "/auth/google", sign_in(place))
    holds(signed_in.status == 200, f"sign-in was answered {signed_in}")  # noqa: PLR2004 - HTTP's OK
    refreshed = call(place, "/auth/refresh", {"refresh_token": signed_in.body["refresh_token"]})
    holds(refreshed.status == 200, f"refresh was answered {refreshed}")  # noqa: PLR2004 - the same


def sign_in(place: Site) -> dict[str, Any]:
    """Return Ana's request."""
    now = datetime.now(UTC)
    token = place.google.token(subject=subject_for(EMAIL), email=EMAIL, name="Ana Diaz", now=now)
    told = call(place, "/consents/documents").body["documents"]
    consents = [
        {"document": one["document"], "version": one["version"], "granted": True}
        for one in told
        if one["required"]
    ]
    return {"id_token": token, "device": {"id": "phone-1", "platform": "ios"}, "consents": consents}


def call(place: Site, path: str, body: object = None) -> Answer:
    """Return the deployed API's answer."""
    deployed = ledger(place).deployed or {}
    (api,) = (one["rest_api_id"] for one in deployed["resources"] if one["resource_type"] == "rest_api")
    return ask(address(api, "", place.endpoint) + path, body)


def ledger(place: Site) -> Ledger:
    """Return what the releases left."""
    s3 = place.session().client("s3", endpoint_url=place.endpoint)
    return Shelf(s3=s3, bucket=STATES, stage=STAGE).ledger()


def migration(place: Site, statement: str) -> Path:
    """Write the next migration into the copy."""
    file = place.project / "alembic" / "versions" / f"{NEXT}_rehearsed.py"
    file.write_text(MIGRATION.replace("STATEMENT", statement), encoding="utf-8")
    return file


def holds(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Go on only if it is so. Raises: RehearsalFault."""
    if not is_so:
        raise RehearsalFault(otherwise)


if __name__ == "__main__":
    main()
