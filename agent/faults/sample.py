"""One poll of one device in the form detection reads: plain numbers by attribute.

A sample is made from a snapshot on a gateway and from a row of numbers in a replay; what follows
cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from math import inf
from operator import itemgetter

from agent.model import Machine, PointId, Quality, Reading, Snapshot, Stamp, VendorFault

NONE_BAD: Mapping[PointId, Reading] = {}


@dataclass(slots=True)
class Sample:
    """What a device showed at one moment; None is a point without a good value.

    `mono` is in monotonic seconds, `at` in UTC seconds since 1970 and to be believed when
    `trusted`. Truth values are 0.0 and 1.0. `mode` is heating, hot_water, cooling, defrost or idle,
    None when it is not shown. `bad` are the readings without a good value, and `lost` tells why a
    poll brought nothing at all. It is `plain` when it is known to hold no impossible value.
    Pressures are in bar absolute; units as in `agent.points`.
    """

    mono: float
    at: float
    trusted: bool = True
    mode: str | None = None
    faults: tuple[VendorFault, ...] = ()
    bad: Mapping[PointId, Reading] = field(default_factory=lambda: NONE_BAD)
    lost: str | None = None
    plain: bool = False
    outdoor_temp: float | None = None
    water_supply_temp: float | None = None
    water_return_temp: float | None = None
    water_flow: float | None = None
    pump_on: float | None = None
    pump_speed: float | None = None
    compressor_on: float | None = None
    compressor_frequency: float | None = None
    fan_speed: float | None = None
    eev_steps: float | None = None
    discharge_temp: float | None = None
    suction_temp: float | None = None
    coil_temp: float | None = None
    liquid_temp: float | None = None
    high_pressure: float | None = None
    low_pressure: float | None = None
    active_power: float | None = None
    input_current: float | None = None
    supply_voltage: float | None = None
    electric_heater_on: float | None = None
    defrost_active: float | None = None
    water_setpoint_active: float | None = None
    indoor_temp: float | None = None
    dhw_temp: float | None = None
    energy_total: float | None = None
    heat_energy_total: float | None = None
    compressor_starts: float | None = None
    fault_code: float | None = None
    power_on: float | None = None
    water_setpoint: float | None = None
    water_supply_temp_total: float | None = None
    water_pressure: float | None = None
    fan2_speed: float | None = None
    gas_temp: float | None = None
    evaporating_temp: float | None = None
    condensing_temp: float | None = None
    compressor_current: float | None = None
    thermal_power: float | None = None
    dhw_setpoint: float | None = None
    antifreeze_active: float | None = None
    dhw_heater_on: float | None = None


FIELDS: tuple[PointId, ...] = tuple(
    one.name
    for one in fields(Sample)
    if one.name not in ("mono", "at", "trusted", "mode", "faults", "bad", "lost", "plain")
)
"""The points a sample has, in the order of its attributes."""
PLACES = {name: place for place, name in enumerate(FIELDS)}

MODES: tuple[tuple[str, str], ...] = (
    ("hot_water", "hot_water"),
    ("dhw_off", "idle"),
    ("dhw", "hot_water"),
    ("legionella", "hot_water"),
    ("defrost", "defrost"),
    ("demand_off", "idle"),
    ("thermo_off", "idle"),
    ("heat", "heating"),
    ("cool", "cooling"),
    ("idle", "idle"),
    ("standby", "idle"),
    ("off", "idle"),
)


@cache
def mode_of(word: str) -> str | None:
    """The state that a machine's own word for its mode stands for; None when nobody knows.

    A word for two things at once, such as heat_dhw, is heating or hot water and therefore neither.
    """
    if word in ("heat_dhw", "cool_dhw"):
        return None
    return next((mode for part, mode in MODES if part in word), None)


def sample_of(
    machine: Machine,
    picture: Snapshot,
    stamp: Stamp,
    lost: str | None = None,
    stale_s: Mapping[PointId, float] | None = None,
) -> Sample:
    """The sample that a snapshot makes at this moment; `stale_s` tells when a value is too old."""
    at = stamp.at.timestamp()
    if lost is not None:
        return Sample(stamp.mono, at, stamp.trusted, lost=lost)
    limits = stale_s or {}
    row: list[float | None] = [None] * len(FIELDS)
    bad: dict[PointId, Reading] = {}
    mode = None
    for point, reading in picture.readings.items():
        value = reading.value
        if reading.quality is not Quality.GOOD or value is None:
            bad[point] = reading
        elif stamp.mono - picture.mono[point] > limits.get(point, inf):
            continue
        elif not isinstance(value, str):
            if point in PLACES:
                row[PLACES[point]] = float(value)
        elif point == "mode_active":
            mode = mode_of(value)
    vendor = machine.vendor_faults(picture)
    return Sample(stamp.mono, at, stamp.trusted, mode, vendor, bad, None, False, *row)


class RowReader:
    """Makes samples from rows of numbers, the columns of which are known: for replays.

    `modes` names the codes in the column `mode_active`; `vendor` says what a code in the column
    `fault_code` means. A row without any number is a lost poll.
    """

    __slots__ = ("_code", "_empty", "_mode", "_modes", "_names", "_pick", "_vendor")

    def __init__(
        self,
        names: Sequence[PointId],
        modes: Mapping[int, str] | None = None,
        vendor: Callable[[int], tuple[VendorFault, ...]] | None = None,
    ) -> None:
        self._names = tuple(names)
        place = {name: i for i, name in enumerate(names)}
        self._pick = itemgetter(*(place.get(name, -1) for name in FIELDS))
        self._empty = (None,) * len(self._names)
        self._mode = place.get("mode_active", -1)
        self._code = place.get("fault_code", -1)
        self._modes = {float(code): mode_of(word) for code, word in (modes or {}).items()}
        self._vendor = vendor

    def sample(
        self,
        mono: float,
        at: float,
        row: Sequence[float | None],
        trusted: bool = True,
        whole: bool = False,
        plain: bool = False,
    ) -> Sample:
        """The sample of a row: floats in the order of the columns, None without a value.

        `whole`: the caller knows that no value is missing; `plain`: that none is impossible.
        """
        values = (*row, None)
        bad = NONE_BAD
        if not whole and None in row:
            if len(row) > 1 and values[:-1] == self._empty:  # one column alone is its sensor
                return Sample(mono, at, trusted, lost="no answer")
            bad = {
                name: Reading(name, None, Quality.ABSENT)
                for name, value in zip(self._names, row, strict=True)
                if value is None
            }
        code = values[self._mode]
        mode = None if code is None else self._modes.get(code)
        shown = values[self._code]
        vendor = self._vendor(int(shown)) if shown and self._vendor else ()
        return Sample(mono, at, trusted, mode, vendor, bad, None, plain, *self._pick(values))
