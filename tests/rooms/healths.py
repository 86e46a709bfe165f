"""A gateway that fares well, to be changed by tests."""

from __future__ import annotations

from agent.health import AdapterHealth, Health, LineHealth, RegisterHealth

WELL = Health(
    mono=1000.0, running_s=900.0, trusted=True, connected=True,
    depth={"alarm": 0, "result": 0, "telemetry": 12}, oldest_s=7.5, spool_bytes=40960,
    uncommitted=2, lost=0, thinned=0, commits=90, disk_error=None, turned_mono=998.0,
    sent=500, acknowledged=488, resent=3, refused=0, reconnects=1, faults=0,
    alarms={"S1": 0, "S2": 1, "S3": 0}, writes_today=2,
    registers=(RegisterHealth("hp1", "water_setpoint", 2, 900),),
    lines={"bus1": LineHealth(300, 4, 1, 2, 0, 75, 3, 1060.0)},
    adapters={"sparkplug": AdapterHealth(True, 70, 5, 1, 2)}, cpu_s=12.5, rss_bytes=44_000_000,
    security={"unsigned": 6},
)  # fmt: skip
