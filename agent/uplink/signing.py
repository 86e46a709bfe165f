"""Signed commands: JWS in compact form with Ed25519 (RFC 7515, RFC 8037). Needs PyNaCl.

PyNaCl takes well under a megabyte of memory where the common JOSE libraries take ten; what is left
to do here is to cut the token at its dots. One algorithm only, so none can be talked into another.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.errors import LinkError

if TYPE_CHECKING:
    from nacl.signing import VerifyKey

TYPE = "heatpump-command+jws"
TOKEN_BYTES = 24_576
_PART = re.compile(rb"[A-Za-z0-9_-]+")
_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410)."""
_PEM = re.compile(
    rb"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----", re.DOTALL
)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    typ: str
    kid: str | None = None


class _Bound(msgspec.Struct, frozen=True):
    gateway: str


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A message that is not what it should be, and why. Nothing in it may be believed."""

    why: str


class Signatures:
    """The platform's public keys, any of which may have signed. Raises LinkError at the start."""

    def __init__(self, gateway: str, files: tuple[Path, ...]) -> None:
        self._gateway = gateway
        self._keys = tuple(_key(path) for path in files)

    def open(self, token: bytes) -> bytes | Unsigned:
        """The command under the signature, as JSON; only when it is meant for this gateway."""
        if len(token) > TOKEN_BYTES:
            return Unsigned(f"longer than {TOKEN_BYTES} bytes")
        parts = token.split(b".")
        if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
            return Unsigned("not signed: no JWS in compact form")
        try:
            header = msgspec.json.decode(_decoded(parts[0]), type=_Header)
            payload, signature = _decoded(parts[1]), _decoded(parts[2])
        except (ValueError, RecursionError) as error:
            return Unsigned(f"no JWS of ours: {error}")
        if (header.alg, header.typ) != ("EdDSA", TYPE):
            return Unsigned(f"signed with {header.alg!r} as {header.typ!r}; EdDSA, {TYPE!r} needed")
        if not any(_good(key, parts[0] + b"." + parts[1], signature) for key in self._keys):
            return Unsigned("the signature is not the platform's")
        return self._bound(payload)

    def _bound(self, payload: bytes) -> bytes | Unsigned:
        try:
            bound = msgspec.json.decode(payload, type=_Bound)
        except (ValueError, RecursionError) as error:
            return Unsigned(f"signed, but for no gateway: {error}")
        if bound.gateway != self._gateway:
            return Unsigned(f"signed for gateway {bound.gateway!r}")
        return payload


def _decoded(part: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _good(key: VerifyKey, signed: bytes, signature: bytes) -> bool:
    from nacl.exceptions import BadSignatureError  # noqa: PLC0415 - only where it is used

    try:
        key.verify(signed, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def _key(path: Path) -> VerifyKey:
    try:
        from nacl.signing import VerifyKey  # noqa: PLC0415 - an optional package
    except ImportError:
        why = "needs the package PyNaCl: pip install 'heatpump-agent[signed]'"
        raise LinkError(f"command_keys {why}") from None
    try:
        return VerifyKey(public_key(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise LinkError(f"command_keys {path}: {error}") from None


def public_key(pem: bytes) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM. Raises ValueError for any other content."""
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("no public key in PEM form")
    try:
        der = binascii.a2b_base64(found[1])
    except binascii.Error as error:
        raise ValueError(f"the key is damaged: {error}") from None
    if not der.startswith(_PREFIX) or len(der) != len(_PREFIX) + 32:
        raise ValueError("not an Ed25519 key")
    return der[len(_PREFIX) :]
