"""Report by exception: of a sweep only what moved, and everything now and then. Pure.

The receiver keeps a picture of each device: a full record replaces it, any other record changes
the points it names. `rebuilt` is that rule, so that both sides can be tested against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model import PointId, Unit, Value
from agent.records import Telemetry

FULL_EVERY_S = 900.0

# How far a number must move before it is told again: above the noise of such a sensor, below what a
# person or a bill would notice. Counters lose nothing by it: the next record has the sum.
DEADBANDS: Mapping[Unit, float] = {
    Unit.NONE: 0.1,
    Unit.CELSIUS: 0.3,
    Unit.KELVIN: 0.3,
    Unit.HERTZ: 2.0,
    Unit.AMPERE: 0.3,
    Unit.VOLT: 3.0,
    Unit.WATT: 50.0,
    Unit.KILOWATT: 0.05,
    Unit.KILOWATT_HOUR: 0.1,
    Unit.BAR: 0.2,
    Unit.LITRE_PER_MINUTE: 0.5,
    Unit.RPM: 30.0,
    Unit.PERCENT: 2.0,
    Unit.HOUR: 0.1,
    Unit.MINUTE: 1.0,
    Unit.SECOND: 10.0,
}
_ROUNDING = 1e-9


@dataclass(slots=True)
class Reporter:
    """What was last told of one device; `units` says how far each point may move untold.

    A whole number without a unit is a code: any change of it is told.

    Every `full_every_s` seconds a record is full; 0 makes every record full.
    """

    units: Mapping[PointId, Unit]
    full_every_s: float = FULL_EVERY_S
    _values: Mapping[PointId, Value] = field(default_factory=dict)
    _missing: Mapping[PointId, str] = field(default_factory=dict)
    _full_at: float | None = None

    def report(self, seen: Telemetry, mono: float) -> Telemetry | None:
        """The record to keep of a sweep; None when nothing moved far enough."""
        if self._full_at is None or mono - self._full_at >= self.full_every_s:
            self._full_at = mono
            self._values, self._missing = seen.values, seen.missing
            return seen
        values = {point: value for point, value in seen.values.items() if self._moved(point, value)}
        missing = {
            point: why for point, why in seen.missing.items() if self._missing.get(point) != why
        }
        if not values and not missing:
            return None
        record = Telemetry(seen.device, values, missing, full=False)
        told = rebuilt(Telemetry(seen.device, self._values, self._missing), record)
        self._values, self._missing = told.values, told.missing
        return record

    def restart(self) -> None:
        """Let the next record be full."""
        self._full_at = None

    def _moved(self, point: PointId, value: Value) -> bool:
        told = self._values.get(point)
        if told == value:
            return False
        unit = self.units.get(point, Unit.NONE)
        number = isinstance(value, float) or (unit is not Unit.NONE and not isinstance(value, bool))
        if not number or isinstance(value, str) or not isinstance(told, float | int):
            return told != value
        return abs(value - told) >= DEADBANDS[unit] - _ROUNDING


def rebuilt(picture: Telemetry | None, record: Telemetry) -> Telemetry:
    """The picture of a device after one more record; without one before it, what the record has."""
    if record.full or picture is None:
        return Telemetry(record.device, record.values, record.missing, full=record.full)
    values, missing = {**picture.values, **record.values}, {**picture.missing, **record.missing}
    for point in record.missing:
        values.pop(point, None)
    for point in record.values:
        missing.pop(point, None)
    return Telemetry(record.device, values, missing, picture.full)
