"""Declare the shape of a problem for the API description, and to prove that every problem has it."""

from chalicelib.domain.errors import Action, leaves
from chalicelib.routes.faults import FaultCode
from chalicelib.routes.fields import Choice, Integer, Text, Timestamp
from chalicelib.routes.schema import Items, Record, optional, required

MISSING_CONSENT = Record(
    "MissingConsent",
    {
        "document": required(Text(max_chars=64)),
        "version": required(Text(max_chars=32)),
        "sha256": required(Text(max_chars=64, min_chars=64, pattern="[0-9a-f]{64}")),
    },
    description="A current required document that the person hasn't agreed to.",
    open=True,
)
FIELD_FAULT = Record(
    "FieldFault",
    {
        "pointer": required(
            Text(max_chars=512, min_chars=0, description="JSON pointer to the field (RFC 6901).")
        ),
        "code": required(Choice(FaultCode)),
    },
    description="One field that was refused, and why.",
    open=True,
)
PROBLEM = Record(
    "Problem",
    {
        "type": required(Text(max_chars=128, format="uri")),
        "title": required(Text(max_chars=128)),
        "status": required(Integer(minimum=400, maximum=599)),
        "instance": required(Text(max_chars=256, format="uri")),
        "code": required(
            Choice(tuple(sorted(error.code for error in leaves())), description="Stable; switch on this.")
        ),
        "user_message": required(
            Text(
                max_chars=200,
                description="May be shown as it is; in the language of Accept-Language (en, es).",
            )
        ),
        "action": required(
            Choice(Action, description="What the app does next. An unknown one: `retry` on 5xx, else `none`.")
        ),
        "request_id": required(Text(max_chars=128, description="Quote it to support.")),
        "timestamp": required(Timestamp()),
        "detail": optional(Text(max_chars=256, description="What the title doesn't say; for developers.")),
        "errors": optional(Items(of=FIELD_FAULT, max_items=32)),
        "retry_after": optional(Integer(minimum=1, description="Seconds; the same as Retry-After.")),
        "consents_missing": optional(Items(of=MISSING_CONSENT, max_items=16)),
    },
    description="Every error, in one shape (RFC 9457).",
    open=True,
)
