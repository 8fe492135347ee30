"""Sign a request as a backend with AWS credentials does (SigV4); schemathesis has no botocore."""

import hmac
import os
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNED = "host;x-amz-date"


def sign(request: Any) -> Any:  # noqa: ANN401 - what `requests` prepared, which isn't in our environment
    """Return the request with the headers that the gateway looks at; the rest of it stays as it was made."""
    address, moment = urlsplit(request.url), datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    headers = f"host:{address.netloc}\nx-amz-date:{moment}\n"
    asked = (request.method, address.path, address.query, headers, SIGNED, sha256(body).hexdigest())
    scope = f"{moment[:8]}/{os.environ['AWS_DEFAULT_REGION']}/execute-api/aws4_request"
    said = (ALGORITHM, moment, scope, sha256("\n".join(asked).encode()).hexdigest())
    signature = hmac.digest(_key(scope), "\n".join(said).encode(), sha256).hex()
    credential = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    request.headers["Host"], request.headers["X-Amz-Date"] = address.netloc, moment
    request.headers["Authorization"] = (
        f"{ALGORITHM} {credential}, SignedHeaders={SIGNED}, Signature={signature}"
    )
    return request


def _key(scope: str) -> bytes:
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), sha256)
    return key
