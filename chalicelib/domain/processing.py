"""What personal data is processed here, why, on which legal basis, who gets it and how long it stays.

The only place that says so (GDPR art. 15(1), 30(1)): the export carries it, docs/account.md explains it. It
describes this service alone; who deploys it has to check it, and adds what other services of the app do.
"""

from dataclasses import dataclass

from chalicelib.domain.erasure import RECORDS_KEPT

_HOST = "Amazon Web Services, as processor: runs the service and stores its data"
_SERVICES = "the app's own services: get the account's id, session id and consents inside access tokens"
_UNTIL_ERASED = "at the latest until the account is erased"
_RECORDS = (
    f"{RECORDS_KEPT.days // 365} years; after the account is erased under an id that names nobody any more"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """One kind of data. ``section`` names where in the export it stands."""

    section: str
    data: str
    purpose: str
    legal_basis: str
    source: str
    recipients: tuple[str, ...]
    retention: str


PROCESSING = (
    Processing(
        section="account",
        data="e-mail address, names and picture that the provider told; display name, language and time zone "
        "that the person chose; the account's state",
        purpose="to show people whose account it is, and to speak their language",
        legal_basis="GDPR art. 6(1)(b): the contract with the person",
        source="the sign-in provider; the person",
        recipients=(_HOST,),
        retention=_UNTIL_ERASED,
    ),
    Processing(
        section="identities",
        data="the provider's id of the person; a keyed index of it and of a verified e-mail address",
        purpose="to know people again when they sign in, and to find their account when they ask for help",
        legal_basis="GDPR art. 6(1)(b): the contract with the person",
        source="the sign-in provider",
        recipients=(_HOST,),
        retention=_UNTIL_ERASED,
    ),
    Processing(
        section="devices",
        data="id, name, model, system and app version of a device, and when it was seen",
        purpose="to show people where they are signed in, and to end what they don't know",
        legal_basis="GDPR art. 6(1)(b): the contract with the person; art. 6(1)(f): a safe account",
        source="the app on the device",
        recipients=(_HOST,),
        retention=_UNTIL_ERASED,
    ),
    Processing(
        section="sessions",
        data="when, through which app and how surely a person signed in, and when and why that ended",
        purpose="to keep people signed in, and to notice stolen tokens",
        legal_basis="GDPR art. 6(1)(b): the contract with the person; art. 6(1)(f): a safe account",
        source="the use of the service",
        recipients=(_HOST, _SERVICES),
        retention=_UNTIL_ERASED,
    ),
    Processing(
        section="consents",
        data="which words a person was shown, what they answered, when and how",
        purpose="to act only on consent, and to be able to show it",
        legal_basis="GDPR art. 6(1)(c) with art. 7(1): the duty to demonstrate consent",
        source="the person",
        recipients=(_HOST, _SERVICES),
        retention=_RECORDS,
    ),
    Processing(
        section="audit_events",
        data="what was done with the account, when and under which request, in ids only",
        purpose="to find out, and to be able to prove, who did what",
        legal_basis="GDPR art. 6(1)(c) with art. 32: the duty to keep the account secure",
        source="the use of the service",
        recipients=(_HOST,),
        retention=_RECORDS,
    ),
)
RIGHTS = (
    "correct what is wrong (GDPR art. 16): PATCH /account, or at the sign-in provider",
    "have the account erased (art. 17): DELETE /account",
    "ask for restriction, or object (art. 18, 21): the controller's contact",
    "take the data elsewhere (art. 20): this document",
    "withdraw a consent at any time (art. 7(3)): DELETE /consents/{document}",
    "complain to a supervisory authority (art. 77)",
)
