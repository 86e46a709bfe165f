"""The claim code on the label: made once at random, known afterwards by its hash only.

It has two uses: the platform takes it for the first certificate, the local page opens with it.
Letters that look alike are read as one, so that a resident may type what the label shows.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from agent.errors import AgentError

# Crockford's base 32 (crockford.com/base32.html): no I, L, O, U.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans("OIL", "011")
LENGTH = 16  # of five bits each: 80 bits, nobody tries them all
_STORED = re.compile(r"scrypt:(\d+):(\d+):(\d+):([0-9a-f]{32}):([0-9a-f]{64})")
# Four megabytes for a moment. 80 random bits need no slower hash; a gateway has little memory.
_COST, _BLOCK, _LANES = 4096, 8, 1


class ClaimError(AgentError):
    """What was given is no claim code. Compare it with the label, letter by letter."""


def make_code() -> str:
    """A new code of 80 random bits, as the label shows it: `XXXX-XXXX-XXXX-XXXX`."""
    return _grouped("".join(secrets.choice(_LETTERS) for _ in range(LENGTH)))


def tidy(typed: str) -> str:
    """The code as the label shows it. Raises ClaimError, which never repeats what was typed."""
    letters = re.sub(r"[\s-]", "", typed).upper().translate(_ALIKE)
    if len(letters) != LENGTH:
        raise ClaimError(f"a claim code has {LENGTH} letters and digits, this has {len(letters)}")
    if not set(letters) <= set(_LETTERS):
        raise ClaimError(f"a claim code has only these letters: {_LETTERS}")
    return _grouped(letters)


def hashed(code: str) -> str:
    """What may be stored of a code: scrypt with its numbers and a salt of its own."""
    salt = os.urandom(16)
    made = _scrypt(tidy(code), salt, _COST, _BLOCK, _LANES)
    return f"scrypt:{_COST}:{_BLOCK}:{_LANES}:{salt.hex()}:{made.hex()}"


def matches(typed: str, stored: str) -> bool:
    """Whether what somebody typed is the code; False as well for what is no code at all.

    Raises ClaimError when `stored` was not made by `hashed`.
    """
    found = _STORED.fullmatch(stored.strip())
    if found is None:
        raise ClaimError("the stored hash of the claim code is damaged")
    try:
        code = tidy(typed)
    except ClaimError:
        return False
    cost, block, lanes = (int(found[place]) for place in (1, 2, 3))
    made = _scrypt(code, bytes.fromhex(found[4]), cost, block, lanes)
    return hmac.compare_digest(made.hex(), found[5])


def read(path: Path) -> str:
    """The code in a file or a credential of systemd. Raises ClaimError when there is none."""
    try:
        return tidy(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ClaimError(f"{path} cannot be read: {error}") from None
    except ClaimError as error:
        raise ClaimError(f"{path}: {error}") from None


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, LENGTH, 4))


def _scrypt(code: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(code.encode("ascii"), salt=salt, n=cost, r=block, p=lanes, dklen=32)
