"""`make rehearse`: a first release, failures, a good one, new keys, the way back, and the end of a stage."""

import base64
import json
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from chalicelib.routes.problems import FORWARDED_CHALLENGE
from chalicelib.stores.readiness import HEAD
from local.dev_google import subject_for
from tools import lambda_python
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
ANOTHER_PYTHON: Final = f"python3.{lambda_python.MINOR - 1}"
OURS: Final = [{"Name": "is-default", "Values": ["false"]}]  # networks: moto has AWS's own one, too
KEYS: Final = 5  # two of each purpose, and the one for storage
READS_STAGE: Final = '    stage = read("STAGE", Stage)\n'
READS_ANOTHER: Final = '    read("REHEARSED", str)\n'


class RehearsalFault(Exception):
    """Something went another way than it must."""


def main() -> None:
    """Rehearse, and say how long each act took."""
    started = time.monotonic()
    try:
        with site() as place:
            for act in ACTS:
                begun = time.monotonic()
                act(place)
                print(f"-- {act.__name__.replace('_', ' ')}: {time.monotonic() - begun:.0f} s", flush=True)
    except RehearsalFault as error:
        sys.exit(f"The rehearsal failed: {error}\nAll of it is in {FOLDER / 'releases.log'}")
    print(f"Rehearsed in {time.monotonic() - started:.0f} s", flush=True)


def first(place: Site) -> None:
    """Go from an empty account to a service that people sign in to."""
    said = expect(place, "deploy", is_done=True)
    holds(FORWARDED_CHALLENGE in said, "the smoke test didn't see the challenge as API Gateway sends it")
    serves(place, HEAD)


def bad_migration(place: Site) -> None:
    """Fail in a migration: nothing of it stays, and the first release goes on."""
    file = migration(place, BAD)
    said = expect(place, "deploy", is_done=False)
    file.unlink()
    holds("DivisionByZero" in said and "runs on" in said, "the bad migration was not told, or not undone")
    serves(place, HEAD)


def failing_smoke_test(place: Site) -> None:
    """Migrate, and answer wrongly once deployed: the first release is deployed again, on the newer schema."""
    migration(place, GOOD)
    file = place.project / METADATA
    text = file.read_text(encoding="utf-8")
    holds(SOUND in text, f"{METADATA} can't be broken this way any more")
    file.write_text(text.replace(SOUND, BROKEN), encoding="utf-8")
    said = expect(place, "deploy", is_done=False)
    file.write_text(text, encoding="utf-8")
    holds("/of/somebody/else" in said and "runs again" in said, "the smoke test let it pass")
    serves(place, NEXT)


def one_more(place: Site) -> None:
    """Release over another Python, with a setting that is newly required and new KMS keys beside the old."""
    was_another_python(place)
    requires_a_setting(place)
    place.functions.asleep.add(f"serenya-auth-{STAGE}-migrate")
    has_keys(place, "kms_generation")
    said = expect(place, "deploy", is_done=True)
    holds("migrate isn't ready yet" in said, "no function slept")
    client = place.session().client("lambda", endpoint_url=place.endpoint)
    told = client.get_paginator("list_functions").paginate().build_full_result()["Functions"]
    holds({one["Runtime"] for one in told} == {lambda_python.NAME}, "a function has another Python")
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


def change_keys(place: Site) -> None:
    """Wrap with the new KMS keys, and everything that there is anew: steps 2 and 3 of docs/keys.md."""
    has_keys(place, "wraps_with")
    expect(place, "deploy", is_done=True)
    said = expect(place, "rewrap", is_done=True)
    holds("is_done True" in said, f"rewrap said {said}")
    for use, wraps, history in shelf(place).release(ledger(place).done[-1]).kms_keys():
        holds(len(history) == 2 and wraps == history[1], f"{use} still wraps with {wraps}")  # noqa: PLR2004 - both
        if use == "KMS_KEY":
            holds(wrapped_with(place) == {wraps}, "a person's key is wrapped with the old KMS key")
    serves(place, NEXT)


def way_back(place: Site) -> None:
    """Go back by one, which opens what the new keys wrapped; and not to the first release, which couldn't."""
    former = ledger(place).done[:-1]
    expect(place, "rollback", is_done=True)
    holds(ledger(place).done == former, "the way back led elsewhere")
    serves(place, NEXT)
    said = expect(place, "rollback", is_done=False)
    holds("couldn't open what" in said, f"the way back to unreadable data was open: {said}")
    holds(ledger(place).done == former, "a refused way back changed the ledger")


def taken_down(place: Site) -> None:
    """Delete what Chalice deployed, and nothing that Terraform made: people's data stays. Deploy it again."""
    said = place.chalice("delete", "--stage", STAGE)
    session = place.session()
    functions = session.client("lambda", endpoint_url=place.endpoint).list_functions()["Functions"]
    holds(not functions, f"chalice delete left {functions} and said {said}")
    apis = session.client("apigateway", endpoint_url=place.endpoint).get_rest_apis()["items"]
    holds(not apis, f"chalice delete left {apis} and said {said}")
    tables = session.client("dynamodb", endpoint_url=place.endpoint).list_tables()["TableNames"]
    holds(f"serenya-auth-{STAGE}-vault" in tables, "chalice delete took the vault away")
    said = place.chalice("deploy", "--stage", STAGE)  # so that all stands when the stage is destroyed
    holds("Resources deployed:" in said, f"chalice deploy said {said}")


def destruction(place: Site) -> None:
    """Destroy the stage: nothing stays but what AWS keeps, and that is named with its day; and again."""
    said = expect(place, "destroy", is_done=False, typed="staging\n")
    holds("wasn't typed" in said, f"it asked for no name: {said}")
    has_locked_evidence(place)
    said = expect(place, "destroy", is_done=True, typed=f"{STAGE}\n")
    holds(
        "is locked until" in said and said.count("is deleted by AWS on") == KEYS, f"not all is named: {said}"
    )
    client = place.session().client
    left = [
        *client("lambda", endpoint_url=place.endpoint).list_functions()["Functions"],
        *client("events", endpoint_url=place.endpoint).list_rules()["Rules"],
        *client("apigateway", endpoint_url=place.endpoint).get_rest_apis()["items"],
        *client("dynamodb", endpoint_url=place.endpoint).list_tables()["TableNames"],
        *client("ec2", endpoint_url=place.endpoint).describe_vpcs(Filters=OURS)["Vpcs"],
        *client("logs", endpoint_url=place.endpoint).describe_log_groups()["logGroups"],
    ]
    holds(not left, f"{left} is left")
    said = expect(place, "destroy", is_done=True, typed=f"{STAGE}\n")
    holds("is locked until" in said and "nothing is left of it" in said, f"the second run said {said}")


def has_locked_evidence(place: Site) -> None:
    """Write what a seal is, with the lock that S3 gives it by the bucket's default, which moto doesn't."""
    s3 = place.session().client("s3", endpoint_url=place.endpoint)
    (bucket,) = (one["Name"] for one in s3.list_buckets()["Buckets"] if "-evidence-" in one["Name"])
    until = datetime.now(UTC) + timedelta(days=1)
    s3.put_object(
        Bucket=bucket, Key="seal", Body=b"1", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )


def was_another_python(place: Site) -> None:
    """Make what is deployed a release for another Python."""
    client = place.session().client("lambda", endpoint_url=place.endpoint)
    for name, (_, machine) in list(place.functions.runs_on.items()):
        client.update_function_configuration(FunctionName=name, Runtime=ANOTHER_PYTHON)
        place.functions.runs_on[name] = (ANOTHER_PYTHON, machine)
    serves(place, NEXT)


def requires_a_setting(place: Site) -> None:
    """Let the service refuse to start without a setting that no release before this one had, and set it."""
    settings, told = place.project / "chalicelib/settings.py", place.project / ".chalice/config.json"
    text, config = settings.read_text(encoding="utf-8"), json.loads(told.read_text(encoding="utf-8"))
    holds(text.count(READS_STAGE) == 1, "settings.py can't require one more this way any more")
    settings.write_text(text.replace(READS_STAGE, READS_STAGE + READS_ANOTHER), encoding="utf-8")
    config["stages"][STAGE]["environment_variables"]["REHEARSED"] = "yes"
    told.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def expect(place: Site, act: str, *, is_done: bool, typed: str = "") -> str:
    """Release or roll back, and return what was said, if it ended as it must."""
    code, said = place.release(act, typed)
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


def has_keys(place: Site, variable: str) -> None:
    """Set one of the two variables that change a KMS key."""
    values = place.project / "infra" / "stages" / f"{STAGE}.tfvars"
    with values.open("a", encoding="utf-8") as file:
        file.write(f"\n{variable} = {{ personal_data = 2, signing = 2 }}\n")


def wrapped_with(place: Site) -> set[str]:
    """Return the KMS keys that people's data keys are wrapped with."""
    vault = (
        place.session().resource("dynamodb", endpoint_url=place.endpoint).Table(f"serenya-auth-{STAGE}-vault")
    )
    return {str(item["kms_key_id"]) for item in vault.scan()["Items"]}


def shelf(place: Site) -> Shelf:
    """Return what releases are kept in."""
    s3 = place.session().client("s3", endpoint_url=place.endpoint)
    return Shelf(s3=s3, bucket=STATES, stage=STAGE)


def ledger(place: Site) -> Ledger:
    """Return what the releases left."""
    return shelf(place).ledger()


def migration(place: Site, statement: str) -> Path:
    """Write the next migration into the copy."""
    file = place.project / "alembic" / "versions" / f"{NEXT}_rehearsed.py"
    file.write_text(MIGRATION.replace("STATEMENT", statement), encoding="utf-8")
    return file


def holds(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Go on only if it is so. Raises: RehearsalFault."""
    if not is_so:
        raise RehearsalFault(otherwise)


ACTS: Final = (
    first,
    bad_migration,
    failing_smoke_test,
    one_more,
    plain_chalice,
    change_keys,
    way_back,
    taken_down,
    destruction,
)

if __name__ == "__main__":
    main()
