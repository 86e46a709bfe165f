"""What is spoken to the broker: TLS 1.2 or newer with good ciphers, or nothing is said."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import LinkError, NotTrusted
from agent.trust import Trust, usable
from agent.uplink.dial import Address, dial
from simulators.authority import DAY, Authority

LIMIT_S = 5.0
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def offering(
    authority: Authority, lowest: ssl.TLSVersion, highest: ssl.TLSVersion, ciphers: str
) -> ssl.SSLContext:
    """A server that speaks what OpenSSL would refuse by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server(NOW - DAY, NOW + DAY))
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    return context


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """A port behind which one handshake after the other is tried."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with suppress(OSError, ssl.SSLError), sock:
                    sock.settimeout(LIMIT_S)
                    context.wrap_socket(sock, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(LIMIT_S)


def lenient(authority: Authority) -> ssl.SSLContext:
    """A client that takes anything: it proves that the server really offers it."""
    context = ssl.create_default_context(cafile=authority.ca)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


V = ssl.TLSVersion
OLD = [
    pytest.param(V.TLSv1, V.TLSv1, "ALL", id="TLS 1.0"),
    pytest.param(V.TLSv1_1, V.TLSv1_1, "ALL", id="TLS 1.1"),
    pytest.param(V.TLSv1_2, V.TLSv1_2, "NULL-SHA256:ECDHE-ECDSA-NULL-SHA", id="no encryption"),
    pytest.param(V.TLSv1_2, V.TLSv1_2, "aNULL", id="no authentication"),
]


@pytest.mark.parametrize(("lowest", "highest", "ciphers"), OLD)
async def test_old_versions_and_weak_ciphers_are_refused(
    authority: Authority, lowest: ssl.TLSVersion, highest: ssl.TLSVersion, ciphers: str
) -> None:
    with serving(offering(authority, lowest, highest, ciphers)) as port:
        with socket.create_connection(("127.0.0.1", port), LIMIT_S) as sock:
            lenient(authority).wrap_socket(sock, server_hostname="127.0.0.1").close()
        with pytest.raises(LinkError, match="cannot be reached"):
            await dial(Address("127.0.0.1", port, tls=True), Trust(authority.ca), LIMIT_S)


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
async def test_new_versions_are_spoken(authority: Authority, version: ssl.TLSVersion) -> None:
    with serving(offering(authority, version, version, "DEFAULT")) as port:
        sock = await dial(Address("127.0.0.1", port, tls=True), Trust(authority.ca), LIMIT_S)
        sock.close()


async def test_a_broker_that_is_not_trusted_is_told_apart(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger")
    with (
        serving(offering(authority, V.TLSv1_2, V.TLSv1_3, "DEFAULT")) as port,
        pytest.raises(NotTrusted),
    ):
        await dial(Address("127.0.0.1", port, tls=True), Trust(stranger.ca), LIMIT_S)


def test_names_are_checked_and_nothing_weak_is_offered(authority: Authority) -> None:
    context = usable(Trust(authority.ca))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    for cipher in context.get_ciphers():
        assert cipher["strength_bits"] >= 128, cipher["name"]
        assert not {"NULL", "RC4", "DES", "MD5", "EXP"} & set(cipher["name"].split("-"))
