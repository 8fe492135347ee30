"""What is deployed may be deployed: every package is under a licence that somebody agreed to."""

from tools.licences_page import ALLOWED, deployed, licences


def test_every_deployed_package_has_a_licence_on_the_list() -> None:
    refused = {name: found for name, found in licences().items() if not set(found) & ALLOWED.keys()}
    assert refused == {}


def test_no_licence_is_on_the_list_for_nothing() -> None:
    assert {licence for found in licences().values() for licence in found} == set(ALLOWED)


def test_every_package_of_the_lock_is_looked_at() -> None:
    assert {"boto3", "chalice", "psycopg2-binary", "sqlalchemy"} <= set(deployed())
