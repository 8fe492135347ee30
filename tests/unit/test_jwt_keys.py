"""The keys that sign our JWTs, checked whenever they are loaded (J3)."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt import PyJWK

from chalicelib.clients.jwt_keys import load_key, make_key
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.keys import SigningAlgorithm

ES256, RS256 = SigningAlgorithm.ES256, SigningAlgorithm.RS256
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def der(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_a_made_key_can_be_loaded_and_its_jwk_is_public(algorithm: SigningAlgorithm) -> None:
    new = make_key(algorithm)
    loaded = load_key(new.kid, algorithm, new.private_der)
    assert (loaded.kid, loaded.algorithm) == (new.kid, algorithm)
    assert new.public_jwk.keys() & PRIVATE_MEMBERS == set()
    assert {"kid": new.kid, "use": "sig", "alg": algorithm.value}.items() <= new.public_jwk.items()
    assert PyJWK(new.public_jwk).key.public_numbers() == loaded.public.public_numbers()
    assert json.loads(json.dumps(new.public_jwk)) == new.public_jwk


def test_two_keys_have_two_names() -> None:
    assert make_key(ES256).kid != make_key(ES256).kid


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        (ES256, ec.generate_private_key(ec.SECP384R1())),
        (ES256, ec.generate_private_key(ec.SECP256K1())),
        (ES256, ed25519.Ed25519PrivateKey.generate()),
        (ES256, rsa.generate_private_key(65537, 2048)),
        (RS256, rsa.generate_private_key(65537, 2048)),
        (RS256, ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "RSA for ES256", "RSA-2048", "P-256 for RS256"],
)
def test_a_weak_or_wrong_key_is_not_loaded(algorithm: SigningAlgorithm, key: PrivateKeyTypes) -> None:
    with pytest.raises(IntegrityFailure):
        load_key("any", algorithm, der(key))


def test_a_key_under_anothers_name_is_not_loaded() -> None:
    one, other = make_key(ES256), make_key(ES256)
    with pytest.raises(IntegrityFailure):
        load_key(one.kid, ES256, other.private_der)  # F-11


@pytest.mark.parametrize("junk", [b"", b"junk", b"0" * 100])
def test_junk_is_not_loaded(junk: bytes) -> None:
    with pytest.raises(IntegrityFailure):
        load_key("any", ES256, junk)


def test_a_printed_key_shows_no_private_half() -> None:
    new = make_key(ES256)
    assert "private" not in repr(new)
    assert "private" not in repr(load_key(new.kid, ES256, new.private_der)).lower()
