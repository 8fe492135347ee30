"""A profile counts what was called, for one request."""

import cProfile
import time

from bench.profile import named, read


def answer() -> None:
    for _ in range(3):
        step()


def step() -> None:
    sum(range(1000))


def test_calls_and_microseconds_are_those_of_one_request() -> None:
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    for _ in range(10):
        answer()
    profiler.disable()
    profile = read("answer", profiler, requests=10)
    by_name = {one.name.split()[-1]: one for one in profile.dearest}
    assert (by_name["answer"].calls, by_name["step"].calls) == (1, 3)
    assert 7 <= profile.calls < 8  # one, three, three sums; and the profiler's own end
    assert by_name["answer"].whole_us >= by_name["step"].whole_us >= by_name["step"].own_us


def test_a_function_is_named_as_its_reader_finds_it() -> None:
    ours = "/x/serenya-auth/chalicelib/stores/database.py"
    assert named(ours, 50, "rows") == "chalicelib/stores/database.py:50 rows"
    assert named("/x/lib/python3.11/site-packages/jwt/algorithms.py", 7, "sign") == "jwt/algorithms.py:7 sign"
    assert named("/usr/lib/python3.11/json/decoder.py", 3, "decode") == "json/decoder.py:3 decode"
    assert named("~", 0, "<built-in method builtins.len>") == "builtins.len"
