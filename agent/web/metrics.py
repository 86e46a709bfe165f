"""The state of the gateway as Prometheus text, by the Prometheus client library. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent import __version__
from agent.health import Health
from agent.light import Light
from agent.web.routes import JSON, Answer, Asked, Need, Route

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "heatpump_"


def routes(now: Callable[[], Health]) -> tuple[Route, ...]:
    """`/metrics` for Prometheus and `/health` for other programs."""

    async def metrics(asked: Asked) -> Answer:
        return Answer(prometheus(now()), kind=TYPE)

    async def health(asked: Asked) -> Answer:
        return Answer(as_json(now()), kind=JSON)

    return (
        Route("GET", "/metrics", Need.NOTHING, metrics, "Every figure.", kind=TYPE),
        Route("GET", "/health", Need.NOTHING, health, "The same as JSON.", kind=JSON),
    )


def prometheus(health: Health) -> str:
    """All figures in the text format; names and units as Prometheus advises."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(health))
    return generate_latest(registry).decode()


def as_json(health: Health) -> str:
    """The same as one JSON object, by the names of `Health`."""
    return msgspec.json.encode(health).decode()


@dataclass(slots=True, eq=False)
class _Figures(Collector):
    health: Health

    def collect(self) -> Iterator[Metric]:
        yield from _program(self.health)
        yield from _buffer(self.health)
        yield from _uplink(self.health)
        yield from _lines(self.health)
        yield from _adapters(self.health)


def _program(it: Health) -> Iterator[Metric]:
    about = _gauge("info", "The program; always 1.", labels=("version",))
    about.add_metric((__version__,), 1)
    yield about
    yield _gauge("running_seconds", "Since the start of the program.", it.running_s)
    yield _gauge("clock_trusted", "Whether the clock was set since power-on.", it.trusted)
    yield _counter("cpu_seconds", "Processor time used.", it.cpu_s)
    yield _gauge("rss_bytes", "Resident memory.", it.rss_bytes)
    shown = _gauge("light", "What the lamp shows; 1 for that.", labels=("shows",))
    for light in Light:
        shown.add_metric((light.value,), it.light is light)
    yield shown
    yield _gauge("writes_today", "Writes to machines since local midnight.", it.writes_today)
    today = _gauge(
        "register_writes_today", "Writes since local midnight.", labels=("device", "point")
    )
    life = _counter("register_writes", "Writes for life.", labels=("device", "point"))
    for one in it.registers:
        today.add_metric((one.device, one.point), one.today)
        life.add_metric((one.device, one.point), one.life)
    yield today
    yield life
    away = _gauge("security", "Turned away since the start; files changed.", labels=("kind",))
    for kind, count in it.security.items():
        away.add_metric((kind,), count)
    yield away
    alarms = _gauge("alarms_open", "Alarms that stand.", labels=("severity",))
    for severity, count in it.alarms.items():
        alarms.add_metric((severity,), count)
    yield alarms


def _buffer(it: Health) -> Iterator[Metric]:
    depth = _gauge("spool_depth", "Records the platform has not taken.", labels=("lane",))
    for lane, count in it.depth.items():
        depth.add_metric((lane,), count)
    yield depth
    yield _gauge("spool_oldest_seconds", "Age of the oldest of them.", it.oldest_s or 0.0)
    yield _gauge("spool_bytes", "Size of the buffer's file.", it.spool_bytes)
    yield _gauge("spool_uncommitted", "Records in memory only.", it.uncommitted)
    yield _gauge("spool_disk_ok", "Whether the disk takes what it is given.", not it.disk_error)
    yield _counter("spool_lost", "Records dropped since the file was made.", it.lost)
    yield _counter("spool_thinned", "Records thinned since the file was made.", it.thinned)
    yield _counter("spool_commits", "Commits to disk.", it.commits)


def _uplink(it: Health) -> Iterator[Metric]:
    yield _gauge("uplink_connected", "Whether the platform's broker is connected.", it.connected)
    yield _counter("uplink_sent", "Records sent for the first time.", it.sent)
    yield _counter("uplink_acknowledged", "Records the platform has.", it.acknowledged)
    yield _counter("uplink_resent", "Records sent again.", it.resent)
    yield _counter("uplink_refused", "Messages the broker refused.", it.refused)
    yield _counter("uplink_reconnects", "Connections after the first.", it.reconnects)
    yield _counter("uplink_faults", "Unexpected errors in the uplink.", it.faults)


def _lines(it: Health) -> Iterator[Metric]:
    told = {
        "requests": "Exchanges begun.",
        "silences": "Exchanges without an answer in time.",
        "garbled": "Answers that were none.",
        "refused": "Answers with a Modbus exception.",
        "lost": "Times the port was lost.",
        "sweeps": "Rounds of a machine that ended.",
    }
    for name, text in told.items():
        family = _counter(f"line_{name}", text, labels=("line",))
        for line, health in it.lines.items():
            family.add_metric((line,), getattr(health, name))
        yield family
    holes = _gauge("line_holes", "Points the machines refuse to give.", labels=("line",))
    for line, health in it.lines.items():
        holes.add_metric((line,), health.holes)
    yield holes


def _adapters(it: Health) -> Iterator[Metric]:
    connected = _gauge("adapter_connected", "Whether its broker is.", labels=("adapter",))
    for adapter, health in it.adapters.items():
        connected.add_metric((adapter,), health.connected)
    yield connected
    told = {
        "told": "Records told in their time.",
        "past": "Records told late.",
        "skipped": "Records that could not be told.",
        "wishes": "Wishes that came in.",
    }
    for name, text in told.items():
        family = _counter(f"adapter_{name}", text, labels=("adapter",))
        for adapter, health in it.adapters.items():
            family.add_metric((adapter,), getattr(health, name))
        yield family


def _gauge(
    name: str, text: str, value: float | None = None, labels: tuple[str, ...] = ()
) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, text, value, None if value is not None else labels)


def _counter(
    name: str, text: str, value: float | None = None, labels: tuple[str, ...] = ()
) -> CounterMetricFamily:
    return CounterMetricFamily(_PREFIX + name, text, value, None if value is not None else labels)
