"""What operators do with people's accounts: three functions, each with a permission of its own."""

from chalicelib import wiring
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.operators import OperatorAct, Order
from chalicelib.domain.providers import GOOGLE, PROVIDERS
from chalicelib.functions.invocation import (
    Answer,
    Event,
    InvalidEvent,
    choice,
    number,
    recorded,
    request_id,
    uuid,
)
from chalicelib.routes.export_shapes import export
from chalicelib.routes.operator_shapes import changed, found, plain, shown


def operator_look(event: Event, context: object) -> Answer:
    """Find people by `email`, or `subject` at a `provider`, or show the account `user_id`; no profile."""
    act = _act(event, OperatorAct.FIND, OperatorAct.SHOW)
    order, invocation = _order(event), request_id(context)
    user_id = uuid(event, "user_id") if act is OperatorAct.SHOW else None
    operators = wiring.services().operators
    if user_id is not None:
        return shown(operators.show(user_id, order, invocation))
    if bool(event.get("email")) == bool(event.get("subject")):
        raise InvalidEvent("email", "or a subject is needed, and only one of them")
    if event.get("email"):
        return found(operators.find_by_email(str(event["email"]), order, invocation))
    name = choice({"provider": event.get("provider") or GOOGLE.name}, "provider", tuple(PROVIDERS))
    provider, subject = PROVIDERS[Provider(name)], str(event["subject"])
    return found(operators.find_by_subject(provider.name, provider.issuer, subject, order, invocation))


def operator_reveal(event: Event, context: object) -> Answer:
    """Show the account `user_id` with its profile, or answer one `part` of its export."""
    act = _act(event, OperatorAct.REVEAL, OperatorAct.EXPORT)
    order, user_id = _order(event), uuid(event, "user_id")
    part, services = number(event, "part", default=1), wiring.services()
    if act is OperatorAct.REVEAL:
        return shown(services.operators.reveal(user_id, order, request_id(context)))
    exported = services.operators.export(user_id, part, order, request_id(context))
    return plain(export(exported, services.controller))


def operator_change(event: Event, context: object) -> Answer:
    """Suspend or reinstate the person `user_id`, or end all their sessions."""
    act = _act(event, OperatorAct.SUSPEND, OperatorAct.REINSTATE, OperatorAct.END_SESSIONS)
    user_id, order = uuid(event, "user_id"), _order(event)
    return changed(wiring.services().operators.change(user_id, act, order, request_id(context)))


def _act(event: Event, *acts: OperatorAct) -> OperatorAct:
    return OperatorAct(choice(event, "act", [act.value for act in acts]))


def _order(event: Event) -> Order:
    emergency = event.get("emergency", False)
    if not isinstance(emergency, bool):
        raise InvalidEvent("emergency", "is true or false")
    return Order(actor=recorded(event, "actor"), reason=recorded(event, "reason"), emergency=emergency)
