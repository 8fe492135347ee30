"""A wrong setting is a clear message that names every fault at once."""

import socket

import pytest

from local.children import HOST, free_port
from local.places import StackError
from local.preflight import read_choices
from local.stack import app_faults, listening


def test_without_settings_the_embedded_parts_are_used() -> None:
    choices = read_choices({"PORT": str(free_port())})
    assert (choices.database_url, choices.endpoint_url) == (None, None)


def test_every_fault_is_named_at_once() -> None:
    wrong = {
        "PORT": "eighty",
        "DATABASE_URL": "mysql://root@localhost/x",
        "AWS_ENDPOINT_URL": "localhost:4566",
        "SIGNING_ALGORITHM": "HS256",
    }
    with pytest.raises(StackError) as caught:
        read_choices(wrong, app_faults(wrong))
    assert all(name in str(caught.value) for name in wrong)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8000.0", "٨٠٠٠", "9" * 5000])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(StackError, match="PORT"):
        read_choices({"PORT": port})


def test_a_port_in_use_is_told() -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(StackError, match="PORT"):
        read_choices({"PORT": str(taken.getsockname()[1])})


def test_a_port_that_was_taken_in_the_meantime_is_told_the_same_way() -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(StackError, match=r"PORT \d+ can't be used"):
        listening(taken.getsockname()[1])


def test_what_cannot_be_reached_is_told_without_its_password() -> None:
    nowhere = f"{HOST}:{free_port()}"
    with pytest.raises(StackError) as caught:
        read_choices(
            {
                "PORT": str(free_port()),
                "DATABASE_URL": f"postgresql://owner:hunter2@{nowhere}/app",
                "AWS_ENDPOINT_URL": f"http://{nowhere}",
            }
        )
    assert str(caught.value).count("can't be reached") == 2
    assert "hunter2" not in str(caught.value)
