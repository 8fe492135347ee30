"""A verifier that PostgreSQL takes, made without PostgreSQL (RFC 5803)."""

import base64
import hmac

from chalicelib.postgres.app_role import VERIFIER
from tools.release.scram import verifier

# RFC 7677 s3: the example of SCRAM-SHA-256.
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SAID = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={NONCE}"
SERVER_SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_server_proves_with_it_what_the_rfcs_example_says() -> None:
    made = verifier("pencil", SALT)
    server_key = base64.b64decode(made.rsplit(":", 1)[1])
    assert VERIFIER.fullmatch(made)
    assert base64.b64encode(hmac.digest(server_key, SAID.encode(), "sha256")).decode() == SERVER_SIGNATURE
