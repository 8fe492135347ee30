"""The shipped roots are Amazon's own, self-signed and valid for years (L3); a changed one is noticed here."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from chalicelib.clients.rds_login import CERTIFICATES, roots

# Of all roots' own SHA-256, sorted: what was compared with AWS's bundle, and Mozilla's for the proxy.
ALL_FINGERPRINTS = "755dfe7d1dfdf9775bad6abee286dc0990b43d49e62d98b5c74b7e9798c7c682"
FILES = sorted(CERTIFICATES.iterdir(), key=lambda path: path.name)
KINDS = ("ECC384", "RSA2048", "RSA4096")  # of each region's three authorities
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def certificates(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_root_signs_itself_is_an_authority_and_is_valid_for_five_more_years(path: Path) -> None:
    for root in certificates(path):
        root.verify_directly_issued_by(root)
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert root.not_valid_before_utc < datetime.now(UTC)
        assert root.not_valid_after_utc > datetime.now(UTC) + timedelta(days=5 * 365)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_comments_beside_a_root_tell_the_truth(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    told = re.findall(r"# (.+), until ([0-9-]+)\n# SHA-256 ([0-9a-f]{64})\n", text)
    seen = [(name(c), str(c.not_valid_after_utc.date()), fingerprint(c)) for c in certificates(path)]
    assert told == seen
    encoded = "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in certificates(path))
    assert "".join(PEM.findall(text)) == encoded


def test_a_region_is_trusted_with_its_own_three_roots_and_no_other() -> None:
    for path in FILES:
        if path.name != "amazon-trust.pem":
            region = path.stem.removeprefix("rds-")
            expected = [f"Amazon RDS {region} Root CA {kind} G1" for kind in KINDS]
            assert [name(root) for root in certificates(path)] == expected


def test_the_set_of_roots_is_the_one_that_was_compared() -> None:
    prints = sorted(fingerprint(root) for path in FILES for root in certificates(path))
    assert (len(FILES), len(prints)) == (28, 85)
    assert sha256("\n".join(prints).encode()).hexdigest() == ALL_FINGERPRINTS


@pytest.mark.parametrize(
    ("host", "file"),
    [
        ("serenya-dev.c1a2b3.eu-west-1.rds.amazonaws.com", "rds-eu-west-1.pem"),
        ("serenya-prod.proxy-c1a2b3.eu-west-1.rds.amazonaws.com", "amazon-trust.pem"),
        ("localhost", "rds-eu-west-1.pem"),
    ],
)
def test_a_server_and_a_proxy_are_verified_against_different_roots(host: str, file: str) -> None:
    assert roots(host, "eu-west-1").name == file
    assert roots(host, "eu-west-1").exists()
