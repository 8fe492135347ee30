"""Decide file by file what of a dependency is deployed: its code, its data, its licence; nothing else."""

import re
from typing import Final

# A service that the code begins to use is added here; a test holds it against clients/aws.py.
AWS_SERVICES: Final = frozenset({"dynamodb", "events", "kms", "s3"})
MODELS: Final = r"(service-2|endpoint-rule-set-1|paginators-1)(\.sdk-extras)?\.json(\.gz)?"

_KEPT: Final = re.compile(
    rf"""(?x)
    [\w-]+-[\w.]+\.dist-info/(METADATA|(licenses/.*)?(LICEN[CS]E|NOTICE|AUTHORS|COPYING)[^/]*)
    | (alembic|dateutil|google/auth|jmespath|jwt|mako|markupsafe|psycopg2|sqlalchemy|urllib3|botocore)/.*\.py
    | cryptography/.*\.(py|so)
    | (six|typing_extensions)\.py
    | chalice/(__init__|app)\.py
    | (_cffi_backend|markupsafe/_speedups|psycopg2/_psycopg|sqlalchemy/.*)\.cpython-[\w-]+\.so
    | psycopg2_binary\.libs/[^/]+
    | botocore/cacert\.pem
    | botocore/data/(_retry|endpoints|partitions|sdk-default-configuration)\.json
    | botocore/data/({"|".join(sorted(AWS_SERVICES))})/[^/]+/{MODELS}
    | tzdata/(__init__\.py|zones|zoneinfo/(?!.*\.py$).*)
    """
)
_DROPPED: Final = re.compile(
    r"""(?x)
    (.*/)?(tests?|testing|templates)/.*
    | botocore/data/dynamodb/2011-12-05/.*
    | google/auth/aio/.*
    | mako/ext/.*
    | sqlalchemy/ext/mypy/.*
    """
)


def is_shipped(path: str) -> bool:
    """Tell whether a file, as installed, belongs into the package."""
    return _KEPT.fullmatch(path) is not None and _DROPPED.fullmatch(path) is None
