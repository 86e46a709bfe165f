"""From the open rooms to the one status: what each of them says reaches the light."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import config
from agent.alarm import Severity
from agent.clock import Clock
from agent.light import Light
from agent.vitals import Vitals

GATEWAY = """
gateway: gw
spool: {path: s.db}
platform: {broker: "mqtt://127.0.0.1:9", batch_every: 60 s}
lines:
  - name: bus
    port: /dev/null
    parity: none
    devices:
      - {name: hp, driver: samsung_ehs_mimb19n, unit_id: 3, every: 60 s}
      - {name: meter, driver: chint_ddsu666, unit_id: 11}
"""


class Rooms:
    """What the vitals look at, as they are where all is well."""

    def __init__(self, folder: Path) -> None:
        (folder / "gateway.yaml").write_text(GATEWAY)
        self.config = config.read(folder / "gateway.yaml")
        mono = time.monotonic()
        self.machines = tuple(device for line in self.config.lines for device in line.devices)
        self.line = SimpleNamespace(up=True, scheduler=SimpleNamespace(machines=self.machines))
        self.heard: dict[str, dict[str, float]] = {"hp": {"x": mono - 100.0}, "meter": {}}
        self.alarms: list[Any] = []
        self.counters = SimpleNamespace(connected_since=datetime.now(UTC), taken_mono=mono)
        self.oldest_at: str | None = None
        self.sends = True

    def light(self) -> Light:
        core: Any = SimpleNamespace(
            snapshots={name: SimpleNamespace(mono=heard) for name, heard in self.heard.items()},
            open_alarms=tuple(self.alarms),
        )
        spool: Any = SimpleNamespace(status=lambda: SimpleNamespace(oldest_at=self.oldest_at))
        uplink: Any = SimpleNamespace(counters=self.counters)
        lines: Any = (self.line,)
        road: Any = SimpleNamespace(core=core, sends=self.sends)
        intact: Any = None
        return Vitals(road, spool, uplink, lines, (), None, intact, Clock(), self.config).light()


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path)


def alarm(severity: Severity, annunciated: bool = True) -> Any:
    return SimpleNamespace(severity=severity, annunciated=annunciated)


def test_all_is_well_although_a_meter_never_answered(rooms: Rooms) -> None:
    """The pump is read once a minute, so a hundred seconds are no silence."""
    assert rooms.light() is Light.GREEN


@pytest.mark.parametrize(
    ("severity", "annunciated", "shows"),
    [
        (Severity.S1, True, Light.ALARM),
        (Severity.S2, True, Light.ALARM),
        (Severity.S3, True, Light.GREEN),
        (Severity.S1, False, Light.GREEN),
    ],
)
def test_alarms_that_need_somebody_take_the_green_away(
    rooms: Rooms, severity: Severity, annunciated: bool, shows: Light
) -> None:
    rooms.alarms = [alarm(severity, annunciated)]
    assert rooms.light() is shows


def test_a_silent_pump_and_a_lost_port(rooms: Rooms) -> None:
    rooms.heard["hp"]["x"] -= 100.0
    assert rooms.light() is Light.NO_ANSWER
    rooms.line.up = False
    assert rooms.light() is Light.NO_BUS


def test_a_household_that_lets_no_reading_leave_is_well_too(rooms: Rooms) -> None:
    rooms.counters.taken_mono = None
    assert rooms.light() is not Light.GREEN
    rooms.sends = False
    assert rooms.light() is Light.GREEN


def test_the_platform_must_take_what_is_due(rooms: Rooms) -> None:
    due = timedelta(seconds=2 * 60 + 60)
    rooms.counters.taken_mono -= due.total_seconds() + 1
    assert rooms.light() is Light.GREEN, "nothing waits"
    rooms.oldest_at = (datetime.now(UTC) - due - timedelta(seconds=1)).isoformat()
    assert rooms.light() is Light.NO_PLATFORM
    rooms.counters.taken_mono = time.monotonic()
    assert rooms.light() is Light.GREEN, "the backlog goes up"
    rooms.counters.connected_since = None
    assert rooms.light() is Light.NO_PLATFORM
