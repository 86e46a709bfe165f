"""Key and certificate: made here, kept from others, taken over only when everything fits."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import CertificateSigningRequestBuilder, load_der_x509_csr

from agent import identity
from agent.cli import main
from agent.identity import IdentityError
from simulators.authority import DAY, Authority, name

G = "gw-001"


def test_from_nothing_to_a_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, authority = tmp_path / "id", Authority(tmp_path / "ca")
    assert main(["identity", "new", str(folder), "--gateway", G]) == 0
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    signed = authority.sign(folder / "request.csr")
    install = ["identity", "install", str(folder), str(signed), "--gateway", G]
    assert main([*install, "--ca", str(authority.ca)]) == 0
    assert (folder / "ca.pem").read_bytes() == authority.ca.read_bytes()
    assert main(["identity", "show", str(folder), "--json"]) == 0
    assert f'"gateway": "{G}"' in capsys.readouterr().out
    load_pem_private_key((folder / "key.pem").read_bytes(), None)


def test_a_key_is_never_replaced_by_accident(tmp_path: Path) -> None:
    identity.new(tmp_path, G)
    before = (tmp_path / "key.pem").read_bytes()
    with pytest.raises(IdentityError, match="there already"):
        identity.new(tmp_path, G)
    assert (tmp_path / "key.pem").read_bytes() == before
    assert main(["identity", "new", str(tmp_path), "--gateway", G]) == 3


@pytest.mark.parametrize("gateway", ["", 65 * "g"], ids=["empty", "too long"])
def test_a_name_that_no_certificate_can_have_leaves_no_key(
    gateway: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "id"
    assert main(["identity", "new", str(folder), "--gateway", gateway]) == 3
    assert "allowed: 1 to 64 letters" in capsys.readouterr().err
    identity.new(folder, G)
    assert main(["identity", "csr", str(folder), "--gateway", gateway, "--new-key"]) == 3
    assert not (folder / identity.NEW_KEY).exists()


def test_a_key_that_cannot_sign_is_refused(tmp_path: Path) -> None:
    """ES256 is of P-256; a key of another curve was taken, and nothing could be signed with it."""
    key, authority = ec.generate_private_key(ec.SECP384R1()), Authority(tmp_path / "ca")
    form = serialization
    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    (tmp_path / identity.KEY).write_bytes(pem)
    csr = CertificateSigningRequestBuilder().subject_name(name(G)).sign(key, hashes.SHA256())
    (tmp_path / identity.REQUEST).write_bytes(csr.public_bytes(form.Encoding.PEM))
    certificate = authority.sign(tmp_path / identity.REQUEST)
    with pytest.raises(IdentityError, match="allowed: P-256"):
        identity.install(tmp_path, certificate, G)
    with pytest.raises(IdentityError, match="allowed: P-256"):
        identity.request(tmp_path, G)
    (tmp_path / identity.CERTIFICATE).write_bytes(certificate.read_bytes())  # as it was taken once
    with pytest.raises(IdentityError, match="allowed: P-256"):
        identity.sign(tmp_path, b"x")
    identity.request(tmp_path, G, new_key=True)
    identity.install(tmp_path, authority.sign(tmp_path / identity.REQUEST), G)
    assert identity.sign(tmp_path, b"x")


@pytest.mark.parametrize("new_key", [False, True])
def test_renewal(tmp_path: Path, new_key: bool) -> None:
    folder, authority = tmp_path / "id", Authority(tmp_path / "ca")
    identity.new(folder, G)
    first = authority.sign(folder / "request.csr", 90, datetime.now(UTC) - 80 * DAY)
    identity.install(folder, first, G)
    assert main(["identity", "show", str(folder)]) == 1  # time to renew
    before = (folder / "key.pem").read_bytes()
    identity.request(folder, G, new_key=new_key)
    assert (folder / "key.pem").read_bytes() == before  # still in use
    identity.install(folder, authority.sign(folder / "request.csr"), G, authority.ca)
    assert ((folder / "key.pem").read_bytes() == before) is not new_key
    assert main(["identity", "show", str(folder)]) == 0


def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    folder, other = tmp_path / "id", tmp_path / "other"
    authority, stranger = Authority(tmp_path / "ca"), Authority(tmp_path / "stranger")
    identity.new(folder, G)
    identity.new(other, G)
    good = authority.sign(folder / "request.csr")
    for certificate, gateway, ca, why in (
        (good, "gw-002", None, "is for 'gw-001'"),
        (authority.sign(other / "request.csr"), G, None, "fits no key"),
        (stranger.sign(folder / "request.csr"), G, authority.ca, "not signed by"),
        (authority.ca, G, None, "is for 'ca'"),
        (tmp_path / "none.pem", G, None, "none.pem cannot be read: No such file or directory$"),
        (folder / "request.csr", G, None, "cannot be read"),
    ):
        with pytest.raises(IdentityError, match=why):
            identity.install(folder, certificate, gateway, ca)
    good = authority.sign(folder / "request.csr")
    with pytest.raises(IdentityError, match="ended on"):
        identity.install(folder, good, G, now=datetime.now(UTC) + timedelta(days=400))
    assert not (folder / "certificate.pem").exists()


def test_a_new_key_that_waits_is_asked_for_again(tmp_path: Path) -> None:
    """The first answer may have been lost, and a claim code serves one key."""
    identity.new(tmp_path, G)
    identity.request(tmp_path, G, new_key=True)
    before = (tmp_path / identity.NEW_KEY).read_bytes()
    request = identity.request_der(tmp_path)
    identity.request(tmp_path, G, new_key=True)
    assert (tmp_path / identity.NEW_KEY).read_bytes() == before
    assert _public(identity.request_der(tmp_path)) == _public(request)


def _public(request: bytes) -> object:
    return load_der_x509_csr(request).public_key()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_key_that_root_makes_belongs_to_the_service(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    identity.new(tmp_path, G)
    made = (tmp_path / "key.pem").stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (12345, 12345, 0o600)
