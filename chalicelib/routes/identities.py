"""Routes of a person's ways to sign in: which there are, one more, one less."""

from chalicelib.domain import errors, limits
from chalicelib.domain.id_tokens import Provider, UnverifiedIdToken
from chalicelib.domain.identities import IDENTITIES_MAX, Link, LinkedIdentity
from chalicelib.domain.step_up import SensitiveAct
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.fields import Text, Timestamp, Uuid
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.schema import Items, Record, required
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS
from chalicelib.routes.shapes import PROVIDER
from chalicelib.routes.sign_in import ID_TOKEN_CHARS_MAX, NONCE

LINK = Record(
    "IdentityLink",
    {
        "provider": required(PROVIDER),
        "id_token": required(Text(max_chars=ID_TOKEN_CHARS_MAX, description="The provider's ID token.")),
        "nonce": required(NONCE),
    },
    description="The nonce is one of the purpose link_identity, and stands in the ID token.",
)
IDENTITY = Record(
    "Identity",
    {"id": required(Uuid()), "provider": required(PROVIDER), "linked_at": required(Timestamp())},
    open=True,
)
IDENTITIES = Record(
    "Identities",
    {"identities": required(Items(of=IDENTITY, max_items=IDENTITIES_MAX))},
    description="The person's ways to sign in, the first one first: the profile is what that one tells.",
    open=True,
)


def list_identities(services: Services, call: Call) -> Answer:
    """List the person's ways to sign in."""
    listed = services.identities.list(call.caller)
    return Answer(body={"identities": [_identity(each) for each in listed]})


def link_identity(services: Services, call: Call) -> Answer:
    """Add one."""
    link = Link(
        provider=Provider(call.body["provider"]),
        id_token=UnverifiedIdToken(call.body["id_token"]),
        nonce=call.body["nonce"],
    )
    return Answer(body=_identity(services.identities.link(call.caller, link, act(call))))


def unlink_identity(services: Services, call: Call) -> Answer:
    """Remove one."""
    services.identities.unlink(call.caller, call.path_uuid("identity_id"), act(call))
    return Answer()


def _identity(identity: LinkedIdentity) -> dict[str, object]:
    return {"id": identity.id, "provider": identity.provider, "linked_at": identity.linked_at}


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path="/account/identities",
        handler=list_identities,
        operation_id="list_identities",
        summary="List the person's ways to sign in",
        tags=("account",),
        answer=IDENTITIES,
        access=bearer(Scope.ACCOUNT),
        errors=BEARER_ERRORS,
    ),
    Route(
        method="POST",
        path="/account/identities",
        handler=link_identity,
        operation_id="link_identity",
        summary="Add a way to sign in",
        tags=("account",),
        body=LINK,
        answer=IDENTITY,
        access=bearer(Scope.ACCOUNT),
        limits=(limits.LINKS,),
        step_up=SensitiveAct.CHANGE_IDENTITIES,
        errors=(
            *BEARER_ERRORS,
            errors.IdentityNotProved,
            errors.IdentityInUse,
            errors.IdentityLimitReached,
            errors.IntegrityFailure,
            errors.NotFound,
        ),
    ),
    Route(
        method="DELETE",
        path="/account/identities/{identity_id}",
        handler=unlink_identity,
        operation_id="unlink_identity",
        summary="Remove a way to sign in",
        tags=("account",),
        status=204,
        access=bearer(Scope.ACCOUNT),
        step_up=SensitiveAct.CHANGE_IDENTITIES,
        errors=(*BEARER_ERRORS, errors.LastIdentity, errors.NotFound),
    ),
)
