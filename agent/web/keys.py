"""The codes that open the page: the claim code of the label and the household's PIN.

Only their scrypt hashes are kept, in one file (0600) of the state directory. Nobody can read a code
back: who has lost it makes a new one with `heatpump-agent claim --new`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

from agent import claim
from agent.errors import UNREADABLE, AgentError
from agent.owner import as_the_folder
from agent.web.routes import Need

FILE = "page-keys.json"
PIN_DIGITS = (6, 12)
# RFC 7914 for a login: 16 MB for some 50 ms; a gateway has no more memory to give. A PIN needs it.
COST = {"n": 2**14, "r": 8, "p": 1}


class KeyFileError(AgentError):
    """The file of the codes cannot be used. Check its rights, or make a new code."""


class Hashed(msgspec.Struct, frozen=True):
    """A PIN as it is kept: salt and scrypt hash, in hex."""

    salt: str
    hash: str


class Kept(msgspec.Struct, frozen=True):
    """What the file holds; the claim code as `agent.claim` hashes it."""

    claim: str | None = None
    pin: Hashed | None = None


class Keys:
    """The codes of one gateway; `folder` is its state directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    @property
    def claimed(self) -> bool:
        """Whether there is a claim code at all."""
        return self._read().claim is not None

    @property
    def has_pin(self) -> bool:
        """Whether the household has set a PIN."""
        return self._read().pin is not None

    def set_claim(self, code: str) -> None:
        """Let this code of the label open the page, and the one before no more.

        Raises ClaimError for what is no claim code.
        """
        self._write(msgspec.structs.replace(self._read(), claim=claim.hashed(code)))

    def set_pin(self, pin: str | None) -> None:
        """Set the household's PIN, or take it away. ValueError says what a PIN is."""
        least, most = PIN_DIGITS
        if pin is not None and not (
            pin.isascii() and pin.isdecimal() and least <= len(pin) <= most
        ):
            raise ValueError(f"a PIN has {least} to {most} digits")
        if pin is not None and len(set(pin)) == 1:
            raise ValueError("a PIN has more than one different digit")
        kept = None if pin is None else _hashed(pin)
        self._write(msgspec.structs.replace(self._read(), pin=kept))

    def opens(self, code: str) -> Need | None:
        """What this code opens; None for a wrong one. Raises KeyFileError or ClaimError."""
        kept = self._read()
        claimed = kept.claim is not None and claim.matches(code, kept.claim)
        pin = _fits(code.strip(), kept.pin)
        return Need.INSTALLER if claimed else Need.RESIDENT if pin else None

    def in_force(self, need: Need) -> str:
        """The hash of the code that opens this now; empty for none. Raises KeyFileError."""
        kept = self._read()
        pin = kept.pin.hash if kept.pin is not None else ""
        return (kept.claim or "") if need is Need.INSTALLER else pin

    def _read(self) -> Kept:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except (OSError, *UNREADABLE) as error:
            raise KeyFileError(f"{self._path}: {error}") from None

    def _write(self, kept: Kept) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            as_the_folder(fresh)
            os.replace(fresh, self._path)
        except OSError as error:
            raise KeyFileError(f"{self._path}: {error.strerror}") from None


def _hashed(code: str) -> Hashed:
    salt = secrets.token_bytes(16)
    return Hashed(salt.hex(), _scrypt(code, salt).hex())


def _fits(code: str, kept: Hashed | None) -> bool:
    salt = bytes.fromhex(kept.salt) if kept else bytes(16)
    found = _scrypt(code, salt)
    return kept is not None and hmac.compare_digest(found, bytes.fromhex(kept.hash))


def _scrypt(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode()[:64], salt=salt, dklen=32, **COST)
