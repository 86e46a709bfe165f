"""Signed commands: signed with another library, believed only when all of it is right."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding as Form
from cryptography.hazmat.primitives.serialization import PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import LinkError
from agent.uplink.signing import TYPE, Signatures, Unsigned, public_key

GATEWAY = "g1"
COMMAND = {"id": "c-1", "gateway": GATEWAY, "point": "water_setpoint", "value": 44}
PLATFORM, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def pem(private: Any) -> bytes:
    found: bytes = private.public_key().public_bytes(Form.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


def signed(payload: bytes, key: Any = PLATFORM, alg: str = "EdDSA", typ: str = TYPE) -> bytes:
    return jwt.PyJWS().encode(payload, key, algorithm=alg, headers={"typ": typ}).encode()


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    for name, key in (("old", Ed25519PrivateKey.generate()), ("new", PLATFORM)):
        (tmp_path / name).write_bytes(pem(key))
    return Signatures(GATEWAY, (tmp_path / "old", tmp_path / "new"))


def b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def test_what_the_platform_signed_for_this_gateway_is_opened(signatures: Signatures) -> None:
    payload = json.dumps(COMMAND).encode()
    assert signatures.open(signed(payload)) == payload


PLAIN = json.dumps(COMMAND).encode()
OTHER = json.dumps({**COMMAND, "gateway": "g2"}).encode()
UNBOUND = json.dumps({"id": "c-1"}).encode()
NONE = b".".join((b64(json.dumps({"alg": "none", "typ": TYPE}).encode()), b64(PLAIN), b"AA"))
HMAC = jwt.PyJWS().encode(PLAIN, "x" * 32, algorithm="HS256", headers={"typ": TYPE}).encode()


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (lambda: PLAIN, "not signed"),
        (lambda: b"", "not signed"),
        (lambda: signed(PLAIN, STRANGER), "not the platform's"),
        (lambda: signed(OTHER), "for gateway 'g2'"),
        (lambda: signed(UNBOUND), "no gateway"),
        (lambda: signed(b"[]"), "no gateway"),
        (lambda: signed(PLAIN, typ="JWT"), "'JWT'"),
        (lambda: NONE, "'none'"),
        (lambda: HMAC, "'HS256'"),
        (lambda: signed(PLAIN).rsplit(b".", 1)[0] + b".", "not signed"),
        (lambda: signed(PLAIN).rsplit(b".", 1)[0] + b"." + b64(b"\0" * 64), "not the platform's"),
        (lambda: signed(PLAIN).rsplit(b".", 1)[0] + b"." + b64(b"\0" * 63), "not the platform's"),
        (lambda: signed(PLAIN) + b"." + b64(b"x"), "not signed"),
        (lambda: signed(b'{"gateway":"g1","x":"' + b"y" * 30_000 + b'"}'), "longer"),
    ],
)
def test_everything_else_is_not_believed(
    signatures: Signatures, token: Callable[[], bytes], why: str
) -> None:
    found = signatures.open(token())
    assert isinstance(found, Unsigned)
    assert why in found.why


GOOD = signed(PLAIN)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_byte_can_be_changed(place: int, byte: int) -> None:
    found = Signatures.__new__(Signatures)
    from nacl.signing import VerifyKey

    found._gateway, found._keys = GATEWAY, (VerifyKey(public_key(pem(PLATFORM))),)
    changed = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    opened = found.open(changed)
    # The last character of base64 holds spare bits: another one may spell the same signature.
    assert isinstance(opened, Unsigned) or opened == PLAIN


@pytest.mark.parametrize("content", [b"", b"key", pem(generate_private_key(SECP256R1()))])
def test_a_key_that_is_none_of_ours_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(LinkError, match="key"):
        Signatures(GATEWAY, (tmp_path / "key",))
