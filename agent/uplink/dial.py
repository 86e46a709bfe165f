"""From an address to a connected socket, with TLS where asked for. Knows nothing of MQTT.

Every wait can be cancelled: the MQTT library's own connecting blocks a thread for seconds.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from agent.errors import LinkError
from agent.uplink.certificate import validity

BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No present lies before this: the program did not exist."""
GIVE_UP_S = 20.0
"""How long bytes may stay unanswered by the other side's kernel before the connection is dead."""
PROBE_AGAIN_S = 5
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python's ssl does not name."""
_DATES = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is, from `mqtt://host:port` or `mqtts://host:port`."""

    host: str
    port: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """Raises ValueError with the accepted form."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"{url!r} is no broker: mqtt://host:port or mqtts://host:port")
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname, parts.port or (8883 if tls else 1883), tls)


@dataclass(frozen=True, slots=True)
class Trust:
    """PEM files: whom we trust (None: the system's list), and who we are.

    Without `clock_set` our own clock stands before any possible present: then the dates of the
    broker's certificate are held against the latest moment that has surely passed (`floor`).
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    clock_set: bool = True


async def dial(
    address: Address, trust: Trust, timeout_s: float, probe_every_s: float = 15.0
) -> socket.socket:
    """A connected, non-blocking socket. Raises LinkError that says what did not work.

    After `probe_every_s` without a byte the kernel asks the other side whether it is there.
    """
    where = f"{address.host}:{address.port}"
    try:
        async with asyncio.timeout(timeout_s):
            return await _open(address, trust, probe_every_s)
    except TimeoutError:
        raise LinkError(f"{where} did not answer within {timeout_s:g} s") from None
    except ssl.SSLCertVerificationError as error:
        why = f"the certificate of {where} is refused: {error.verify_message}"
        clock = ""
        if error.verify_code in _DATES:
            clock = f"; our clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        raise LinkError(f"{why} (trusted: {trust.ca or 'the system'}{clock})") from None
    except OSError as error:
        raise LinkError(f"{where} cannot be reached: {error}") from None


async def _open(address: Address, trust: Trust, probe_every_s: float) -> socket.socket:
    context = await asyncio.to_thread(usable, trust) if address.tls else None
    sock = await _dial(address, probe_every_s)
    if context is None:
        return sock
    try:
        wrapped = context.wrap_socket(
            sock, server_hostname=address.host, do_handshake_on_connect=False
        )
    except BaseException:
        sock.close()
        raise
    try:
        await _handshake(wrapped)
        if not trust.clock_set:
            _not_expired(wrapped, address, floor(trust))
    except BaseException:
        wrapped.close()
        raise
    return wrapped


async def _dial(address: Address, probe_every_s: float) -> socket.socket:
    loop = asyncio.get_running_loop()
    last = OSError(errno.EADDRNOTAVAIL, f"{address.host} has no address")
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            _notice_silence(sock, probe_every_s)
            await loop.sock_connect(sock, where)
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last


def _notice_silence(sock: socket.socket, probe_every_s: float) -> None:
    """Let the kernel give up `GIVE_UP_S` after unanswered data, or at the second unanswered probe.

    While a probe is unanswered Linux counts the user timeout from the last byte that came, so the
    second probe already finds it over.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, round(probe_every_s)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_AGAIN_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(GIVE_UP_S * 1000))


async def _handshake(sock: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            await _ready(sock, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _ready(sock, loop.add_writer, loop.remove_writer)
        else:
            return


async def _ready(
    sock: ssl.SSLSocket, add: Callable[..., None], remove: Callable[[int], bool]
) -> None:
    ready = asyncio.Event()
    add(sock.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        remove(sock.fileno())


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


def _not_expired(sock: ssl.SSLSocket, address: Address, since: datetime) -> None:
    """A broker whose certificate ended before that moment is refused, however wrong our clock."""
    shown = sock.getpeercert() or {}
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    if ends < since:
        why = f"the certificate of {address.host} ended on {ends:%Y-%m-%d}"
        raise LinkError(f"{why}; our clock is not set, but it is past {since:%Y-%m-%d}")
