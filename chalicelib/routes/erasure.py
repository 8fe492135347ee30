"""Routes of erasure: ask for it with a fresh sign-in; ask later, with the receipt's secret, how far it is."""

from typing import Any

from chalicelib.domain import errors
from chalicelib.domain.erasure import KEPT, ErasedData, Erasure, ErasureState
from chalicelib.domain.step_up import SensitiveAct
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.faults import FaultCode, Refused
from chalicelib.routes.fields import Choice, JsonSchema, Leaf, Text, Timestamp, Uuid
from chalicelib.routes.route import Answer, Call, Route, bearer, receipt
from chalicelib.routes.schema import Items, Record, nullable, required
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS


class Confirmed(Leaf):
    """True, and nothing else: an erasure can't be undone."""

    __slots__ = ()

    def parse(self, value: object) -> bool:
        """Return True."""
        if not isinstance(value, bool):
            raise Refused(FaultCode.wrong_type)
        if not value:
            raise Refused(FaultCode.not_allowed)
        return True

    def schema(self) -> JsonSchema:
        """Describe the one value."""
        return {"type": "boolean", "const": True, "description": "The person was told what goes."}


ERASURE_REQUEST = Record("ErasureRequest", {"confirm": required(Confirmed())})
KEPT_DATA = Record(
    "KeptData",
    {
        "what": required(Text(max_chars=64)),
        "legal_basis": required(Text(max_chars=256)),
        "until": required(Timestamp()),
    },
    description="What stays, without anything that tells who it was.",
    open=True,
)
ERASURE = Record(
    "Erasure",
    {
        "id": required(Uuid()),
        "state": required(Choice(ErasureState, description="Pending, it completes by itself.")),
        "requested_at": required(Timestamp()),
        "completed_at": required(nullable(Timestamp())),
        "erased": required(Items(of=Choice(ErasedData), max_items=32)),
        "kept": required(Items(of=KEPT_DATA, max_items=32)),
    },
    open=True,
)
ERASURE_STATE = Record("ErasureStatus", {"erasure": required(ERASURE)}, open=True)
ERASURE_RECEIPT = Record(
    "ErasureReceipt",
    {
        "erasure": required(ERASURE),
        "receipt": required(Text(max_chars=8192, description="A JWS of type erasure-receipt+jwt.")),
        "secret": required(Text(max_chars=64, description="Asks for the state later; shown this once.")),
    },
    open=True,
)


def erase_account(services: Services, call: Call) -> Answer:
    """Erase the person."""
    done = services.erasures.request(call.caller, act(call))
    return Answer(
        body={"erasure": _shown(done.erasure), "receipt": done.receipt, "secret": done.secret},
    )


def read_erasure(services: Services, call: Call) -> Answer:
    """Show how far an erasure is."""
    erasure = services.erasures.state(call.path_uuid("erasure_id"), call.bearer)
    return Answer(body={"erasure": _shown(erasure)})


def _shown(erasure: Erasure) -> dict[str, Any]:
    return {
        "id": erasure.id,
        "state": erasure.state,
        "requested_at": erasure.requested_at,
        "completed_at": erasure.completed_at,
        "erased": list(ErasedData),
        "kept": [
            {
                "what": kept.what,
                "legal_basis": kept.legal_basis,
                "until": erasure.requested_at + kept.period,
            }
            for kept in KEPT
        ],
    }


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="DELETE",
        path="/account",
        handler=erase_account,
        operation_id="erase_account",
        summary="Erase the person, for good",
        tags=("account",),
        body=ERASURE_REQUEST,
        answer=ERASURE_RECEIPT,
        access=bearer(Scope.ACCOUNT),
        step_up=SensitiveAct.ERASE,
        errors=BEARER_ERRORS,
    ),
    Route(
        method="GET",
        path="/account/erasures/{erasure_id}",
        handler=read_erasure,
        operation_id="read_erasure",
        summary="How far an erasure is",
        tags=("account",),
        answer=ERASURE_STATE,
        access=receipt,
        errors=(errors.NotFound, errors.DependencyUnavailable),
    ),
)
