"""From when to when a certificate holds. Pure: PEM in, two instants out.

Only the way to the two dates is walked (RFC 5280, 4.1): a whole X.509 library would cost every
gateway ten megabytes of memory for them.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
RENEW_SHARE = 2 / 3
_SEQUENCE, _VERSION, _UTC_TIME, _GENERAL_TIME = 0x30, 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True)
class Validity:
    """The first and the last instant of a certificate, UTC."""

    begins: datetime
    ends: datetime

    @property
    def renew_at(self) -> datetime:
        """When two thirds of its life are over."""
        return self.begins + (self.ends - self.begins) * RENEW_SHARE


def validity(pem: bytes) -> Validity:
    """The dates of the first certificate in a PEM file. Raises ValueError when there is none."""
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("no certificate in PEM form")
    try:
        _, certificate, _ = _element(binascii.a2b_base64(found[1]))
        _, rest, _ = _element(certificate)
        if rest[:1] == bytes([_VERSION]):
            _, _, rest = _element(rest)
        for _ in ("serial number", "signature algorithm", "issuer"):
            _, _, rest = _element(rest)
        kind, dates, _ = _element(rest)
        if kind != _SEQUENCE:
            raise ValueError("no dates where they belong")
        kind, first, dates = _element(dates)
        other, last, _ = _element(dates)
        return Validity(_instant(kind, first), _instant(other, last))
    except (binascii.Error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"the certificate is damaged: {error}") from None


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of the first DER element."""
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if len(der) < start + length:
        raise ValueError("the certificate is cut short")
    return der[0], der[start : start + length], der[start + length :]


def _instant(kind: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if kind == _UTC_TIME:  # two digits: 1950 to 2049
        text = ("19" if text >= "5" else "20") + text
    elif kind != _GENERAL_TIME:
        raise ValueError("a date is no date")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
