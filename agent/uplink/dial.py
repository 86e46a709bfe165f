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
from pathlib import Path
from urllib.parse import urlsplit

from agent.errors import LinkError


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
    """PEM files: whom we trust (None: the system's list), and who we are."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


async def dial(address: Address, trust: Trust, timeout_s: float) -> socket.socket:
    """A connected, non-blocking socket. Raises LinkError that says what did not work."""
    where = f"{address.host}:{address.port}"
    try:
        async with asyncio.timeout(timeout_s):
            return await _open(address, trust)
    except TimeoutError:
        raise LinkError(f"{where} did not answer within {timeout_s:g} s") from None
    except ssl.SSLCertVerificationError as error:
        why = f"the certificate of {where} is refused: {error.verify_message}"
        raise LinkError(f"{why} (trusted: {trust.ca or 'the system'})") from None
    except OSError as error:
        raise LinkError(f"{where} cannot be reached: {error}") from None


async def _open(address: Address, trust: Trust) -> socket.socket:
    context = await asyncio.to_thread(_context, trust) if address.tls else None
    sock = await _dial(address)
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
    except BaseException:
        wrapped.close()
        raise
    return wrapped


async def _dial(address: Address) -> socket.socket:
    loop = asyncio.get_running_loop()
    last = OSError(errno.EADDRNOTAVAIL, f"{address.host} has no address")
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            _notice_silence(sock)
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


def _notice_silence(sock: socket.socket) -> None:
    """Let the kernel give up within 10 s of unanswered data, 25 s of unanswered quiet."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)


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


def _context(trust: Trust) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=trust.ca)
    except (OSError, ssl.SSLError) as error:
        raise LinkError(f"ca {trust.ca} cannot be used: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.certificate is not None:
        try:
            context.load_cert_chain(trust.certificate, trust.key)
        except (OSError, ssl.SSLError) as error:
            files = f"certificate {trust.certificate} with key {trust.key}"
            raise LinkError(f"{files} cannot be used: {error}") from None
    return context
