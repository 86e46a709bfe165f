"""A heat pump as a handful of straight lines, for the tests of own history; and its samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sin

from agent.faults import Sample
from agent.faults.window import Window
from agent.model import POINTS, Point, PointId, Snapshot, VendorFault
from tests.rooms.control.testpump import pump

POLL_S = 30.0
BEGAN = 1_770_000_000.0


class Machine:
    """Has every point it is told to have, and is a heat pump."""

    name, kind = "hp", "heat_pump"

    def __init__(self, *points: PointId) -> None:
        self._points = frozenset(points or EVERY)
        self._real = pump()

    def has(self, point: PointId) -> bool:
        return point in self._points

    def label(self, point: PointId) -> Point:
        return POINTS[point]

    def vendor_faults(self, snapshot: Snapshot) -> tuple[VendorFault, ...]:
        return ()

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def means(hour: float, **off: float) -> dict[str, float]:
    """What the points show at this hour of healthy steady heating; `off` is added to a point."""
    hz = 60.0 + 25.0 * sin(hour / 3.1)
    outdoor_c = 2.0 + 6.0 * sin(hour / 11.0) + 3.0 * sin(hour / 61.0)
    supply_c = 35.0 - 0.4 * outdoor_c + 2.0 * sin(hour / 5.3)
    cold_c = outdoor_c - 3.0 - 0.06 * hz
    shown = {
        "outdoor_temp": outdoor_c,
        "water_supply_temp": supply_c,
        "water_return_temp": supply_c - 0.07 * hz,
        "water_flow": 24.0,
        "compressor_frequency": hz,
        "compressor_on": 1.0,
        "evaporating_temp": cold_c,
        "coil_temp": cold_c + 0.6,
        "suction_temp": cold_c + 5.0,
        "condensing_temp": supply_c + 0.02 * hz,
        "liquid_temp": supply_c + 0.02 * hz - 4.0,
        "discharge_temp": supply_c + 25.0 + 0.1 * hz,
        "active_power": 300.0 + 22.0 * hz,
        "eev_steps": 15.0 + 0.1 * hz,
        "fan_speed": 500.0 + 3.0 * hz,
        "pump_on": 1.0,
        "indoor_temp": 21.0,
    }
    return {point: value + off.get(point, 0.0) for point, value in shown.items()}


EVERY = (*means(0.0), "mode_active", "defrost_active")


def window(hour: float, **off: float) -> Window:
    """Ten minutes of heating that end at this hour."""
    return Window(hour * 3600.0 - 600.0, hour * 3600.0, (), means(hour, **off))


def sample(mono: float, mode: str = "heating", **shown: float | None) -> Sample:
    """A poll; what is not shown is as in healthy heating at that time."""
    running = mode in ("heating", "hot_water", "defrost")
    values: dict[str, float | None] = {**means(mono / 3600.0)}
    if not running:
        values |= {"compressor_on": 0.0, "compressor_frequency": 0.0}
    values |= {"defrost_active": float(mode == "defrost"), **shown}
    return Sample(mono, BEGAN + mono, mode=mode, **_known(values))


def _known(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {**values}


def stretch(
    mono: float, minutes: float, mode: str = "heating", **shown: float | None
) -> Iterator[Sample]:
    """Samples of so many minutes from `mono` on."""
    for k in range(int(minutes * 60 / POLL_S)):
        yield sample(mono + k * POLL_S, mode, **shown)
