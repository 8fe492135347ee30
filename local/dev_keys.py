"""Keys of the development providers: made once, kept for this user only, whoever is first."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from local.places import make_directory, write_private

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key(directory: Path, bits: int) -> rsa.RSAPrivateKey:
    """Return the RSA key of a directory. Raises TypeError: there is another kind of key."""
    key = load_or_create(directory, lambda: rsa.generate_private_key(public_exponent=65537, key_size=bits))
    if not isinstance(key, rsa.RSAPrivateKey):
        message = f"{directory} has no RSA key"
        raise TypeError(message)
    return key


def p256_key(directory: Path) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of a directory. Raises TypeError: there is another kind of key."""
    key = load_or_create(directory, lambda: ec.generate_private_key(ec.SECP256R1()))
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        message = f"{directory} has no key on a curve"
        raise TypeError(message)
    return key


def load_or_create(directory: Path, make: Callable[[], PrivateKey]) -> PrivateKeyTypes:
    """Return the key in `private.pem`; make it, readable only by this user, when there is none."""
    path = make_directory(directory) / "private.pem"
    if not path.exists():
        pem = make().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        unfinished = path.with_name(f"private.{os.getpid()}.{secrets.token_hex(4)}")
        write_private(unfinished, pem.decode())
        with_first_writer(unfinished, path)
    return serialization.load_pem_private_key(path.read_bytes(), password=None)


def with_first_writer(unfinished: Path, path: Path) -> None:
    """Give the file its name unless another process was first, whose file then stays."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def p256_pem() -> str:
    """Return a fresh P-256 key as a provider would hand it out."""
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()
