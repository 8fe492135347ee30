"""A release keeps the functions of every release that can be gone back to."""

from pathlib import Path
from typing import Any

import pytest

from tests.release.made import OUTPUTS
from tools.release.cloud import Cloud
from tools.release.fault import ReleaseFault
from tools.release.record import Ledger, Release
from tools.release.releasing import Releasing
from tools.release.shelf import Shelf

OLD = Release(stage="dev", package_sha256="0" * 64, commit="old", revision="0001", config={}, policies={})
KEPT = tuple(
    Release(
        stage="dev",
        package_sha256="0" * 64,
        commit=name,
        revision="0014",
        config={},
        policies={},
        schema=f"requests_{name}",
    )
    for name in ("b", "a")
)


class Asked(Cloud):
    """A cloud that notes what `migrate` was asked."""

    def invoke(self, function: str, event: Any) -> Any:  # noqa: ANN401 - as its parent
        asked.append((function, dict(event)))
        return {"from": "0013", "to": "0014"}


class Shelved(Shelf):
    """A shelf with these releases."""

    def release(self, release_id: str) -> Release:
        found = {one.id: one for one in (OLD, *KEPT)}
        if release_id not in found:
            raise ReleaseFault(release_id)
        return found[release_id]


asked: list[tuple[str, dict[str, Any]]] = []


@pytest.fixture
def releasing() -> Releasing:
    asked.clear()
    nothing: Any = None
    return Releasing(
        project=Path(),
        cloud=Asked(session=nothing, stage="dev"),
        shelf=Shelved(s3=nothing, bucket="states", stage="dev"),
        lock=nothing,
        infrastructure=nothing,
    )


def test_migrate_is_told_the_schemas_of_all_releases_that_can_be_gone_back_to(releasing: Releasing) -> None:
    releasing._ledger = Ledger(done=(OLD.id, *(one.id for one in KEPT)))
    releasing._migrate(OUTPUTS)
    assert asked == [("migrate", {"kept_schemas": ["requests_a", "requests_b"]})]


def test_a_release_that_cannot_be_read_stops_it_before_anything_is_dropped(releasing: Releasing) -> None:
    releasing._ledger = Ledger(done=("f" * 64,))
    with pytest.raises(ReleaseFault):
        releasing._migrate(OUTPUTS)
    assert asked == []


def test_a_release_that_was_kept_without_a_schema_keeps_its_id() -> None:
    assert "schema" not in OLD.to_json()
    assert Release.of_json(KEPT[0].to_json()) == KEPT[0]
