"""Read time zones as phones write them: names and links of the IANA database, and fixed offsets.

A name is kept as the database spells it, and a link as the link (Asia/Calcutta stays). An offset is kept as
Java and Android write it, GMT+05:30; iOS writes GMT+0530, and others UTC+1 or GMT-3.
"""

import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

TIME_ZONE_CHARS_MAX = 64  # the longest name has 32
_OFFSET = re.compile(r"(?:GMT|UTC|UT)?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?", re.IGNORECASE)
_HOURS_MAX = 18  # java.time.ZoneOffset; the real ones are from -12 to +14
_NO_PLACES = {"Factory", "localtime", "posixrules"}  # "nobody has set this yet", and files beside the names


@cache
def time_zone_names() -> Mapping[str, str]:
    """Return the names of the IANA database by their lower case; reading them takes some 50 ms, once."""
    return {name.lower(): name for name in available_timezones() - _NO_PLACES}


def time_zone(text: str) -> str | None:
    """Return a name as the database spells it, or an offset as GMT+05:30; None for what is neither."""
    offset = _OFFSET.fullmatch(text)
    if offset is None:
        return time_zone_names().get(text.lower()) if len(text) <= TIME_ZONE_CHARS_MAX else None
    sign, hours, minutes = offset[1], int(offset[2]), int(offset[3] or 0)
    if hours * 60 + minutes > _HOURS_MAX * 60:
        return None
    return f"GMT{sign}{hours:02}:{minutes:02}" if hours or minutes else "GMT"
