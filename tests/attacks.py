"""What attackers make of tokens: one corpus for every place that takes one.

`FORGED` is signed with the place's genuine key wherever that helps the attacker, so that nothing but the
strict reading is in the way. `SPOILED` is a genuine token in a spelling that isn't its own.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

EVIL = "https://evil.example/keys.json"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A genuine key, and what it would sign now; `time` is the claim that bounds a token in time."""

    algorithm: str
    private: Any
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    time: str

    def token(self, header: Mapping[str, object] | None = None, **claims: object) -> str:
        """Return a signed token; `...` leaves a member out."""
        parts = ({**self.header, **(header or {})}, {**self.claims, **claims})
        return self.raw(*(json.dumps(_kept(part)).encode() for part in parts))

    def raw(self, header: bytes, payload: bytes) -> str:
        """Return a signed token around bytes that needn't be JSON."""
        text = f"{base64url(header)}.{base64url(payload)}"
        return f"{text}.{base64url(self._sign(self.algorithm, self.private, text))}"

    def by_another(self, algorithm: str | None = None) -> str:
        """Return the genuine claims signed by an attacker's key."""
        chosen = algorithm or self.algorithm
        header = json.dumps(dict(self.header) | {"alg": chosen}).encode()
        text = f"{base64url(header)}.{base64url(json.dumps(dict(self.claims)).encode())}"
        return f"{text}.{base64url(self._sign(chosen, ATTACKERS[chosen], text))}"

    def by_hmac(self, secret: bytes) -> str:
        """Return the genuine claims under HMAC with something that everybody knows."""
        header = json.dumps(dict(self.header) | {"alg": "HS256"}).encode()
        text = f"{base64url(header)}.{base64url(json.dumps(dict(self.claims)).encode())}"
        return f"{text}.{base64url(hmac.digest(secret, text.encode(), sha256))}"

    def public(self, encoding: Encoding) -> bytes:
        """Return the public key as others know it."""
        told: bytes = self.private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        return told

    def with_payload(self, payload: bytes) -> str:
        """Return a token around this payload."""
        return self.raw(json.dumps(dict(self.header)).encode(), payload)

    def with_member(self, member: str) -> str:
        """Return a token with one more member at the end of its claims, as it is written."""
        return self.with_payload(json.dumps(dict(self.claims))[:-1].encode() + f", {member}}}".encode())

    def with_header_member(self, member: str) -> str:
        """Return a token with one more member at the end of its header, as it is written."""
        header = json.dumps(dict(self.header))[:-1] + f", {member}}}"
        return self.raw(header.encode(), json.dumps(dict(self.claims)).encode())

    def at(self, written: str) -> str:
        """Return a token whose time is this, as it is written."""
        rest = {name: value for name, value in self.claims.items() if name != self.time}
        return self.with_payload(json.dumps(rest)[:-1].encode() + f', "{self.time}": {written}}}'.encode())

    def timeless(self) -> str:
        """Return a token without its time."""
        rest = {name: value for name, value in self.claims.items() if name != self.time}
        return self.with_payload(json.dumps(rest).encode())

    def unsigned(self, name: str) -> str:
        """Return a token that says it has no signature, and has none."""
        return self.token({"alg": name}).rpartition(".")[0] + "."

    @staticmethod
    def _sign(algorithm: str, key: Any, text: str) -> bytes:  # noqa: ANN401 - any key of PyJWT's
        return jwt.get_algorithm_by_name(algorithm).sign(text.encode(), key)


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _kept(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ...}


ATTACKERS: Mapping[str, Any] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}
ATTACKERS_JWK = jwt.algorithms.ECAlgorithm.to_jwk(ATTACKERS["ES256"].public_key(), as_dict=True)
LATE = "a time of long ago"
# What others may write, and what leads nowhere (RFC 7515 s4, RFC 7519 s2 and s4, RFC 9449 s4.2); in tokens of
# our own it would be somebody else's.
FRACTION = "a time with a fraction"
X5T = "an x5t (J5)"
OF_OTHERS = frozenset({FRACTION, X5T})
BLANK_BEHIND = "a space behind it (J6)"  # of a header's value that is no part (RFC 9110 s5.5)
TYPED_AS_EVENT = "the typ of a security event (J4)"
DEEP = "[" * 500 + "]" * 500

Forge = Callable[[Signer], str]


def _other(signer: Signer) -> str:
    return "RS256" if signer.algorithm == "ES256" else "ES256"


def _swapped(token: str) -> str:
    head, _, tail = token.rpartition(".")
    return f"{head}.{tail.swapcase()}"


def _bits(token: str) -> str:
    """Return the token with an unused bit of its last character set: other text, the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def _flattened(token: str) -> str:
    payload, _, signature = token.rpartition(".")
    return json.dumps({"payload": payload, "signatures": [{"signature": signature}]})


def _header(member: str) -> Forge:
    return lambda s: s.with_header_member(member)


def _time(written: str) -> Forge:
    return lambda s: s.at(written)


FORGED: dict[str, Forge] = {
    "alg none, no signature (J2)": lambda s: s.unsigned("none"),
    "alg nOnE, no signature (J2)": lambda s: s.unsigned("nOnE"),
    "alg none over a genuine signature (J2)": lambda s: s.token({"alg": "none"}),
    "alg null (J1)": lambda s: s.token({"alg": None}),
    "a list of algs (J1)": lambda s: s.token({"alg": [s.algorithm]}),
    "no alg (J1)": lambda s: s.token({"alg": ...}),
    "HMAC with the public key as PEM (J1)": lambda s: s.by_hmac(s.public(Encoding.PEM)),
    "HMAC with the public key as DER (J1)": lambda s: s.by_hmac(s.public(Encoding.DER)),
    "HMAC with nothing (J1)": lambda s: s.by_hmac(b""),
    "alg HS256 over a genuine signature (J1)": lambda s: s.token({"alg": "HS256"}),
    "alg ES384 (J1)": lambda s: s.token({"alg": "ES384"}),
    "alg PS256 (J1)": lambda s: s.token({"alg": "PS256"}),
    "the other algorithm's name (J1)": lambda s: s.token({"alg": _other(s)}),
    "an attacker's key of the same kind (J1)": lambda s: s.by_another(),
    "an attacker's key of the other kind (J1)": lambda s: s.by_another(_other(s)),
    "an ECDSA signature of zeros": lambda s: f"{s.token().rpartition('.')[0]}.{base64url(bytes(64))}",
    "an unknown kid (J5)": lambda s: s.token({"kid": "unknown"}),
    "a kid that is a path (J5)": lambda s: s.token({"kid": "../../../../dev/null"}),
    "a kid that is SQL (J5)": lambda s: s.token({"kid": "x' UNION SELECT 'AA'--"}),
    "a kid that is a URL (J5)": lambda s: s.token({"kid": EVIL}),
    "a kid that is a number (J5)": lambda s: s.token({"kid": 1}),
    "a kid that is a list (J5)": lambda s: s.token({"kid": ["dev-1"]}),
    "a kid of 4 kB (J5)": lambda s: s.token({"kid": "k" * 4096}),
    "a jku (J5)": lambda s: s.token({"jku": EVIL}),
    "an x5u (J5)": lambda s: s.token({"x5u": EVIL}),
    "an x5c (J5)": lambda s: s.token({"x5c": ["MAA="]}),
    X5T: lambda s: s.token({"x5t#S256": "AA"}),
    "an attacker's jwk over a genuine signature (J5)": lambda s: s.token({"jwk": ATTACKERS_JWK}),
    "a symmetric jwk (J5)": lambda s: s.token({"jwk": {"kty": "oct", "k": "AA"}}),
    "an unknown crit (J6)": lambda s: s.token({"crit": ["exp"]}),
    "an empty crit (J6)": lambda s: s.token({"crit": []}),
    "b64 false (J6)": lambda s: s.token({"crit": ["b64"], "b64": False}),
    "zip (J6)": lambda s: s.token({"zip": "DEF"}),
    "cty (J6)": lambda s: s.token({"cty": "JWT"}),
    "enc (J6)": lambda s: s.token({"enc": "A128GCM"}),
    "the typ of a logout token (J4)": lambda s: s.token({"typ": "logout+jwt"}),
    TYPED_AS_EVENT: lambda s: s.token({"typ": "secevent+jwt"}),
    "the typ of one of our receipts (J4)": lambda s: s.token({"typ": "consent-receipt+jwt"}),
    "typ null (J4)": lambda s: s.token({"typ": None}),
    "typ in a list (J4)": lambda s: s.token({"typ": ["JWT"]}),
    "alg twice in the header (J6)": lambda s: s.with_header_member(f'"alg": "{s.algorithm}"'),
    "a name twice by an escape (J6)": lambda s: s.with_header_member(f'"\\u0061lg": "{s.algorithm}"'),
    "a time twice in the claims (J6)": lambda s: s.with_member(f'"{s.time}": {s.claims[s.time]}'),
    "a nested header": _header(f'"x": {DEEP}'),
    "nested claims": lambda s: s.with_member(f'"x": {DEEP}'),
    "a time NaN": _time("NaN"),
    "a time Infinity": _time("Infinity"),
    "a time -Infinity": _time("-Infinity"),
    "a time 1e400": _time("1e400"),
    "a time of 400 digits": _time("9" * 400),
    "a time beyond any calendar": _time("9007199254740991"),
    LATE: _time("-62135596800"),
    "a time in text": lambda s: s.at(f'"{s.claims[s.time]}"'),
    FRACTION: lambda s: s.at(f"{s.claims[s.time]}.5"),
    "a time in a list": lambda s: s.at(f"[{s.claims[s.time]}]"),
    "a time true": _time("true"),
    "a time null": _time("null"),
    "no time": lambda s: s.timeless(),
    "claims that are a list": lambda s: s.with_payload(b"[]"),
    "claims that are a number": lambda s: s.with_payload(b"1"),
    "claims that are null": lambda s: s.with_payload(b"null"),
    "claims that are no JSON": lambda s: s.with_payload(b"\xff\x00{"),
    "claims with a byte order mark": lambda s: s.with_payload(
        b"\xef\xbb\xbf" + json.dumps(dict(s.claims)).encode()
    ),
    "claims in UTF-16": lambda s: s.with_payload(json.dumps(dict(s.claims)).encode("utf-16")),
    "claims with a lone surrogate": lambda s: s.with_member('"x": "\\ud800"'),
    "claims with overlong UTF-8": lambda s: s.with_payload(
        json.dumps(dict(s.claims))[:-1].encode() + b', "x": "\xc0\xaf"}'
    ),
    "a signed token in a signed token": lambda s: s.with_payload(s.token().encode()),
    "claims of 12 kB": lambda s: s.token(x="x" * 12_000),
    "claims of 40 kB": lambda s: s.token(x="x" * 40_000),
}
# A proof's key is in it, so that a kid is one more header that says nothing.
OF_PROOFS = OF_OTHERS | {attack for attack in FORGED if attack.startswith(("a kid", "an unknown kid"))}

SPOILED: dict[str, Callable[[str], str]] = {
    "padded (J6)": lambda t: t + "=",
    "an unused bit set (J6)": _bits,
    "a foreign character in it (J6)": lambda t: f"{t[:-5]}+{t[-4:]}",
    "a line break in it (J6)": lambda t: f"{t[:-5]}\n{t[-5:]}",
    "a line break behind it (J6)": lambda t: t + "\n",
    BLANK_BEHIND: lambda t: t + " ",
    "NUL behind it": lambda t: t + "\x00",
    "a space of no width in it": lambda t: f"{t[:-5]}\u200b{t[-5:]}",
    "a letter of full width": lambda t: t[:-1] + "\uff21",
    "an emoji": lambda t: f"{t}\U0001f600",
    "percent-encoded": lambda t: f"%{ord(t[0]):02X}{t[1:]}",
    "cut short": lambda t: t[:-1],
    "the last part alone": lambda t: t.rpartition(".")[2][:40],
    "the last part with cases swapped": _swapped,
    "one part more": lambda t: f"{t}.e30",
    "five parts, as if encrypted": lambda t: f"{t}..",
    "twice, with a comma": lambda t: f"{t}, {t}",
    "in JSON serialization": _flattened,
    "dots": lambda _: "." * 200,
    "four thousand dots": lambda _: "." * 4000,
    "a word": lambda _: "null",
    "a path": lambda _: "../../../../dev/null",
    "SQL": lambda _: "' OR 1=1 --",
    "20 kB of letters": lambda _: "A" * 20_000,
}
