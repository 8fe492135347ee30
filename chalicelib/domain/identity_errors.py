"""What can go wrong with a person's ways to sign in; a part of the one tree that `errors` is."""

from chalicelib.domain.failures import Action, ServiceError


class IdentityInUse(ServiceError):
    """The identity that is to be linked signs in to another account already."""

    code = "identity_in_use"
    title = "The identity belongs to another account"
    action = Action.contact_support


class IdentityNotProved(ServiceError):
    """The ID token that was to link an identity is refused, or its nonce; why, stays in the log."""

    code = "identity_not_proved"
    title = "The identity is not proved"
    action = Action.restart


class LastIdentity(ServiceError):
    """The identity that is to be removed is the last: nobody could sign in to the account any more."""

    code = "last_identity"
    title = "The last identity stays"
    action = Action.none


class IdentityLimitReached(ServiceError):
    """The person has as many identities as anybody may."""

    code = "identity_limit_reached"
    title = "The account has as many identities as it may"
    action = Action.none
