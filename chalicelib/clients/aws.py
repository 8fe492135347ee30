"""Make the AWS clients: one shared session, no call that can hang, no retry of botocore's own."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 1.0  # inside the VPC a connection takes a millisecond; TLS on a cold start takes longer
READ_SECONDS = 1.5  # KMS and DynamoDB answer in tens of milliseconds
POOL_CONNECTIONS = 32  # the local stack answers many requests at once; a Lambda needs one


@overload
def aws_client(service: Literal["kms"], region: str, endpoint: str | None) -> "KMSClient": ...
@overload
def aws_client(service: Literal["dynamodb"], region: str, endpoint: str | None) -> "DynamoDBClient": ...
@overload
def aws_client(service: Literal["s3"], region: str, endpoint: str | None) -> "S3Client": ...
@overload
def aws_client(service: Literal["events"], region: str, endpoint: str | None) -> Any: ...  # noqa: ANN401 - one call of it is used
def aws_client(service: str, region: str, endpoint: str | None) -> Any:
    """Return a client of one service; `endpoint` is a URL for the local stack, None for AWS itself."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},  # `aws_calls` retries, within a deadline
        max_pool_connections=POOL_CONNECTIONS,
        tcp_keepalive=True,
    )
    return aws_session().create_client(service, region_name=region, endpoint_url=endpoint, config=config)


@cache
def aws_session() -> botocore.session.Session:
    """Return the one session of this process."""
    return botocore.session.get_session()
