"""One index of made-up packages for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.setup.made_up import pages, served


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pages(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="session")
def index_url(index: Path) -> Iterator[str]:
    with served(index) as url:
        yield url
