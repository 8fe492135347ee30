"""Hold the words that people read when something goes wrong, in each language we speak.

Each has 6 to 15 words, is calm, says 'we' and what happens next; it never blames, explains a cause, or uses
our vocabulary. `tests/unit/test_messages.py` lints every one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from chalicelib.routes.language import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, its translations side by side."""

    en: str
    es: str

    def text(self, locale: Locale) -> str:
        """Return it in one language."""
        match locale:
            case Locale.en:
                return self.en
            case Locale.es:
                return self.es
            case _:
                assert_never(locale)


_UPDATE_APP = Message(
    en="We couldn't complete that. Please update the app, then try again.",
    es="No pudimos completarlo. Por favor, actualice la aplicación e inténtelo de nuevo.",
)
_SIGN_IN_TROUBLE = Message(
    en="We're having trouble signing you in. Please try again.",
    es="Tenemos dificultades para abrir su cuenta. Por favor, inténtelo de nuevo.",
)
_CONFIRM = Message(
    en="We need to confirm it's you. Please sign in again.",
    es="Necesitamos confirmar que es usted. Por favor, inicie sesión de nuevo.",
)
_SIGNED_OUT = Message(
    en="We've signed you out to keep your account safe. Please sign in again.",
    es="Cerramos su sesión para proteger su cuenta. Por favor, iníciela de nuevo.",
)
_TROUBLE = Message(
    en="We're having trouble right now. Please try again in a moment.",
    es="Tenemos dificultades en este momento. Por favor, inténtelo de nuevo más tarde.",
)

_PROOF_TROUBLE = Message(
    en="We couldn't confirm it's you this time. Please try again in a moment.",
    es="No pudimos confirmar que es usted. Por favor, inténtelo de nuevo.",
)

MESSAGES: Mapping[str, Message] = MappingProxyType(
    {
        "account_suspended": Message(
            en="We've paused this account. Please contact our support team, and we'll help.",
            es="Hemos pausado esta cuenta. Por favor, escriba a nuestro equipo de ayuda.",
        ),
        "aws_signature_invalid": _UPDATE_APP,
        "biometric_keys_full": Message(
            en="We keep ten phone keys at most. Please remove one you no longer use.",
            es="Guardamos diez claves como máximo. Por favor, elimine una que ya no use.",
        ),
        "body_too_large": _UPDATE_APP,
        "caller_not_authorized": _TROUBLE,
        "challenge_expired": _PROOF_TROUBLE,
        "challenge_invalid": _PROOF_TROUBLE,
        "challenge_mismatch": _PROOF_TROUBLE,
        "challenge_used": _PROOF_TROUBLE,
        "consent_required": Message(
            en="We need your agreement to continue. Please review the documents we'll show you.",
            es="Necesitamos su acuerdo para continuar. Por favor, revise nuestros documentos.",
        ),
        "consent_version_not_current": Message(
            en="We've updated our documents. Please review the latest ones to continue.",
            es="Actualizamos nuestros documentos. Por favor, revise los más recientes.",
        ),
        "id_token_expired": _SIGN_IN_TROUBLE,
        "id_token_used": _SIGN_IN_TROUBLE,
        "identity_in_use": Message(
            en="We found another account with this sign-in. Please contact our support team.",
            es="Encontramos otra cuenta con este acceso. Por favor, escriba a nuestro equipo de ayuda.",
        ),
        "identity_limit_reached": Message(
            en="We have room for no more ways to sign in. Please remove one first.",
            es="No tenemos lugar para más formas de acceso. Por favor, quite una primero.",
        ),
        "identity_not_proved": Message(
            en="We couldn't confirm that sign-in. Please try adding it again.",
            es="No pudimos confirmar ese acceso. Por favor, intente añadirlo de nuevo.",
        ),
        "last_identity": Message(
            en="We keep one way to sign in for you. Please add another one first.",
            es="Conservamos una forma de acceso para usted. Por favor, añada otra primero.",
        ),
        "insufficient_scope": Message(
            en="We need your agreement to open this. Please review our documents first.",
            es="Necesitamos su acuerdo para abrir esto. Por favor, revise nuestros documentos.",
        ),
        "insufficient_user_authentication": _CONFIRM,
        "integrity": Message(
            en="We're having trouble opening this. Please contact our support team, and we'll help.",
            es="Tenemos dificultades para abrir esto. Por favor, escriba a nuestro equipo de ayuda.",
        ),
        "internal_error": _TROUBLE,
        "invalid_dpop_proof": _TROUBLE,
        "invalid_id_token": _SIGN_IN_TROUBLE,
        "invalid_input": _UPDATE_APP,
        "invalid_nonce": _SIGN_IN_TROUBLE,
        "invalid_token": _CONFIRM,
        "malformed_body": _UPDATE_APP,
        "method_not_allowed": _UPDATE_APP,
        "missing_token": Message(
            en="We need to know it's you. Please sign in to continue.",
            es="Necesitamos saber que es usted. Por favor, inicie sesión para continuar.",
        ),
        "nonce_required": _UPDATE_APP,
        "not_found": Message(
            en="We couldn't find what you're looking for. Please go back and try again.",
            es="No encontramos lo que busca. Por favor, regrese e inténtelo de nuevo.",
        ),
        "public_key_invalid": _UPDATE_APP,
        "public_key_unsupported": _UPDATE_APP,
        "rate_limited": Message(
            en="We're a little busy right now. Please try again in a moment.",
            es="Ahora tenemos mucha actividad. Por favor, inténtelo de nuevo más tarde.",
        ),
        "refresh_token_expired": _SIGNED_OUT,
        "refresh_token_invalid": _CONFIRM,
        "refresh_token_reused": _SIGNED_OUT,
        "service_unavailable": _TROUBLE,
        "security_event_refused": _TROUBLE,
        "session_revoked": _SIGNED_OUT,
        "signature_invalid": _PROOF_TROUBLE,
        "token_expired": Message(
            en="We're reconnecting you now. If this doesn't help, please sign in again.",
            es="Estamos conectando de nuevo. Si no funciona, por favor, inicie sesión otra vez.",
        ),
        "unsupported_media_type": _UPDATE_APP,
        "use_dpop_nonce": _TROUBLE,
    }
)


def user_message(code: str, locale: Locale) -> str:
    """Return what a person reads about an error."""
    return MESSAGES[code].text(locale)
