"""Certificates in the field: renewed under way, read without a library, judged without a clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from agent import identity
from agent.certificate import validity
from agent.errors import LinkError
from agent.records import Lane
from agent.trust import Trust
from agent.uplink.dial import Address, dial
from agent.uplink.renewal import Renewal
from simulators.authority import DAY, Authority
from tests.peers.mosquitto import Mosquitto, Tls
from tests.rooms.uplink.test_uplink import LIMIT_S, G, MemoryOutbox, running, settings

NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@given(st.integers(-6_900, 65_000), st.integers(1, 40_000))
@limits(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_dates_are_those_another_library_wrote(
    authority: Authority, day: int, days: int
) -> None:
    first = datetime(1970, 1, 1, 3, 4, 5, tzinfo=UTC) + day * DAY
    certificate, _ = authority.server(first, first + days * DAY)
    found = validity(certificate.read_bytes())
    assert (found.begins, found.ends) == (first, first + days * DAY)


@pytest.mark.parametrize("cut", [0, 30, 200, 400])
def test_a_damaged_certificate_is_an_error(authority: Authority, cut: int) -> None:
    pem = authority.server(NOW, NOW + DAY)[0].read_bytes()
    damaged = pem[:cut] + b"-----END CERTIFICATE-----" if cut else b""
    with pytest.raises(ValueError, match=r".+"):
        validity(damaged)


async def test_a_renewed_certificate_is_taken_over_and_no_record_is_lost(
    tmp_path: Path, authority: Authority
) -> None:
    folder = tmp_path / "id"
    identity.new(folder, G)
    identity.install(folder, authority.sign(folder / "request.csr"), G, authority.ca)
    server = authority.server(NOW - DAY, NOW + 30 * DAY)
    files = {
        "ca": folder / "ca.pem",
        "certificate": folder / "certificate.pem",
        "key": folder / "key.pem",
        "acknowledge": "puback",
        "look_every_s": 0.05,
    }
    outbox = MemoryOutbox()
    async with (
        Mosquitto(tmp_path, tls=Tls(authority.ca, *server, require_certificate=True)) as broker,
        running(settings(broker.url, **files), outbox) as gateway,
    ):
        await gateway.linked(True)
        outbox.put(Lane.TELEMETRY, 20)
        # Half of a new pair: the connection that stands is kept.
        key, other = folder / "key.pem", tmp_path / "other"
        identity.new(other, G)
        os.replace(key, tmp_path / "kept")
        os.replace(other / "key.pem", key)
        await outbox.emptied()
        os.replace(tmp_path / "kept", key)
        identity.request(folder, G, new_key=True)
        identity.install(folder, authority.sign(folder / "request.csr"), G, authority.ca)
        outbox.put(Lane.TELEMETRY, 20)
        assert "new certificate" in await gateway.linked(False)
        outbox.put(Lane.ALARM, 1)
        await gateway.linked(True)
        await outbox.emptied()
        assert outbox.forgotten[Lane.TELEMETRY] == list(range(1, 41))
        assert gateway.uplink.counters.faults == 0


def test_an_ending_certificate_is_warned_of_once_a_day(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, _ = authority.server(NOW, NOW + 90 * DAY)
    moment = [NOW]
    renewal = Renewal(Trust(certificate=certificate), 60.0, lambda: moment[0])
    for days, warnings in ((59, 0), (61, 1), (61.5, 0), (62.1, 1), (100, 1)):
        moment[0] = NOW + timedelta(days=days)
        caplog.clear()
        renewal.warn()
        assert len(caplog.records) == warnings, days
    assert renewal.ends == (NOW + 90 * DAY).replace(microsecond=0)


@pytest.mark.parametrize(
    ("begins", "ends", "clock_set", "why"),
    [
        (NOW - DAY, NOW + DAY, True, ""),
        (NOW + 300 * DAY, NOW + 400 * DAY, True, "not yet valid.*our clock says"),
        (NOW + 300 * DAY, NOW + 400 * DAY, False, ""),  # our clock is behind: so it looks at boot
        (NOW - 900 * DAY, NOW - 800 * DAY, True, "expired.*our clock says"),
        (NOW - 3 * DAY, NOW - 2 * DAY, False, "ended on .* it is past"),
    ],
)
async def test_a_clock_that_is_not_set_does_not_open_the_door_to_old_certificates(
    tmp_path: Path,
    authority: Authority,
    begins: datetime,
    ends: datetime,
    clock_set: bool,
    why: str,
) -> None:
    identity.new(tmp_path / "id", G)
    ours = authority.sign(tmp_path / "id" / "request.csr", begins=NOW - DAY)
    trust = Trust(authority.ca, ours, tmp_path / "id" / "key.pem", clock_set)
    server = authority.server(begins, ends)
    async with Mosquitto(tmp_path, tls=Tls(authority.ca, *server)) as broker:
        address = Address("127.0.0.1", broker.port, tls=True)
        if why:
            with pytest.raises(LinkError, match=f"(?i){why}"):
                await dial(address, trust, LIMIT_S)
            return
        (await dial(address, trust, LIMIT_S)).close()


async def test_without_a_clock_a_stranger_stays_a_stranger(
    tmp_path: Path, authority: Authority
) -> None:
    stranger = Authority(tmp_path / "stranger")
    server = authority.server(NOW - DAY, NOW + DAY)
    async with Mosquitto(tmp_path, tls=Tls(authority.ca, *server)) as broker:
        for host, ca in (("127.0.0.1", stranger.ca), ("localhost", authority.ca)):
            address = Address(host, broker.port, tls=True)
            with pytest.raises(LinkError, match="is refused"):
                await dial(address, Trust(ca, clock_set=False), LIMIT_S)
