"""What can go wrong when a phone's hardware key is registered, or proves presence."""

from chalicelib.domain.failures import Action, ServiceError


class PublicKeyInvalid(ServiceError):
    """A coordinate isn't in its one spelling, or the point isn't on the curve."""

    code = "public_key_invalid"
    title = "The public key is not valid"
    action = Action.update_app


class PublicKeyUnsupported(ServiceError):
    """The key is of another kind, or on another curve."""

    code = "public_key_unsupported"
    title = "Only EC keys on P-256 are taken"
    action = Action.update_app


class BiometricKeysFull(ServiceError):
    """The person has as many hardware keys as one may have; one must be removed first."""

    code = "biometric_keys_full"
    title = "No more hardware keys can be registered"
    action = Action.none


class ChallengeInvalid(ServiceError):
    """The challenge that was signed is none of ours."""

    code = "challenge_invalid"
    title = "The challenge is not one of this service"
    action = Action.restart


class ChallengeMismatch(ServiceError):
    """The challenge was made for another session, purpose or key."""

    code = "challenge_mismatch"
    title = "The challenge was made for something else"
    action = Action.restart


class ChallengeExpired(ServiceError):
    """The challenge is older than 5 minutes."""

    code = "challenge_expired"
    title = "The challenge has expired"
    action = Action.restart


class ChallengeUsed(ServiceError):
    """The challenge was used before."""

    code = "challenge_used"
    title = "The challenge was used before"
    action = Action.restart


class SignatureInvalid(ServiceError):
    """The registered key did not sign this challenge."""

    code = "signature_invalid"
    title = "The signature does not fit the challenge and the key"
    action = Action.restart
