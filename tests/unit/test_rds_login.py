"""The login of a new connection: RDS's own token, made here, for one role at one place (L3, L6)."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
from botocore.stub import Stubber

from chalicelib.clients.rds_login import RdsLogin
from chalicelib.domain.errors import DependencyUnavailable

HOST = "serenya.c1a2b3.eu-west-1.rds.amazonaws.com"


@pytest.fixture
def session() -> botocore.session.Session:
    """Return a session with credentials that are nobody's, as a function's role has them."""
    made = botocore.session.Session()
    made.set_credentials("AKIDEXAMPLE", "secret", "session/token+")
    return made


def token(session: botocore.session.Session) -> str:
    return RdsLogin(session=session, region="eu-west-1").token(host=HOST, port=5432, user="serenya_requests")


def fields(signed: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(f"https://{signed}").query).items()}


def without_time(signed: str) -> dict[str, str]:
    return {
        name: value for name, value in fields(signed).items() if name not in {"X-Amz-Date", "X-Amz-Signature"}
    }


def test_the_token_is_the_one_that_the_rds_client_makes(session: botocore.session.Session) -> None:
    ours = token(session)
    client = boto3.Session(botocore_session=session).client("rds", region_name="eu-west-1")
    with Stubber(client):  # nothing is called
        theirs = client.generate_db_auth_token(DBHostname=HOST, Port=5432, DBUsername="serenya_requests")
    assert without_time(ours) == without_time(theirs)
    assert ours.split("?")[0] == f"{HOST}:5432/"
    if fields(ours)["X-Amz-Date"] == fields(theirs)["X-Amz-Date"]:
        assert ours == theirs


def test_a_token_opens_connections_for_fifteen_minutes(session: botocore.session.Session) -> None:
    told = fields(token(session))
    assert timedelta(seconds=int(told["X-Amz-Expires"])) == timedelta(minutes=15)
    assert datetime.strptime(told["X-Amz-Date"], "%Y%m%dT%H%M%S%z")


def test_each_connection_verifies_the_server_fully(session: botocore.session.Session) -> None:
    login = RdsLogin(session=session, region="eu-west-1")
    given = login.parameters(host=HOST, port=5432, user="serenya_requests")
    assert given["sslmode"] == "verify-full"
    assert given["sslrootcert"].endswith("certificates/rds-eu-west-1.pem")
    assert "options" not in given  # RDS Proxy refuses a connection that comes with them (L2)


def test_a_function_without_credentials_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    session = botocore.session.Session()
    monkeypatch.setattr(session, "get_credentials", lambda: None)
    with pytest.raises(DependencyUnavailable):
        token(session)
