"""The requirements that code and tests cite by a code such as J4; docs/requirements.md shows their tests.

A test belongs to a requirement by citing its code, in a comment or in a docstring. `read` says whether the
section that is named as the source was compared with its text: ASVS in its repository, RFC 8725, 9449 and
9700 in the sources they were made from, the others in reproductions. Faults have a page of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule, where it comes from, and whether that section was read and says so."""

    text: str
    source: str
    read: bool = True


OURS: Final = "a rule of this service"

GROUPS: Final[Mapping[str, Mapping[str, Requirement]]] = {
    "ID tokens of Google and Apple": {
        "GG1": Requirement(
            "The signature verifies with one of the provider's current keys. The keys are fetched "
            "over verified TLS and kept no longer than the provider allows.",
            "OpenID Connect Core 3.1.3.7; ASVS 5.0 9.1.1",
        ),
        "GG2": Requirement(
            "`aud` is one of our client ids, and `azp` is one too if it is present.",
            "OpenID Connect Core 3.1.3.7; ASVS 5.0 9.2.3",
        ),
        "GG3": Requirement("`iss` is exactly the provider's issuer.", "OpenID Connect Core 3.1.3.7"),
        "GG4": Requirement(
            "`exp`, `iat` and `nbf` are checked with a leeway of 60 seconds.",
            "OpenID Connect Core 3.1.3.7; ASVS 5.0 9.2.1",
        ),
        "GG5": Requirement(
            "Issuer and `sub` identify a person; `sub` has at most 255 ASCII characters. An e-mail "
            "address identifies nobody, and counts only if the provider verified it.",
            "OpenID Connect Core 2 (length of `sub`)",
        ),
        "GG6": Requirement("If a hosted domain is configured, `hd` must be that domain.", OURS, read=False),
        "GG7": Requirement(
            "The nonce is compared whenever the policy of the client id demands one, raw or as its "
            "SHA-256, as the platform sends it.",
            "OpenID Connect Core 3.1.3.7; ASVS 5.0 10.5.1",
        ),
        "GG8": Requirement("An ID token opens one session.", "ASVS 5.0 10.5.1"),
    },
    "JWTs": {
        "J1": Requirement(
            "The algorithm is on a list of ours, and each key has exactly one.",
            "RFC 8725 s3.1; ASVS 5.0 9.1.2",
        ),
        "J2": Requirement("The algorithm `none` is refused.", "RFC 8725 s3.2; ASVS 5.0 9.1.2"),
        "J3": Requirement(
            "A key is checked when it is loaded: P-256 on its curve, RSA of at least 3,072 bits for "
            "our own keys and 2,048 for a provider's.",
            "RFC 8725 s3.4; the sizes are ours",
        ),
        "J4": Requirement(
            "Each kind of token has a `typ` of its own, and no kind passes for another.",
            "RFC 8725 s3.11, s3.12; ASVS 5.0 9.2.2",
        ),
        "J5": Requirement(
            "`kid`, `jku`, `x5u`, `x5c` and `jwk` in a header never lead to a key that isn't ours already.",
            "RFC 8725 s3.10; ASVS 5.0 9.1.3",
        ),
        "J6": Requirement(
            "A token has one spelling: canonical base64url, no name twice, no unknown `crit`.",
            "RFC 7515 s4.1.11 (`crit`); otherwise a rule of this service",
            read=False,
        ),
        "J7": Requirement(
            "An access token has `typ` at+jwt and the claims iss, exp, aud, sub, client_id, iat and jti.",
            "RFC 9068 s2.1, s2.2",
            read=False,
        ),
        "J8": Requirement("An access token holds nothing personal.", "RFC 9068 s6"),
    },
    "Refresh tokens": {
        "O1": Requirement(
            "A refresh token is rotated at each use, or bound to a key of the phone.",
            "RFC 9700 s2.2.2, s4.14.2",
        ),
        "O2": Requirement(
            "When a used refresh token comes back, its session ends with all of its tokens.",
            "RFC 9700 s4.14.2; ASVS 5.0 10.4.5",
        ),
        "O3": Requirement("A refresh can't widen the scope.", "RFC 6749 s6", read=False),
        "O4": Requirement(
            "A refresh token expires when it is idle, and at a fixed time in any case.",
            "ASVS 5.0 7.3.1, 7.3.2, 10.4.8",
        ),
        "O5": Requirement(
            "A refresh token can't be guessed or forged: at least 128 bits; a UUID doesn't count.",
            "ASVS 5.0 11.5.1",
        ),
        "O6": Requirement(
            "The check and the act are one statement, or happen under one row lock.",
            "ASVS 5.0 15.4.2",
        ),
        "O7": Requirement("A forged refresh token costs the database nothing.", OURS, read=False),
        "O8": Requirement(
            "Generations are ordered by a counter and never by time. The predecessor of an unused "
            "token gets the same successor again, so that a lost response signs nobody out.",
            "RFC 9700 s4.14.2, softened by 30 seconds for unbound sessions",
        ),
    },
    "DPoP": {
        "D1": Requirement("There is one `DPoP` header.", "RFC 9449 s4.3, check 1"),
        "D2": Requirement("The header is one well-formed JWT.", "RFC 9449 s4.3, check 2"),
        "D3": Requirement("The claims jti, htm, htu and iat are there.", "RFC 9449 s4.3, check 3"),
        "D4": Requirement("`typ` is dpop+jwt.", "RFC 9449 s4.3, check 4"),
        "D5": Requirement("The algorithm is asymmetric and on our list.", "RFC 9449 s4.3, check 5"),
        "D6": Requirement("The signature verifies with the `jwk` in the header.", "RFC 9449 s4.3, check 6"),
        "D7": Requirement("The `jwk` has no private part.", "RFC 9449 s4.3, check 7"),
        "D8": Requirement("`htm` is the request's method.", "RFC 9449 s4.3, check 8"),
        "D9": Requirement("`htu` is the request's URI without query and fragment.", "RFC 9449 s4.3, check 9"),
        "D10": Requirement("If we gave a nonce, the proof holds it.", "RFC 9449 s4.3, check 10"),
        "D11": Requirement(
            "The proof was made within the window, by `iat` or by our nonce.",
            "RFC 9449 s4.3, check 11",
        ),
        "D12": Requirement(
            "`ath` is the hash of the access token, and the token is bound to the proof's key.",
            "RFC 9449 s4.3, check 12",
        ),
        "D13": Requirement("A proof is accepted once.", "RFC 9449 s11.1"),
        "D14": Requirement("A bound session's refresh token works with its key only.", "RFC 9449 s5"),
        "D15": Requirement("A bound access token is refused as a bearer token.", "RFC 9449 s7.2"),
        "D16": Requirement("Errors are `use_dpop_nonce` and `invalid_dpop_proof`.", "RFC 9449 s5, s8"),
    },
    "Sessions": {
        "S1": Requirement("A session ends at a fixed time.", "ASVS 5.0 7.3.2"),
        "S2": Requirement("A session ends when it is idle for too long.", "ASVS 5.0 7.3.1"),
        "S4": Requirement(
            "A token doesn't prove presence: export, erasure, and changes of devices and keys need a "
            "recent proof.",
            "ASVS 5.0 7.5.1, 7.5.3",
        ),
        "S5": Requirement("People see their sessions, and end each of them.", "ASVS 5.0 7.5.2"),
        "S6": Requirement("All sessions end when a person is suspended or erased.", "ASVS 5.0 7.4.2"),
        "S7": Requirement("Each sign-in opens a new session with a new id.", "ASVS 5.0 7.2.4"),
    },
    "Revocation and introspection": {
        "R1": Requirement("Revoking an unknown token is answered 200.", "RFC 7009 s2.2"),
        "R2": Requirement("Only the holder of a token can revoke it.", "RFC 7009 s2.1", read=False),
        "I1": Requirement(
            'A token that isn\'t active is answered `{"active": false}` and nothing else.',
            "RFC 7662 s2.2",
            read=False,
        ),
        "I2": Requirement("The caller of introspection is authenticated.", "RFC 7662 s2.1", read=False),
    },
    "Access control": {
        "A1": Requirement(
            "Another person's session, consent, key or receipt is 404, as if it had never existed.",
            "ASVS 5.0 8.2.2",
        ),
        "A2": Requirement("Unknown fields in a body are refused.", "ASVS 5.0 15.3.3"),
        "A3": Requirement("Nobody can use up another person's limit.", "ASVS 5.0 6.1.1"),
        "A4": Requirement(
            "The client's address comes from the gateway, never from a header.",
            OURS,
            read=False,
        ),
    },
    "HIPAA's technical safeguards": {
        "H2": Requirement("Emergency access exists, and is audited.", "45 CFR 164.312(a)(2)(ii), (b)"),
        "H3": Requirement("A session ends after a time of inactivity.", "45 CFR 164.312(a)(2)(iii)"),
        "H5": Requirement("Activity is recorded and examined.", "45 CFR 164.312(b)"),
    },
    "GDPR": {
        "G1": Requirement(
            "Consent can be demonstrated: who, which document, version and hash, when, how, in which "
            "language. Withdrawing is as easy as giving.",
            "GDPR art. 7(1), 7(3)",
        ),
        "G2": Requirement(
            "Consent is explicit and separate for each purpose; nothing is yes by default.",
            "GDPR art. 9(2)(a), recital 32",
            read=False,
        ),
        "G3": Requirement("Access tells purposes, recipients and retention.", "GDPR art. 15", read=False),
        "G4": Requirement("Erasure happens without undue delay.", "GDPR art. 17", read=False),
        "G5": Requirement(
            "The portable copy is complete and holds nobody else's data.",
            "GDPR art. 20",
            read=False,
        ),
    },
    "Keys": {
        "K1": Requirement(
            "A KMS encryption context holds ids only; decryption names the key.",
            OURS,
            read=False,
        ),
        "K2": Requirement(
            "Additional data is rebuilt from the row, never read from the ciphertext.",
            OURS,
            read=False,
        ),
        "K3": Requirement(
            "Nonces are random, and far fewer than 2^32 a key.",
            "ASVS 5.0 11.3.4; NIST SP 800-38D s8.3",
            read=False,
        ),
        "K4": Requirement(
            "A ciphertext opens under one key only: it carries a commitment to its key.",
            OURS,
            read=False,
        ),
        "K5": Requirement(
            "The cache of data keys is bounded by age, uses and count, and forgets a person who is erased.",
            OURS,
            read=False,
        ),
        "K6": Requirement("The blind index is an HMAC under a key of its own.", OURS, read=False),
        "K7": Requirement(
            "A throttled call is repeated with backoff and jitter, within the request's budget.",
            "ASVS 5.0 13.1.3",
        ),
        "K8": Requirement(
            "Keys rotate under traffic, and old versions stay readable until the end.",
            "ASVS 5.0 11.1.1",
        ),
    },
    "Platform": {
        "L1": Requirement(
            "Connect, statement, lock and idle timeouts are far below Lambda's, which is below the "
            "gateway's 29 s.",
            "ASVS 5.0 13.1.3",
        ),
        "L2": Requirement("Nothing pins a connection of RDS Proxy.", OURS, read=False),
        "L3": Requirement("TLS to the database is verified up to Amazon's roots.", OURS, read=False),
        "L4": Requirement("A body has at most 16 kB.", OURS, read=False),
        "L5": Requirement("Each function has only the rights that its calls need.", "ASVS 5.0 13.3.2"),
        "L6": Requirement(
            "No secret is in the environment, the code or Terraform's state in a form that a reader "
            "could use.",
            "ASVS 5.0 13.3.1",
        ),
    },
}

REQUIREMENTS: Final = {code: one for group in GROUPS.values() for code, one in group.items()}
