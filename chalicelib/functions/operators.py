"""What operators do with people's accounts: three functions, each with a permission of its own."""

from uuid import UUID

from chalicelib import wiring
from chalicelib.domain.operators import OperatorAct, Order
from chalicelib.domain.providers import GOOGLE, PROVIDERS
from chalicelib.functions.invocation import Answer, Event, request_id
from chalicelib.routes.export_shapes import export
from chalicelib.routes.operator_shapes import changed, found, plain, shown


def operator_look(event: Event, context: object) -> Answer:
    """Find people by `email`, or `subject` at a `provider`, or show the account `user_id`; no profile."""
    operators, order, invocation = wiring.services().operators, _order(event), request_id(context)
    if event["act"] == OperatorAct.SHOW:
        return shown(operators.show(UUID(event["user_id"]), order, invocation))
    if event["act"] != OperatorAct.FIND or bool(event.get("email")) == bool(event.get("subject")):
        raise ValueError("act is find, with either email or subject, or show, with user_id")
    if event.get("email"):
        return found(operators.find_by_email(str(event["email"]), order, invocation))
    provider, subject = PROVIDERS[event.get("provider") or GOOGLE.name], str(event["subject"])
    return found(operators.find_by_subject(provider.name, provider.issuer, subject, order, invocation))


def operator_reveal(event: Event, context: object) -> Answer:
    """Show the account `user_id` with its profile, or answer one `part` of its export."""
    services, order, user_id = wiring.services(), _order(event), UUID(event["user_id"])
    if event["act"] == OperatorAct.REVEAL:
        return shown(services.operators.reveal(user_id, order, request_id(context)))
    if event["act"] != OperatorAct.EXPORT:
        raise ValueError("act is reveal or export")
    part = int(event.get("part") or 1)
    exported = services.operators.export(user_id, part, order, request_id(context))
    return plain(export(exported, services.controller))


def operator_change(event: Event, context: object) -> Answer:
    """Suspend or reinstate the person `user_id`, or end all their sessions."""
    act = OperatorAct(event["act"])
    if act not in {OperatorAct.SUSPEND, OperatorAct.REINSTATE, OperatorAct.END_SESSIONS}:
        raise ValueError("act is suspend, reinstate or end-sessions")
    operators = wiring.services().operators
    return changed(operators.change(UUID(event["user_id"]), act, _order(event), request_id(context)))


def _order(event: Event) -> Order:
    emergency = event.get("emergency", False)
    if not isinstance(emergency, bool):
        raise TypeError("emergency is true or false")
    return Order(actor=event["actor"], reason=event["reason"], emergency=emergency)
