"""A certificate authority of a platform: signs requests, revokes, makes any certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def name(common: str) -> x509.Name:
    """A name that is nothing but a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Writes `ca.pem` and `crl.pem` into its folder; the key stays in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._revoked: list[x509.RevokedCertificate] = []
        self.ca, self.crl = folder / "ca.pem", folder / "crl.pem"
        begins = datetime(2020, 1, 1, tzinfo=UTC)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            self._builder("ca", self._key.public_key(), begins, begins + 36_500 * DAY)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(usage, critical=True)
        )
        self.certificate = made.sign(self._key, hashes.SHA256())
        self.ca.write_bytes(_pem(self.certificate))
        self._write_crl()

    def sign(self, request: Path, days: int = 365, begins: datetime | None = None) -> Path:
        """A file with the certificate for a signing request in PEM form."""
        csr = x509.load_pem_x509_csr(request.read_bytes())
        path = self.folder / f"signed-{request.stem}.pem"
        path.write_bytes(_pem(self.issue(csr, timedelta(days=days), begins)))
        return path

    def issue(
        self, csr: x509.CertificateSigningRequest, life: timedelta, begins: datetime | None = None
    ) -> x509.Certificate:
        """The certificate for a request; a day ago is the first day if none is given."""
        assert csr.is_signature_valid
        start = begins or datetime.now(UTC) - DAY
        builder = self._builder("", csr.public_key(), start, start + life)
        return builder.subject_name(csr.subject).sign(self._key, hashes.SHA256())

    def server(self, begins: datetime, ends: datetime) -> tuple[Path, Path]:
        """Certificate and key of a broker or a service on 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = self._builder("broker", key.public_key(), begins, ends)
        made = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        files = self.folder / "broker.pem", self.folder / "broker.key"
        files[0].write_bytes(_pem(made))
        form = serialization
        files[1].write_bytes(
            key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        )
        return files

    def revoke(self, certificate: Path) -> None:
        """Put a certificate on the list; who uses the list must read `crl` anew."""
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        builder = x509.RevokedCertificateBuilder().serial_number(found.serial_number)
        self._revoked.append(builder.revocation_date(datetime.now(UTC)).build())
        self._write_crl()

    def _write_crl(self) -> None:
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(name("ca"))
        builder = builder.last_update(now - DAY).next_update(now + 365 * DAY)
        for one in self._revoked:
            builder = builder.add_revoked_certificate(one)
        made = builder.sign(self._key, hashes.SHA256())
        self.crl.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, common: str, public: object, begins: datetime, ends: datetime
    ) -> x509.CertificateBuilder:
        builder = (
            x509.CertificateBuilder()
            .issuer_name(name("ca"))
            .public_key(public)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )
        return builder.subject_name(name(common)) if common else builder


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
