"""Say what each deployed function may do: one IAM policy a function, each action on the one thing it needs.

Chalice uses a policy file verbatim, so each holds the log, network and trace actions too. `needs` is the
declaration; the command that fills .chalice/config.json writes `policy` of every function from Terraform's
outputs. A function that begins to call something new fails its test until it is declared here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

APP: Final = "serenya-auth"
API: Final = "api"  # Chalice's own handler of all routes, `app.app`; its Lambda is named after app and stage
WITHOUT_RESOURCE: Final = frozenset(  # AWS lets no policy name a resource for these, or not for all of them
    {
        "dynamodb:ListStreams",
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
STORAGE_KEY: Final = "storage-key"
AT_REST: Final = {
    "egress": "dynamodb",
    "evidence": "s3",
    "vault": "dynamodb",
}  # encrypted with it: their callers need it, through them
OUTSIDE_THE_VPC: Final = frozenset(
    {"egress-deliver", "egress-sweep", "fetch-provider-keys"}
)  # what must reach the internet


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a policy holds: the stage, and the ARNs from Terraform's outputs by the names used in `needs`."""

    stage: str
    region: str
    account: str
    arns: Mapping[str, tuple[str, ...]]


READS_SECRETS: Final = {"personal-key": ("kms:Decrypt",), "signing-key": ("kms:Decrypt",)}
DATABASE: Final = {"app-login": ("rds-db:connect",)}
OWNER: Final = {"owner-login": ("rds-db:connect",)}
KNOWS_ERASED: Final = {"evidence": ("s3:GetObject",), "evidence-bucket": ("s3:ListBucket",)}
WRITES_EVIDENCE: Final = {"evidence": ("s3:GetObject", "s3:PutObject"), "evidence-bucket": ("s3:ListBucket",)}
HAS_ERRANDS: Final = {"egress": ("dynamodb:PutItem",)}
DOES_ERRANDS: Final = {
    "personal-key": ("kms:Decrypt", "kms:Encrypt"),
    "egress": ("dynamodb:GetItem", "dynamodb:UpdateItem"),
    "event-buses": ("events:PutEvents",),
}
SERVICES: Final = DATABASE | READS_SECRETS
ERASES: Final = (
    SERVICES
    | WRITES_EVIDENCE
    | HAS_ERRANDS
    | {
        "personal-key": ("kms:Decrypt", "kms:Encrypt"),
        "vault": ("dynamodb:DeleteItem", "dynamodb:GetItem"),
    }
)
READS_STREAM: Final = {  # Lambda itself polls it, as the function
    "egress-stream": (
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
    ),
    "egress-dead-letters": ("sqs:SendMessage",),
}

needs: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    API: ERASES
    | {
        "personal-key": ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
        "vault": ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        "provider-keys": ("s3:GetObject",),
    },
    "account-erase": ERASES,
    "apple-client-key": DATABASE | {"personal-key": ("kms:Encrypt",), "egress": ("dynamodb:PutItem",)},
    "audit-export": SERVICES | KNOWS_ERASED,
    "audit-seal": SERVICES | WRITES_EVIDENCE,
    "audit-verify": SERVICES | KNOWS_ERASED,
    "consent-coverage": DATABASE,
    "egress-collect": DATABASE
    | {
        "personal-key": ("kms:Decrypt", "kms:Encrypt"),
        "vault": ("dynamodb:GetItem",),
        "egress": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        "egress-queue": ("dynamodb:Query",),
    },
    "egress-deliver": DOES_ERRANDS | READS_STREAM,
    "egress-sweep": DOES_ERRANDS | {"egress-queue": ("dynamodb:Query",)},
    "erasure-sweep": ERASES,
    "fetch-provider-keys": {"provider-keys": ("s3:PutObject",)},
    "keys-status": DATABASE | {"vault": ("dynamodb:Scan",)},
    "migrate": OWNER,
    "operator-change": SERVICES,
    "operator-look": SERVICES,
    "operator-reveal": SERVICES | {"vault": ("dynamodb:GetItem",)},
    "outbox-carry": DATABASE
    | {
        "egress": ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        "egress-queue": ("dynamodb:Query",),
    },
    "prepare-database": {},  # what it logs in with comes in its event
    "publish-documents": OWNER,
    "purge": DATABASE,
    "reindex": SERVICES | {"vault": ("dynamodb:GetItem",)},
    "restore": ERASES,
    "retire-key": DATABASE | {"personal-key": ("kms:Encrypt",), "signing-key": ("kms:Encrypt",)},
    "rewrap": DATABASE
    | {
        "personal-key": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
        "signing-key": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
        "vault": ("dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
    },
    "rotate-keys": DATABASE | {"personal-key": ("kms:Encrypt",), "signing-key": ("kms:Encrypt",)},
    "rotate-secret": DATABASE | {"personal-key": ("kms:Encrypt",)},
    "webhook-endpoints": DATABASE | {"personal-key": ("kms:Encrypt",)},
    "vault-sweep": DATABASE | KNOWS_ERASED | {"vault": ("dynamodb:DeleteItem", "dynamodb:Scan")},
}


def policy(function: str, place: Place) -> dict[str, Any]:
    """Return a function's policy document. Raises: KeyError for one that isn't declared, or a missing ARN."""
    statements = [_statement(actions, place.arns[thing]) for thing, actions in needs[function].items()]
    through = list(_through_services(function, place))
    return {"Version": "2012-10-17", "Statement": [*statements, *through, *_always(function, place)]}


def log_group(function: str, place: Place) -> str:
    """Return the log group that a function really writes to."""
    name = f"{APP}-{place.stage}" + ("" if function == API else f"-{function}")
    return f"arn:aws:logs:{place.region}:{place.account}:log-group:/aws/lambda/{name}"


def _through_services(function: str, place: Place) -> Iterable[dict[str, Any]]:
    services = sorted({AT_REST[thing] for thing in needs[function] if thing in AT_REST})
    if services:
        yield _statement(("kms:Decrypt", "kms:GenerateDataKey"), place.arns[STORAGE_KEY]) | {
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [f"{name}.{place.region}.amazonaws.com" for name in services]
                }
            }
        }


def _always(function: str, place: Place) -> Iterable[dict[str, Any]]:
    yield _statement(("logs:CreateLogStream", "logs:PutLogEvents"), (f"{log_group(function, place)}:*",))
    services = ("xray:",) if function in OUTSIDE_THE_VPC else ("ec2:", "xray:")
    if "egress-stream" in needs[function]:
        services = (*services, "dynamodb:")  # Lambda looks for the stream, as the function
    yield _statement(tuple(sorted(one for one in WITHOUT_RESOURCE if one.startswith(services))), ("*",))


def _statement(actions: tuple[str, ...], resources: tuple[str, ...]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
