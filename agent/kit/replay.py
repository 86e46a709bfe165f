"""Recorded words through a map: are the readings possible, and are they what the display showed?

Words come as `(request, words)` in the order in which they were read. What the display showed at
the end are the golden readings, written as people wrote them down: `41` is met by 41.2, `41.2` by
41.2 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from agent.drivers import Cost, Device, Hooks, ReadRequest, RegisterMap
from agent.kit.finding import Finding, Level
from agent.kit.knowledge import EXPECTED
from agent.model import PointId, Quality, Reading, Snapshot, Value

Recorded = tuple[ReadRequest, Sequence[int]]
_WARM_WORDS = ("heat", "heat_thermo_on", "dhw", "heat_dhw")
_COUNTERS = ("energy_total", "heat_energy_total", "compressor_hours")
# What must be warmer, or more, than what while the compressor heats. One kelvin is forgiven.
_ORDER = (
    ("water_supply_temp", "water_return_temp"),
    ("discharge_temp", "suction_temp"),
    ("discharge_temp", "water_supply_temp"),
    ("condensing_temp", "evaporating_temp"),
    ("high_pressure", "low_pressure"),
    ("thermal_power", "active_power"),
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The newest reading of every point that the trace shows, and what is wrong with it."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]


def replay(
    found: RegisterMap,
    recorded: Iterable[Recorded],
    golden: Mapping[PointId, str],
    unit_id: int,
    hooks: type[Hooks] = Hooks,
) -> Replayed:
    """Decode a recording as the program would, and judge what comes out."""
    device = Device("trace", found, unit_id, Cost(0.0, 0.0), hooks())
    snapshot, mono = Snapshot("trace"), 0.0
    findings: dict[tuple[str, str], Finding] = {}
    for request, words in recorded:
        mono += 1.0
        readings = device.decode(device.block_of(request), words)
        if isinstance(readings, str):
            _note(findings, _wrong("trace", "", f"{request.table} {request.at}: {readings}"))
            continue
        for finding in _judge_change(snapshot, readings):
            _note(findings, finding)
        snapshot = snapshot.with_readings(readings, mono)
        for finding in _judge_order(snapshot):
            _note(findings, finding)
    last = (*_judge_end(device, snapshot), *_faults(device, snapshot))
    for finding in (*last, *_compare(device, snapshot, golden)):
        _note(findings, finding)
    return Replayed(snapshot, tuple(findings.values()))


def _note(findings: dict[tuple[str, str], Finding], finding: Finding) -> None:
    """Each thing once: a trace of a day says it a thousand times."""
    findings.setdefault((finding.rule, finding.path), finding)


def _wrong(rule: str, point: str, message: str, hint: str = "") -> Finding:
    return Finding(Level.ERROR, rule, 0, f"points.{point}" if point else "", message, hint)


def _judge_change(before: Snapshot, readings: tuple[Reading, ...]) -> Iterator[Finding]:
    for reading in readings:
        last = before.number(reading.point)
        now = reading.value if reading.good else None
        counts = reading.point in _COUNTERS and not isinstance(now, str | None)
        if counts and last is not None and now < last:  # type: ignore[operator]
            message = f"fell from {last:g} to {now}: a counter never does"
            yield _wrong("counter", reading.point, message, "word order, type or address")


def _judge_order(snapshot: Snapshot) -> Iterator[Finding]:
    if not _is_heating(snapshot):
        return
    for more, less in _ORDER:
        high, low = snapshot.number(more), snapshot.number(less)
        if high is not None and low is not None and high < low - 1:
            message = f"{high:g} while {less} is {low:g}, and the machine heats"
            yield _wrong("physics", more, message, "exchanged addresses, or a wrong scale")


def _is_heating(snapshot: Snapshot) -> bool:
    """Whether it surely heats: compressor turning, mode known as heating, no defrost."""
    turning = snapshot.value("compressor_on") is True
    turning = turning or (snapshot.number("compressor_frequency") or 0) > 10
    mode = snapshot.value("mode_active")
    heats = mode in _WARM_WORDS or (mode is None and snapshot.value("mode") in _WARM_WORDS)
    return turning and heats and snapshot.value("defrost_active") is not True


def _judge_end(device: Device, snapshot: Snapshot) -> Iterator[Finding]:
    """Every point once, by its last reading."""
    for name in device.map.points:
        reading = snapshot.readings.get(name)
        if reading is None:
            message = "is not in the trace"
            yield Finding(Level.WARNING, "trace", 0, f"points.{name}", message, "record longer")
            continue
        if reading.quality is Quality.OUT_OF_RANGE:
            message = f"shows {reading.value}, outside low and high"
            yield _wrong("range", name, message, "scale, sign, address, or a code for no sensor")
        if reading.quality is Quality.UNDEFINED_CODE:
            yield _wrong("values", name, f"shows {reading.value}, which has no word")
        expected, number = EXPECTED.get(name), snapshot.number(name)
        if expected and number is not None:
            low, high = expected.possible
            if not low <= number <= high:
                yield _wrong("range", name, f"shows {number:g}, which cannot be", "scale or sign")


def _faults(device: Device, snapshot: Snapshot) -> Iterator[Finding]:
    """A machine that was well when it was recorded shows none."""
    for fault in device.vendor_faults(snapshot):
        message = f"would raise the alarm {fault.en}"
        hint = "none, the code's kind, or the bit, if the machine was well"
        yield Finding(Level.WARNING, "fault", 0, "faults", message, hint)


def _compare(
    device: Device, snapshot: Snapshot, golden: Mapping[PointId, str]
) -> Iterator[Finding]:
    for name, text in golden.items():
        if name not in device.map.points:
            yield _wrong("golden", name, "is not in the map")
            continue
        reading = snapshot.readings.get(name)
        value = None if reading is None else reading.value
        if not same(value, text):
            unit = device.label(name).unit
            message = f"decodes to {value}, the display showed {text} {unit}".rstrip()
            yield _wrong("golden", name, message, _guess(value, text))


def same(value: Value | None, text: str) -> bool:
    """Whether a value is what somebody wrote down, to the digits that were written."""
    if isinstance(value, bool):
        return str(value).lower() == text.lower()
    if value is None or isinstance(value, str):
        return str(value or "").lower() == text.lower()
    try:
        written = Decimal(text)
    except InvalidOperation:
        return False
    exponent = written.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return abs(Decimal(str(value)) - written) <= half


def _guess(value: Value | None, text: str) -> str:
    """What is probably wrong, from how far the two numbers lie apart."""
    try:
        shown = float(text)
    except ValueError:
        return ""
    if isinstance(value, bool | str | None) or shown == 0:
        return ""
    for factor in (10.0, 100.0, 1000.0):
        if abs(value / shown - factor) < factor / 20:
            return f"scale {factor:g} times smaller"
        if abs(shown / (value or 1e-9) - factor) < factor / 20:
            return f"scale {factor:g} times larger"
    if shown < 0 < value:
        return "a signed type (s16)"
    return "address, type or word order"
