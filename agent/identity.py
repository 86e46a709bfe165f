"""Who the gateway is: its key, made here and never leaving, and the certificate for it.

A folder holds `key.pem` (0600), `request.csr`, `certificate.pem` and, if it was given, `ca.pem`.
The only user of the library `cryptography`, which a running gateway need not load.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import AgentError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

KEY, REQUEST, CERTIFICATE, AUTHORITY = "key.pem", "request.csr", "certificate.pem", "ca.pem"
NEW_KEY = "key.new.pem"
RENEW_SHARE = 2 / 3


class IdentityError(AgentError):
    """A key or certificate cannot be used. The files are as they were; do what it says."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says. `renew_at` is when two thirds of its life are over."""

    gateway: str
    begins: datetime
    ends: datetime
    sha256: str

    @property
    def renew_at(self) -> datetime:
        return self.begins + (self.ends - self.begins) * RENEW_SHARE


def new(folder: Path, gateway: str) -> Path:
    """Make key and signing request (P-256); the request's path. Never replaces a key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / KEY).exists():
        raise IdentityError(f"{folder / KEY} is there already; `identity csr` asks for renewal")
    key = _generate()
    _write(folder / KEY, _pem_of(key), 0o600)
    return _request(folder, key, gateway)


def request(folder: Path, gateway: str, *, new_key: bool = False) -> Path:
    """A signing request for the next certificate, with the old key or a new one; its path.

    A new key waits beside the old until `install` brings the certificate that fits it.
    """
    if not new_key:
        return _request(folder, _load_key(folder / KEY), gateway)
    key = _generate()
    _write(folder / NEW_KEY, _pem_of(key), 0o600)
    return _request(folder, key, gateway)


def install(
    folder: Path,
    certificate: Path,
    gateway: str,
    ca: Path | None = None,
    now: datetime | None = None,
) -> Identity:
    """Check a certificate and take it over; what it says.

    Raises IdentityError when it fits neither key, names another gateway, has ended, or was not
    signed by `ca`. A certificate that begins later is taken: the clock may not be set yet.
    """
    found = _load_certificate(certificate)
    said = _said(found)
    if said.gateway != gateway:
        raise IdentityError(f"{certificate} is for {said.gateway!r}, not for {gateway!r}")
    if said.ends <= (now or datetime.now(UTC)):
        raise IdentityError(f"{certificate} ended on {said.ends:%Y-%m-%d}")
    if ca is not None:
        _signed_by(found, ca, certificate)
    fitting = [name for name in (KEY, NEW_KEY) if _fits(folder / name, found)]
    if not fitting:
        raise IdentityError(f"{certificate} fits no key in {folder}; send {REQUEST} again")
    if ca is not None:
        _write(folder / AUTHORITY, ca.read_bytes(), 0o644)
    if fitting[0] == NEW_KEY:
        os.replace(folder / NEW_KEY, folder / KEY)
    _write(folder / CERTIFICATE, certificate.read_bytes(), 0o644)
    return said


def show(folder: Path) -> Identity:
    """What the installed certificate says. Raises IdentityError when there is none."""
    return _said(_load_certificate(folder / CERTIFICATE))


def _generate() -> EllipticCurvePrivateKey:
    _needed()
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - optional

    return ec.generate_private_key(ec.SECP256R1())


def _pem_of(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def _request(folder: Path, key: EllipticCurvePrivateKey, gateway: str) -> Path:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, gateway)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    _write(folder / REQUEST, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return folder / REQUEST


def _load_key(path: Path) -> EllipticCurvePrivateKey:
    _needed()
    from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415
        EllipticCurvePrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise IdentityError(f"{path} cannot be read: {error}") from None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise IdentityError(f"{path} is no key of an elliptic curve")
    return key


def _load_certificate(path: Path) -> Certificate:
    _needed()
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    try:
        return load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IdentityError(f"{path} cannot be read: {error}") from None


def _said(found: Certificate) -> Identity:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    gateway = str(names[0].value) if names else ""
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    return Identity(gateway, begins, ends, found.fingerprint(SHA256()).hex())


def _signed_by(found: Certificate, ca: Path, certificate: Path) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        found.verify_directly_issued_by(_load_certificate(ca))
    except (InvalidSignature, ValueError, TypeError):
        raise IdentityError(f"{certificate} was not signed by {ca}") from None


def _fits(key: Path, found: Certificate) -> bool:
    return key.exists() and _load_key(key).public_key() == found.public_key()


def _needed() -> None:
    try:
        import cryptography  # noqa: F401, PLC0415
    except ImportError:
        why = "keys and certificates need the package cryptography"
        raise IdentityError(f"{why}: pip install 'heatpump-agent[identity]'") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write whole or not at all, never readable by more than `mode` says, durable on return."""
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
