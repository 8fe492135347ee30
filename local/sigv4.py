"""Let in whom API Gateway would where IAM guards a route: whoever signs with the local AWS's credentials."""

import hmac
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.aws import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from local.gateway import Inbound

SERVICE: Final = "execute-api"
ACCOUNT: Final = "123456789012"
SKEW: Final = timedelta(minutes=5)  # what AWS allows
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<day>[0-9]{8})/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE: Final = "%Y%m%dT%H%M%SZ"


def identity(inbound: "Inbound", now: datetime) -> dict[str, str] | None:
    """Return what API Gateway tells of a caller whose signature is right; None for any other."""
    match = _AUTHORIZATION.fullmatch(str(inbound.headers.get("Authorization", "")))
    if match is None or not _is_of_now(inbound, match["day"], now):
        return None
    names = match["headers"].split(";")
    scope = (match["key"], match["region"], match["service"])
    if scope != (ACCESS_KEY, REGION, SERVICE) or not {"host", "x-amz-date"} <= set(names):
        return None
    if not hmac.compare_digest(_signature(inbound, names), match["signature"]):
        return None
    arn = f"arn:aws:iam::{ACCOUNT}:user/{ACCESS_KEY}"
    return {"userArn": arn, "user": ACCESS_KEY, "caller": ACCESS_KEY, "accountId": ACCOUNT}


def _is_of_now(inbound: "Inbound", day: str, now: datetime) -> bool:
    date = str(inbound.headers.get("X-Amz-Date", ""))
    try:
        signed_at = datetime.strptime(date, _DATE).replace(tzinfo=UTC)
    except ValueError:
        return False
    return date.startswith(day) and abs(now - signed_at) <= SKEW


def _signature(inbound: "Inbound", names: list[str]) -> str:
    """Return the signature that the request should have, by botocore's own signer."""
    headers = {name: str(inbound.headers.get(name, "")) for name in names}
    if "x-amz-content-sha256" in headers:  # botocore would sign what it says
        headers["x-amz-content-sha256"] = sha256(inbound.body).hexdigest()
    url = f"http://{headers['host']}{inbound.target}"
    request = AWSRequest(inbound.method, url, headers=headers, data=inbound.body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), SERVICE, REGION)
    canonical = signer.canonical_request(request)
    return str(signer.signature(signer.string_to_sign(request, canonical), request))
