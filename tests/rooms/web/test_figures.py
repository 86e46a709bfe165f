"""The figures as Prometheus reads them, over a real socket."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from dataclasses import fields, replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.health import Health
from agent.web import figures
from agent.web.metrics import prometheus
from tests.rooms.healths import WELL

LIMIT_S = 10.0


def read(health: Health) -> dict[tuple[str, ...], float]:
    """Every sample by name and label values, as Prometheus' own reader finds it."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(prometheus(health))
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (("heatpump_spool_depth", "telemetry"), 12),
        (("heatpump_spool_oldest_seconds",), 7.5),
        (("heatpump_spool_bytes",), 40960),
        (("heatpump_spool_disk_ok",), 1),
        (("heatpump_spool_lost_total",), 0),
        (("heatpump_uplink_resent_total",), 3),
        (("heatpump_uplink_connected",), 1),
        (("heatpump_alarms_open", "S2"), 1),
        (("heatpump_writes_today",), 2),
        (("heatpump_register_writes_today", "hp1", "water_setpoint"), 2),
        (("heatpump_register_writes_total", "hp1", "water_setpoint"), 900),
        (("heatpump_line_requests_total", "bus1"), 300),
        (("heatpump_line_silences_total", "bus1"), 4),
        (("heatpump_line_holes", "bus1"), 3),
        (("heatpump_adapter_skipped_total", "sparkplug"), 1),
        (("heatpump_security", "unsigned"), 6),
        (("heatpump_cpu_seconds_total",), 12.5),
        (("heatpump_rss_bytes",), 44_000_000),
    ],
)
def test_a_figure_is_read_back(name: tuple[str, ...], value: float) -> None:
    assert read(WELL)[name] == value


def test_every_number_of_the_health_changes_the_figures() -> None:
    hidden = {"mono", "turned_mono"}  # only for the watchdog
    for field in fields(Health):
        old = getattr(WELL, field.name)
        if field.name in hidden or not isinstance(old, int | float):
            continue
        new = not old if isinstance(old, bool) else old + 1
        assert read(WELL) != read(replace(WELL, **{field.name: new})), field.name


def test_a_failing_disk_shows() -> None:
    assert read(replace(WELL, disk_error="full"))[("heatpump_spool_disk_ok",)] == 0


async def get(port: int, path: str) -> tuple[str, str, str]:
    """Status line, headers and body of an answer."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        text = (await reader.read()).decode()
        writer.close()
    head, _, body = text.partition("\r\n\r\n")
    status, _, headers = head.partition("\r\n")
    return status, headers, body


async def test_they_are_served_to_who_asks_and_nothing_else_is() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    task = asyncio.create_task(figures(("127.0.0.1", port), lambda: WELL))
    try:
        status, headers, body = await get(port, "/metrics")
        assert "200" in status
        assert "text/plain; version=0.0.4" in headers
        assert "heatpump_spool_bytes 40960.0" in body
        assert json.loads((await get(port, "/health"))[2])["lines"]["bus1"]["sweeps"] == 75
        assert "404" in (await get(port, "/config"))[0]
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_an_address_in_use_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        caplog.set_level(logging.WARNING)
        task = asyncio.create_task(figures(taken.getsockname(), lambda: WELL))
        async with asyncio.timeout(LIMIT_S):
            while "not served" not in caplog.text:
                await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        await asyncio.wait({task})
