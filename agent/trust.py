"""Whom we trust and who we are, as PEM files and as TLS; also while our clock is not set."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.certificate import validity
from agent.errors import LinkError, NotTrusted

BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No present lies before this: the program did not exist."""
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python's ssl does not name."""
_DATES = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
_REVOKED = re.compile(r"alert[ _]certificate[ _]revoked", re.IGNORECASE)
"""Alert 44 in the words of OpenSSL, which differ from version to version."""


@dataclass(frozen=True, slots=True)
class Trust:
    """PEM files: whom we trust (None: the system's list), and who we are.

    Without `clock_set` our own clock stands before any possible present: then the dates of the
    other side's certificate are held against the latest moment that has surely passed (`floor`).
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    clock_set: bool = True


def usable(trust: Trust) -> ssl.SSLContext:
    """TLS with these files. Raises LinkError that names the one that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=trust.ca)
    except (OSError, ssl.SSLError) as error:
        raise LinkError(f"ca {trust.ca} cannot be used: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not trust.clock_set:
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    if trust.certificate is not None:
        try:
            context.load_cert_chain(trust.certificate, trust.key)
        except (OSError, ssl.SSLError) as error:
            files = f"certificate {trust.certificate} with key {trust.key}"
            raise LinkError(f"{files} cannot be used: {error}") from None
    return context


def floor(trust: Trust) -> datetime:
    """The latest moment that has surely passed: our own certificate was made after its first day.

    Raises LinkError when that certificate cannot be read.
    """
    if trust.certificate is None:
        return BUILT
    try:
        return max(BUILT, validity(trust.certificate.read_bytes()).begins)
    except (OSError, ValueError) as error:
        raise LinkError(f"certificate {trust.certificate} cannot be used: {error}") from None


def not_expired(sock: ssl.SSLSocket, host: str, since: datetime) -> None:
    """Raises NotTrusted when the other side's certificate ended before that moment."""
    shown = sock.getpeercert() or {}
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    if ends < since:
        why = f"the certificate of {host} ended on {ends:%Y-%m-%d}"
        raise NotTrusted(f"{why}; our clock is not set, but it is past {since:%Y-%m-%d}")


def not_believed(where: str, error: ssl.SSLCertVerificationError, trust: Trust) -> str:
    """Why the certificate of the other side is refused, in words; with our clock if it counts."""
    why = f"the certificate of {where} is refused: {error.verify_message}"
    clock = ""
    if error.verify_code in _DATES:
        clock = f"; our clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{why} (trusted: {trust.ca or 'the system'}{clock})"


def is_withdrawal(why: str) -> bool:
    """Whether an error of TLS says that the other side has revoked our certificate."""
    return _REVOKED.search(why) is not None
