"""An import profile adds up: nothing twice, and what the first request imports apart."""

import pytest

from bench.import_profile import ImportProfile, modules, packages

INIT = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 |     sqlalchemy.util
import time:       200 |        300 |   sqlalchemy.sql
import time:        50 |        350 | sqlalchemy
{"event": "something that is logged"}
import time:        40 |         40 |       google.auth.crypt
import time:        10 |         50 |     google.auth
import time:       500 |        550 |   chalicelib.stores.keys
import time:         7 |          7 |     chalicelib.domain.keys
import time:      1000 |       1007 |   chalicelib.stores
import time:         3 |       1560 | chalicelib
"""
REQUEST = "import time:       900 |        900 | stringprep\n"


def test_a_package_is_its_own_modules_and_apart_what_they_import() -> None:
    found = {one.name: (one.own_ms, one.all_ms, one.modules) for one in packages(modules(INIT))}
    assert found == {
        "sqlalchemy": (0.35, 0.35, 3),
        "google.auth": (0.05, 0.05, 2),
        "chalicelib.stores": (1.5, pytest.approx(1.557), 2),
        "chalicelib.domain": (0.007, 0.007, 1),
        "chalicelib": (0.003, 1.56, 1),
    }


def test_the_dearest_come_first_and_what_the_first_request_imports_stands_apart() -> None:
    profile = ImportProfile.read(INIT, REQUEST)
    assert [one.name for one in profile.packages[:2]] == ["chalicelib.stores", "sqlalchemy"]
    assert [one.name for one in profile.late] == ["stringprep"]
    told = profile.plain()
    assert told["own_ms"] == pytest.approx(1.9)
    assert told["in_the_first_request_ms"] == pytest.approx(0.9)
    assert "Imported by the first sign-in: 1 ms" in profile.table()
