"""Every format that one release writes and another one reads."""

from tests.golden import formats_people, formats_record, formats_tokens

FORMATS = formats_people.FORMATS | formats_tokens.FORMATS | formats_record.FORMATS
