"""The database is compared with a ledger that others write to meanwhile."""

from dataclasses import replace
from uuid import UUID

import pytest

from chalicelib.domain.erasure import Position
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.services.restore_watch import RestoreWatch
from tests.fakes import InMemoryErasureLedger

FIVE = Position(lineage=UUID(int=1, version=4), epoch=5)


class Positions:
    """A database that is asked for its position once and again."""

    def __init__(self, *epochs: int | None) -> None:
        self._epochs = list(epochs)

    def position(self) -> Position | None:
        epoch = self._epochs.pop(0)
        return None if epoch is None else replace(FIVE, epoch=epoch)


def watch(*epochs: int | None, ledger_at: int) -> RestoreWatch:
    ledger = InMemoryErasureLedger()
    ledger.mark(replace(FIVE, epoch=ledger_at))
    return RestoreWatch(store=Positions(*epochs), ledger=ledger)


@pytest.mark.parametrize("ledger_at", [4, 5])
def test_a_database_that_knows_as_much_or_more_is_current(ledger_at: int) -> None:
    assert watch(5, ledger_at=ledger_at).is_current()


def test_a_database_that_goes_on_being_behind_was_restored() -> None:
    assert not watch(5, 5, ledger_at=6).is_current()
    with pytest.raises(DependencyUnavailable):
        watch(5, 5, ledger_at=6).ensure_current()


def test_an_erasure_between_the_two_looks_is_no_restore() -> None:
    assert watch(5, 6, ledger_at=6).is_current()
    watch(5, 7, ledger_at=6).ensure_current()


def test_a_database_without_a_position_is_not_current() -> None:
    assert not watch(None, ledger_at=0).is_current()
