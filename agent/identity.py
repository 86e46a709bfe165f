"""Who the gateway is: its key, made here and never leaving, and the certificate for it.

A folder holds `key.pem` (0600), `request.csr`, `certificate.pem` and, if it was given, `ca.pem`.
A new pair lies beside the old as `key.new.pem` and `certificate.new.pem` until both are there.
The only user of the library `cryptography`, which a running gateway need not load.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from agent.certificate import Validity
from agent.errors import AgentError
from agent.files import in_words
from agent.owner import as_the_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

KEY, REQUEST, CERTIFICATE, AUTHORITY = "key.pem", "request.csr", "certificate.pem", "ca.pem"
NEW_KEY, NEW_CERTIFICATE = "key.new.pem", "certificate.new.pem"
SIGNED = "heatpump-handover+jws"
FILES = (KEY, REQUEST, CERTIFICATE, AUTHORITY, NEW_KEY, NEW_CERTIFICATE)


class IdentityError(AgentError):
    """A key or certificate cannot be used. The files are as they were; do what it says."""


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Inside, what the disk or the rights of a folder refuse becomes an IdentityError."""
    try:
        yield
    except OSError as error:
        raise IdentityError(in_words(error)) from None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says."""

    gateway: str
    begins: datetime
    ends: datetime
    sha256: str

    @property
    def renew_at(self) -> datetime:
        """When two thirds of its life are over."""
        return Validity(self.begins, self.ends).renew_at


@_plain_errors()
def new(folder: Path, gateway: str) -> Path:
    """Make key and signing request (P-256); the request's path. Never replaces a key."""
    if (folder / KEY).exists():
        raise IdentityError(f"{folder / KEY} is there already; `identity csr` asks for renewal")
    key = _generate()
    asked = _request(key, gateway)  # first: a key without a request would be in the way of both
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(folder / KEY, _pem_of(key), 0o600)
    return _kept(folder, asked)


@_plain_errors()
def request(folder: Path, gateway: str, *, new_key: bool = False) -> Path:
    """A signing request for the next certificate, with the old key or a new one; its path.

    A new key waits beside the old until `install` brings the certificate that fits it, and one
    that waits already is asked for again: the first answer may have been lost.
    """
    settle(folder)
    name = NEW_KEY if new_key else KEY
    if not new_key or (folder / NEW_KEY).exists():
        key = _load_key(folder / name)
        _demand_p256(key, str(folder / name))
        return _kept(folder, _request(key, gateway))
    key = _generate()
    asked = _request(key, gateway)
    write(folder / NEW_KEY, _pem_of(key), 0o600)
    return _kept(folder, asked)


def request_der(folder: Path) -> bytes:
    """The signing request in DER form. Raises IdentityError when there is none."""
    content = _read(folder / REQUEST)
    _needed()
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_csr  # noqa: PLC0415

    return load_pem_x509_csr(content).public_bytes(Encoding.DER)


@_plain_errors()
def settle(folder: Path) -> None:
    """Finish a change of key and certificate that a power cut stopped between the two files.

    Raises IdentityError when the folder cannot be written.
    """
    if not (folder / NEW_CERTIFICATE).exists():
        return
    if (folder / NEW_KEY).exists():
        os.replace(folder / NEW_KEY, folder / KEY)
        _durable(folder)
    os.replace(folder / NEW_CERTIFICATE, folder / CERTIFICATE)
    _durable(folder)


def install(
    folder: Path,
    certificate: Path,
    gateway: str,
    ca: Path | None = None,
    now: datetime | None = None,
) -> Identity:
    """Check a certificate and take it over; what it says.

    Raises IdentityError when it fits neither key, names another gateway, has ended, is for another
    kind of key than P-256, or was not signed by `ca`. A certificate that begins later is taken: the
    clock may not be set yet.
    """
    given = Pem(str(certificate), _read(certificate))
    authority = Pem(str(ca), _read(ca)) if ca is not None else None
    return take_over(folder, given, gateway, authority, now)


@dataclass(frozen=True, slots=True)
class Pem:
    """Certificates in PEM form, and where they came from in words for an error."""

    source: str
    content: bytes


@_plain_errors()
def take_over(
    folder: Path,
    certificate: Pem,
    gateway: str,
    ca: Pem | None = None,
    now: datetime | None = None,
) -> Identity:
    """As `install`, with certificates that lie in no file; the first of them is ours."""
    settle(folder)
    found = _parsed(certificate)[0]
    said = _said(found)
    if said.gateway != gateway:
        raise IdentityError(f"{certificate.source} is for {said.gateway!r}, not for {gateway!r}")
    if said.ends <= (now or datetime.now(UTC)):
        raise IdentityError(f"{certificate.source} ended on {said.ends:%Y-%m-%d}")
    if ca is not None:
        _signed_by(certificate, ca)
    fitting = [name for name in (KEY, NEW_KEY) if _fits(folder / name, found)]
    if not fitting:
        raise IdentityError(f"{certificate.source} fits no key in {folder}; send {REQUEST} again")
    _demand_p256(found.public_key(), certificate.source)
    if ca is not None:
        write(folder / AUTHORITY, ca.content, 0o644)
    if fitting[0] == KEY:
        (folder / NEW_KEY).unlink(missing_ok=True)
    write(folder / NEW_CERTIFICATE, certificate.content, 0o644)
    settle(folder)
    return said


def pem_of_pkcs7(content: bytes) -> bytes:
    """The certificates of a PKCS#7 message in DER form. Raises ValueError when there are none."""
    _needed()
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415

    found = pkcs7.load_der_pkcs7_certificates(content)
    if not found:
        raise ValueError("it is empty")
    return b"".join(one.public_bytes(Encoding.PEM) for one in found)


@_plain_errors()
def ours_first(folder: Path, given: Pem) -> Pem:
    """The certificate for a key of ours, then those above it, each signing the one before.

    What is in a PKCS#7 message has no order. The authority itself is left out.
    """
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    found = _parsed(given)
    keys = (folder / KEY, folder / NEW_KEY)
    chain = [one for one in found if any(_fits(key, one) for key in keys)][:1]
    if not chain:
        raise IdentityError(f"{given.source} has no certificate for a key in {folder}")
    while above := [
        one for one in found if one not in chain and _issued(chain[-1], one) and not _own(one)
    ]:
        chain.append(above[0])
    return Pem(given.source, b"".join(one.public_bytes(Encoding.PEM) for one in chain))


@_plain_errors()
def sign(folder: Path, payload: bytes) -> str:
    """The payload as a JWS in compact form (RFC 7515): ES256 by our key, our chain under `x5c`.

    Raises IdentityError when there is no key, or no certificate that says whose it is.
    """
    settle(folder)
    key = _load_key(folder / KEY)
    _demand_p256(key, str(folder / KEY))
    chain = _parsed(Pem(str(folder / CERTIFICATE), _read(folder / CERTIFICATE)))
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import (  # noqa: PLC0415
        decode_dss_signature,
    )
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    ours = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]
    header = json.dumps({"alg": "ES256", "typ": SIGNED, "x5c": ours}).encode()
    said = _url(header) + b"." + _url(payload)
    r, s = decode_dss_signature(key.sign(said, ECDSA(SHA256())))
    return (said + b"." + _url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode()


def _url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def show(folder: Path) -> Identity:
    """What the installed certificate says. Raises IdentityError when there is none."""
    path = folder / CERTIFICATE
    return _said(_parsed(Pem(str(path), _read(path)))[0])


def _generate() -> EllipticCurvePrivateKey:
    _needed()
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - optional

    return ec.generate_private_key(ec.SECP256R1())


def _pem_of(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def _request(key: EllipticCurvePrivateKey, gateway: str) -> bytes:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    try:
        name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, gateway)])
    except ValueError:
        why = f"{gateway!r} cannot be the name in a certificate; allowed: 1 to 64 letters"
        raise IdentityError(why) from None
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def _kept(folder: Path, asked: bytes) -> Path:
    write(folder / REQUEST, asked, 0o644)
    return folder / REQUEST


def _demand_p256(key: object, source: str) -> None:
    """What we sign is ES256 (RFC 7518, 3.4), which is of this curve and no other."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1  # noqa: PLC0415

    if not isinstance(getattr(key, "curve", None), SECP256R1):
        raise IdentityError(f"{source} is of no key that can sign here; allowed: P-256")


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{path} cannot be read: {error.strerror}") from None


def _parsed(given: Pem) -> list[Certificate]:
    """At least one."""
    _needed()
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        return load_pem_x509_certificates(given.content)
    except ValueError as error:
        raise IdentityError(f"{given.source} cannot be read: {error}") from None


def _said(found: Certificate) -> Identity:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    gateway = str(names[0].value) if names else ""
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    return Identity(gateway, begins, ends, found.fingerprint(SHA256()).hex())


def _signed_by(certificate: Pem, ca: Pem) -> None:
    """Each certificate by the next, the last by one of the authority's."""
    chain, authorities = _parsed(certificate), _parsed(ca)
    for below, above in pairwise(chain):
        if not _issued(below, above):
            raise IdentityError(f"{certificate.source} is no chain: one does not sign the other")
    if not any(_issued(chain[-1], one) for one in authorities):
        raise IdentityError(f"{certificate.source} was not signed by {ca.source}")


def _own(one: Certificate) -> bool:
    return one.subject == one.issuer


def _issued(below: Certificate, above: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        below.verify_directly_issued_by(above)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _fits(key: Path, found: Certificate) -> bool:
    return key.exists() and _load_key(key).public_key() == found.public_key()


def _needed() -> None:
    try:
        import cryptography  # noqa: F401, PLC0415
    except ImportError:
        why = "keys and certificates need the package cryptography"
        raise IdentityError(f"{why}: pip install 'heatpump-agent[identity]'") from None


def write(path: Path, content: bytes, mode: int) -> None:
    """Write whole or not at all, never readable by more than `mode` says, durable on return."""
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    as_the_folder(beside)
    os.replace(beside, path)
    _durable(path.parent)


def _durable(folder: Path) -> None:
    """The names in a folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
