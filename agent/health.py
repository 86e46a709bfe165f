"""How the gateway fares, in one record: for metrics, for the platform, for the watchdog. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.light import Light


@dataclass(frozen=True, slots=True)
class LineHealth:
    """One line since the start. `due_by` is the monotonic second of its next sign of progress."""

    requests: int
    silences: int
    garbled: int
    refused: int
    lost: int
    sweeps: int
    holes: int
    due_by: float | None


@dataclass(frozen=True, slots=True)
class AdapterHealth:
    """One adapter since the start."""

    connected: bool
    told: int
    past: int
    skipped: int
    wishes: int


@dataclass(frozen=True, slots=True)
class RegisterHealth:
    """How often a point of a machine was written; `life` is since the buffer's file was made."""

    device: str
    point: str
    today: int
    life: int


@dataclass(frozen=True, slots=True)
class Health:
    """Everything at one moment; counts are since the start of the program, `lost` of the file's.

    `oldest_s` is the age of the oldest record that waits for the platform, None when none does.
    `turned_mono` is when the disk thread last answered, well or badly.
    """

    mono: float
    running_s: float
    trusted: bool
    connected: bool
    depth: Mapping[str, int]
    oldest_s: float | None
    spool_bytes: int
    uncommitted: int
    lost: int
    thinned: int
    commits: int
    disk_error: str | None
    turned_mono: float
    sent: int
    acknowledged: int
    resent: int
    refused: int
    reconnects: int
    faults: int
    alarms: Mapping[str, int]
    writes_today: int
    registers: tuple[RegisterHealth, ...]
    lines: Mapping[str, LineHealth]
    adapters: Mapping[str, AdapterHealth]
    cpu_s: float
    rss_bytes: int
    season: str = "normal"
    light: Light = Light.STARTING
    security: Mapping[str, int] = field(default_factory=dict)


def stuck(health: Health, disk_within_s: float) -> str | None:
    """What has shown no progress within its time; None when all is well.

    A machine that is silent, a port that cannot be opened, a full disk are no reason: they answer,
    if badly, and a restart would not mend them. A loop or a thread that hangs is one.
    """
    idle_s = health.mono - health.turned_mono
    if idle_s > disk_within_s:
        return f"the disk thread has not answered for {idle_s:.0f} s"
    for name, line in health.lines.items():
        if line.due_by is not None and health.mono > line.due_by:
            return (
                f"line {name} has ended no round {health.mono - line.due_by:.0f} s after its time"
            )
    return None
