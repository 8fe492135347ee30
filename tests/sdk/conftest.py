"""A stage for clients in Node. `make sdk` has built them."""

from collections.abc import Iterator

import pytest

from tests.sdk.stage import Stage, on_stage
from tests.world import World


@pytest.fixture
def stage(world: World) -> Iterator[Stage]:
    with on_stage(world) as one:
        yield one
