"""Enrolment over Secure Transport, the client's side of RFC 7030: three questions over HTTPS.

Blocking, for a process of its own. Certificates come and go in DER form.
"""

from __future__ import annotations

import binascii
import ssl
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse, HTTPSConnection

from agent.enrol.settings import Kind, Outcome, Service
from agent.errors import AgentError, LinkError
from agent.trust import Trust, floor, is_withdrawal, not_believed, not_expired, usable

LIMIT_BYTES = 65_536
_REQUEST = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}


class EstError(AgentError):
    """The enrolment service did not give what was asked; `outcome` says how to go on."""

    def __init__(self, kind: Kind, why: str, again_s: float | None = None) -> None:
        self.outcome = Outcome(kind, why, again_s)
        super().__init__(why)


class Est:
    """One service, trusted by `trust`; its certificate and key, if any, say who we are."""

    def __init__(self, service: Service, trust: Trust, timeout_s: float) -> None:
        self._service, self._trust, self._timeout_s = service, trust, timeout_s

    def authorities(self) -> bytes:
        """The authority's certificates, PKCS#7 in DER form. Raises EstError."""
        return self._ask("GET", "cacerts")

    def enrol(self, request: bytes, gateway: str, code: str) -> bytes:
        """The first certificate for a request, by the claim code. Raises EstError."""
        basic = b64encode(f"{gateway}:{code}".encode()).decode("ascii")
        return self._ask("POST", "simpleenroll", request, {"Authorization": f"Basic {basic}"})

    def renew(self, request: bytes) -> bytes:
        """The next certificate, by the one that is shown in TLS. Raises EstError."""
        return self._ask("POST", "simplereenroll", request, {})

    def _ask(
        self, method: str, step: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        where = f"{self._service.host}:{self._service.port}"
        try:
            status, again, content = self._exchange(method, step, body, headers)
        except LinkError as error:
            raise EstError(Kind.AWAY, str(error)) from None
        except ssl.SSLCertVerificationError as error:
            raise EstError(Kind.AWAY, not_believed(where, error, self._trust)) from None
        except (OSError, HTTPException) as error:
            if is_withdrawal(str(error)):
                raise EstError(Kind.WITHDRAWN, f"{where} has withdrawn our certificate") from None
            why = str(error) or type(error).__name__
            raise EstError(Kind.AWAY, f"{where} cannot be reached: {why}") from None
        if status == 200:
            return _decoded(content, where)
        raise _refusal(status, again, content, where)

    def _exchange(
        self, method: str, step: str, body: bytes, headers: Mapping[str, str] | None
    ) -> tuple[int, str | None, bytes]:
        """Status, what Retry-After says, and the body."""
        service, trust = self._service, self._trust
        link = HTTPSConnection(
            service.host, service.port, timeout=self._timeout_s, context=usable(trust)
        )
        try:
            link.connect()
            if not trust.clock_set:
                assert isinstance(link.sock, ssl.SSLSocket)
                not_expired(link.sock, service.host, floor(trust))
            content = b64encode(body) if body else None
            given = {**_REQUEST, **(headers or {})} if body else {}
            try:
                link.request(method, f"{service.root}/{step}", content, given)
            except OSError:
                link.sock.recv(1)  # closed on us: it has said why, if anything
                raise
            reply: HTTPResponse = link.getresponse()
            return reply.status, reply.getheader("Retry-After"), reply.read(LIMIT_BYTES + 1)
        finally:
            link.close()


def _decoded(content: bytes, where: str) -> bytes:
    if len(content) > LIMIT_BYTES:
        raise EstError(Kind.UNUSABLE, f"{where} answered more than {LIMIT_BYTES} bytes")
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        raise EstError(Kind.UNUSABLE, f"{where} answered something that is no base64") from None


def _refusal(status: int, again: str | None, content: bytes, where: str) -> EstError:
    again_s = float(again) if again is not None and again.isdecimal() else None
    said = content[:200].decode("utf-8", "replace")
    words = "".join(sign if sign.isprintable() else " " for sign in said).strip()
    if status == 202:
        return EstError(Kind.LATER, f"{where} has the request; somebody must approve it", again_s)
    why = f"{where} answered {status}: {words}"
    kind = Kind.REFUSED if 400 <= status < 500 and status != 429 else Kind.AWAY
    return EstError(kind, why, again_s)
