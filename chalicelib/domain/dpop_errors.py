"""What goes wrong with a proof of a phone's key; a part of the tree of `errors`."""

from chalicelib.domain.failures import Action, ServiceError


class InvalidDpopProof(ServiceError):
    """The proof of the phone's key is missing, not right for this request, or came before (RFC 9449 s4.3)."""

    code = "invalid_dpop_proof"
    title = "The DPoP proof is not valid"
    action = Action.retry


class UseDpopNonce(ServiceError):
    """The proof needs the nonce that comes with this answer (RFC 9449 s8)."""

    code = "use_dpop_nonce"
    title = "The DPoP proof needs a nonce"
    action = Action.retry
