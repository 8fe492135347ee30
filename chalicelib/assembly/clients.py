"""The AWS clients of one container: each is made once, for making one takes milliseconds of a cold start."""

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.clients.aws import aws_client

if TYPE_CHECKING:
    shared_client = aws_client
else:
    shared_client = cache(aws_client)  # safe between threads, as botocore's clients are
