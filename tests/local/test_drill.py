"""The drill proves what it prints, on the tests' own server (F-24, F-25)."""

from pathlib import Path

import pytest

from local.drill import Place, perform, prove
from local.drill_database import DrillError
from tests.audit_scenes import Bench
from tests.conftest import Parts
from tests.world import World


def test_a_restored_backup_revives_nobody(world: World, parts: Parts, tmp_path: Path) -> None:
    said: list[str] = []
    place = Place(
        postgres=parts.postgres,
        owner_url=world.owner_url,
        settings=Bench(world).settings,
        google=parts.people.google,
        folder=tmp_path,
    )
    perform(place, said.append)
    assert len([line for line in said if line.startswith("proved: ")]) == len(said) - 2
    assert "proved: the service says that it is not ready" in said
    assert "proved: every event that is left is as it was sealed" in said
    assert said[-1] == "proved: Ana signs in, and is somebody new"
    assert list(tmp_path.iterdir()) == []  # the dump is gone
    assert [name for name in parts.postgres.databases() if name.endswith("_restored")] == []


def test_what_is_not_so_fails_the_drill() -> None:
    with pytest.raises(DrillError, match="the moon is a cheese"):
        prove(holds=False, what="the moon is a cheese", say=print)
