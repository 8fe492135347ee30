"""A root and a server's certificate of one's own, as RDS has them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The files of a server's certificate, its key, and the root that vouches for it."""

    root: Path
    certificate: Path
    key: Path


def issue(host: str, folder: Path) -> Issued:
    """Return a certificate for a host name, from a root made for it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _signed(
        _begun("root", root_key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ),
        root_key,
    )
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    server = _signed(_begun(host, key, issuer="root").add_extension(names, critical=False), root_key)
    return Issued(
        root=_written(folder / "root.pem", root.public_bytes(serialization.Encoding.PEM)),
        certificate=_written(folder / "server.pem", server.public_bytes(serialization.Encoding.PEM)),
        key=_written(
            folder / "server.key",
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        ),
    )


def _begun(name: str, key: Key, issuer: str | None = None) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=_named(issuer or name),
        subject_name=_named(name),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(days=1),
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _signed(begun: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    return begun.sign(key, hashes.SHA256())


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
