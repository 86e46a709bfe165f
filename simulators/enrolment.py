"""The platform's enrolment service: EST (RFC 7030) over TLS, with an authority of its own.

It gives a certificate for a claim code, one key a code; renews by the certificate that is shown
in TLS; and refuses in TLS what was revoked. An answer that was lost may be asked for again with the
same code and the same key.

`python -m simulators.enrolment --folder pki --gateway gw-001 [--json]` prints address and code.
"""

from __future__ import annotations

import argparse
import binascii
import json
import ssl
import sys
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from agent import claim
from simulators.authority import DAY, Authority, name

LIMIT_BYTES = 65_536
_ROOT = "/.well-known/est/"


@dataclass(slots=True)
class Claim:
    """A code that was printed on a label, as its hash, and the key it was used with."""

    stored: str
    used_by: str = ""


class Enrolment:
    """The service as a context manager, on a port the system gives; one thread a connection.

    `approved` off answers as a platform does whose people must look at each request first;
    `identity` are the files of its own certificate and key.
    """

    def __init__(self, authority: Authority, life: timedelta = 365 * DAY, port: int = 0) -> None:
        now = datetime.now(UTC)
        self.authority, self.life, self.approved = authority, life, True
        self.begins: datetime | None = None
        self.asked: list[str] = []
        self.claims: dict[str, Claim] = {}
        self.identity = authority.server(now - DAY, now + 365 * DAY)
        self._lock = threading.Lock()
        self._server = _Server(port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="enrolment")

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def label(self, gateway: str) -> str:
        """A new claim code for a gateway's label; an older one is void."""
        code = claim.make_code()
        self.claims[gateway] = Claim(claim.hashed(code))
        return code

    def context(self) -> ssl.SSLContext:
        """TLS for one connection, with the list of what is revoked as it is now."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.load_cert_chain(*self.identity)
        made.load_verify_locations(self.authority.ca)
        made.load_verify_locations(self.authority.crl)
        made.verify_mode = ssl.CERT_OPTIONAL
        made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        return made

    def answer(self, step: str, body: bytes, sender: Sender) -> Answer:
        """What a request gets."""
        with self._lock:
            self.asked.append(step)
            if step == "cacerts":
                return Answer(200, _pkcs7(self.authority.certificate))
            try:
                csr = x509.load_der_x509_csr(binascii.a2b_base64(body))
            except ValueError:
                return Answer(400, b"no signing request (PKCS#10, DER, base64)")
            if not csr.is_signature_valid:
                return Answer(400, b"the request is not signed by its own key")
            refused = self._refused(step, csr, sender)
            if refused is not None:
                return refused
            return Answer(200, _pkcs7(self.authority.issue(csr, self.life, self.begins)))

    def _refused(
        self, step: str, csr: x509.CertificateSigningRequest, sender: Sender
    ) -> Answer | None:
        if step == "simplereenroll":
            if not sender.shown:
                return Answer(401, b"show your certificate")
            if csr.subject != name(sender.shown):
                return Answer(403, b"the request is for another name than the certificate")
            return None
        if csr.subject != name(sender.gateway):
            return Answer(403, b"the request is for another gateway")
        found = self.claims.get(sender.gateway)
        if found is None or not claim.matches(sender.code, found.stored):
            return Answer(401, b"the claim code is wrong")
        key = sha256(csr.public_key().public_bytes(*_PUBLIC)).hexdigest()
        if found.used_by not in ("", key):
            return Answer(401, b"the claim code was used already")
        if not self.approved:
            return Answer(202, b"waits for approval")
        found.used_by = key
        return None


_PUBLIC = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: by HTTP (gateway and claim code), and by the certificate shown in TLS."""

    gateway: str
    code: str
    shown: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of a reply."""

    status: int
    body: bytes


class _Server(ThreadingHTTPServer):
    def __init__(self, port: int, service: Enrolment) -> None:
        self.service = service
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that TLS refused is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: _Server

    def setup(self) -> None:
        """The handshake is done here, in the thread of the connection."""
        self.request.settimeout(self.timeout)
        self.request = self.server.service.context().wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def do_GET(self) -> None:
        self._reply("cacerts", b"")

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > LIMIT_BYTES:
            self._send(Answer(413, b"too long"))
            return
        body = self.rfile.read(int(size))
        for step in ("simpleenroll", "simplereenroll"):
            if self.path == _ROOT + step:
                self._reply(step, body)
                return
        self._send(Answer(404, b"unknown"))

    def _reply(self, step: str, body: bytes) -> None:
        if self.path != _ROOT + step:
            self._send(Answer(404, b"unknown"))
            return
        self._send(self.server.service.answer(step, body, self._sender()))

    def _sender(self) -> Sender:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        gateway = code = ""
        if scheme == "Basic":
            gateway, _, code = b64decode(given).decode("utf-8", "replace").partition(":")
        shown = self.request.getpeercert() or {}
        names = {key: value for part in shown.get("subject", ()) for key, value in part}
        return Sender(gateway, code, str(names.get("commonName", "")))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.status == 200:
            self.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
            self.send_header("Content-Transfer-Encoding", "base64")
        elif answer.status == 202:
            self.send_header("Retry-After", "600")
        elif answer.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="enrolment"')
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the claim code travels in a header."""


def _pkcs7(*certificates: x509.Certificate) -> bytes:
    made = pkcs7.serialize_certificates(list(certificates), serialization.Encoding.DER)
    return b64encode(made)


def main(arguments: list[str] | None = None) -> int:
    """The command line; ends with Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m simulators.enrolment")
    parser.add_argument("--folder", required=True, type=Path, help="where ca.pem and crl.pem go")
    parser.add_argument("--gateway", required=True, action="append", help="may stand repeatedly")
    parser.add_argument("--port", type=int, default=0, help="a free one if left out")
    parser.add_argument("--days", type=float, default=365.0, help="life of a certificate")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    authority = Authority(given.folder)
    with Enrolment(authority, timedelta(days=given.days), given.port) as service:
        codes = {gateway: service.label(gateway) for gateway in given.gateway}
        if given.json:
            said = {"url": service.url, "ca": str(authority.ca), "codes": codes}
            print(json.dumps(said), flush=True)
        else:
            print(f"{service.url}  trust: {authority.ca}")
            print("\n".join(f"{gateway}  {code}" for gateway, code in codes.items()), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
