"""A certificate authority for tests: signs requests, and makes certificates of any dates."""

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
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Writes `ca.pem` into its folder; certificates hold from `begins` for `days`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca = folder / "ca.pem"
        begins = datetime(2020, 1, 1, tzinfo=UTC)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            self._builder("ca", self._key.public_key(), begins, begins + 36_500 * DAY)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(usage, critical=True)
        )
        self.ca.write_bytes(self._signed(made))

    def sign(self, request: Path, days: int = 365, begins: datetime | None = None) -> Path:
        """The certificate for a signing request."""
        csr = x509.load_pem_x509_csr(request.read_bytes())
        assert csr.is_signature_valid
        start = begins or datetime.now(UTC) - DAY
        builder = self._builder("", csr.public_key(), start, start + days * DAY)
        path = self.folder / f"signed-{request.stem}.pem"
        path.write_bytes(self._signed(builder.subject_name(csr.subject)))
        return path

    def server(self, begins: datetime, ends: datetime) -> tuple[Path, Path]:
        """Certificate and key of a broker on 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = self._builder("broker", key.public_key(), begins, ends)
        files = self.folder / "broker.pem", self.folder / "broker.key"
        files[0].write_bytes(self._signed(builder.add_extension(names, critical=False)))
        form = serialization
        files[1].write_bytes(
            key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        )
        return files

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

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        made = builder.sign(self._key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)
