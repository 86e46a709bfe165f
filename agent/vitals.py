"""Looks at the open rooms and says how they fare; changes nothing."""

from __future__ import annotations

import resource
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.clock import Clock
from agent.config import Config
from agent.enrol import IdentityState, Keeper, identity_state
from agent.health import AdapterHealth, Health, LineHealth, RegisterHealth, stuck
from agent.intact import Intact
from agent.light import Light, Seen, answers_within_s, light
from agent.line import Line
from agent.model import Severity
from agent.road import Road
from agent.spool import Spool
from agent.uplink import Uplink
from agent.uplink.messages import StateHealth

if TYPE_CHECKING:
    from agent.uplink.adapters.bridge import Bridge

DISK_GRACE_S = 60.0
"""How much longer than the commit interval the disk thread may take: a card that is about to fail
stalls for tens of seconds and comes back."""
DUE_GRACE_S = 60.0
"""How long an acknowledgement may take on top of the time until a reading is sent."""
GRAVE = (Severity.S1, Severity.S2)
"""What takes the green away; S3 only advises."""
_STATM = Path("/proc/self/statm")
_PAGE = resource.getpagesize()


class Vitals:
    """The rooms of one gateway; `now` is everything at this moment."""

    def __init__(
        self,
        road: Road,
        spool: Spool,
        uplink: Uplink,
        lines: tuple[Line, ...],
        bridges: tuple[Bridge, ...],
        keeper: Keeper | None,
        intact: Intact,
        clock: Clock,
        config: Config,
    ) -> None:
        self._disk_within_s = config.spool.commit_every_s + DISK_GRACE_S
        self._road, self._spool, self._uplink = road, spool, uplink
        self._lines, self._bridges, self._clock, self._timezone = (
            lines,
            bridges,
            clock,
            config.timezone,
        )
        self._keeper, self._intact, self._gateway = keeper, intact, config.gateway
        self._wants_certificate = config.uplink.certificate is not None
        self._due_s = 2 * config.uplink.batch_every_s + DUE_GRACE_S
        self._pumps = _pumps(lines)
        self._began = time.monotonic()

    def stuck(self) -> str | None:
        """What hangs, for the watchdog."""
        return stuck(self.now(), self._disk_within_s)

    def identity(self) -> IdentityState:
        """How it stands with our certificate, for the page and for programs."""
        stamp = self._clock.stamp()
        return identity_state(
            self._gateway,
            self._uplink.certificate(),
            wanted=self._wants_certificate,
            withdrawn=self._uplink.refused(),
            why=self._keeper.why if self._keeper is not None else "",
            now=stamp.at,
            trusted=stamp.trusted,
        )

    def told(self) -> StateHealth:
        """What the platform hears of it."""
        it = self.now()
        return StateHealth(
            it.trusted,
            round(it.running_s, 1),
            dict(it.depth),
            it.oldest_s,
            it.spool_bytes,
            it.lost,
            it.thinned,
            it.disk_error,
            sum(it.alarms.values()),
            {name: line.silences for name, line in it.lines.items()},
            it.season,
            it.light,
            dict(it.security),
        )

    def summary(self) -> str:
        """One line for people."""
        it = self.now()
        link = "connected" if it.connected else "no platform"
        silent = sum(it.alarms.values())
        waiting = f"{sum(it.depth.values())} records wait"
        return f"{it.light}: {link}, {waiting}, {silent} alarms, {_sweeps(it)} rounds"

    def now(self) -> Health:
        """Reads counters and two files of /proc; waits for nothing."""
        stamp = self._clock.stamp()
        spool, uplink = self._spool.status(), self._uplink.counters
        standing = (alarm for alarm in self._road.core.open_alarms if alarm.annunciated)
        alarms = Counter(alarm.severity.value for alarm in standing)
        day = stamp.day_in(self._timezone)
        writes = self._spool.writes()
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Health(
            mono=time.monotonic(),
            running_s=time.monotonic() - self._began,
            trusted=stamp.trusted,
            connected=uplink.connected_since is not None,
            depth={lane.value: count for lane, count in spool.depth.items()},
            oldest_s=_age_s(spool.oldest_at, stamp.at),
            spool_bytes=spool.file_bytes,
            uncommitted=spool.uncommitted,
            lost=spool.lost,
            thinned=spool.thinned,
            commits=spool.commits,
            disk_error=spool.last_error,
            turned_mono=self._spool.turned_mono,
            sent=uplink.sent,
            acknowledged=uplink.acknowledged,
            resent=uplink.resent,
            refused=uplink.refused,
            reconnects=uplink.reconnects,
            faults=uplink.faults,
            alarms={one.value: alarms.get(one.value, 0) for one in Severity},
            writes_today=sum(count for (_, _, on), count in writes.items() if on == day),
            registers=tuple(
                RegisterHealth(device, point, writes.get((device, point, day), 0), life)
                for (device, point), life in self._spool.lifetime().items()
            ),
            lines={line.name: _line(line) for line in self._lines},
            adapters={bridge.name: _adapter(bridge) for bridge in self._bridges},
            cpu_s=used.ru_utime + used.ru_stime,
            rss_bytes=_rss_bytes(),
            season=self._road.core.season.mode.value,
            light=self.light(),
            security={
                "unsigned": uplink.unsigned,
                "malformed": self._road.malformed,
                "untrusted": uplink.untrusted,
                "changed": self._intact.count,
                "not_enrolled": self._keeper.refusals if self._keeper is not None else 0,
            },
        )

    def light(self) -> Light:
        """What the lamp shows, and everything else that shows one status."""
        mono, uplink, pictures = time.monotonic(), self._uplink.counters, self._road.core.snapshots
        heard = {name: max(pictures[name].mono.values(), default=None) for name in self._pumps}
        seen = Seen(
            running_s=mono - self._began,
            lines=tuple(line.up for line in self._lines),
            pumps=tuple((_since(heard[name], mono), most) for name, most in self._pumps.items()),
            alarm=any(
                one.annunciated and one.severity in GRAVE for one in self._road.core.open_alarms
            ),
            connected=uplink.connected_since is not None,
            acknowledged_s=_since(uplink.taken_mono, mono),
            oldest_s=_age_s(self._spool.status().oldest_at, self._clock.stamp().at),
            due_s=self._due_s,
            sends=self._road.sends,
        )
        return light(seen)


def _pumps(lines: tuple[Line, ...]) -> dict[str, float]:
    """Every heat pump, and how long it may be silent; every machine where there is no heat pump."""
    machines = [machine for line in lines for machine in line.scheduler.machines]
    pumps = [one for one in machines if one.map.kind == "heat_pump"] or machines
    return {
        one.name: answers_within_s(min((block.every_s for block in one.plan()), default=0.0))
        for one in pumps
    }


def _since(then: float | None, mono: float) -> float | None:
    return None if then is None else mono - then


def _sweeps(it: Health) -> int:
    return sum(line.sweeps for line in it.lines.values())


def _line(line: Line) -> LineHealth:
    seen = line.traffic
    return LineHealth(
        seen.requests,
        seen.silences,
        seen.garbled,
        seen.refused,
        seen.lost,
        seen.sweeps,
        line.scheduler.holes,
        seen.due_by,
    )


def _adapter(bridge: Bridge) -> AdapterHealth:
    seen = bridge.counters
    return AdapterHealth(seen.connected, seen.told, seen.past, seen.skipped, seen.wishes)


def _age_s(at: str | None, now: datetime) -> float | None:
    if at is None:
        return None
    return max((now - datetime.fromisoformat(at).astimezone(UTC)).total_seconds(), 0.0)


def _rss_bytes() -> int:
    try:
        return int(_STATM.read_text("ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
