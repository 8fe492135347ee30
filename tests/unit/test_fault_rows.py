"""Every fault has its tests, and every test that cites one cites one that exists."""

from tests.faults.rows import ROWS
from tools.faults_page import citations


def test_no_row_is_without_a_test() -> None:
    cited = citations()
    assert [row.id for row in ROWS if not cited.get(row.id)] == []


def test_no_test_cites_a_fault_that_is_not_in_the_table() -> None:
    known = [row.id for row in ROWS]
    assert set(citations()) <= set(known)
    assert len(set(known)) == len(known)
