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
from urllib.parse import urlsplit

from agent.errors import LinkError, NotTrusted, Withdrawn
from agent.trust import Trust, floor, is_withdrawal, not_believed, not_expired, usable

GIVE_UP_S = 20.0
"""How long bytes may stay unanswered by the other side's kernel before the connection is dead."""
PROBE_AGAIN_S = 5


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
        raise NotTrusted(not_believed(where, error, trust)) from None
    except OSError as error:
        kind = Withdrawn if is_withdrawal(str(error)) else LinkError
        raise kind(f"{where} cannot be reached: {error}") from None


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
            not_expired(wrapped, address.host, floor(trust))
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
