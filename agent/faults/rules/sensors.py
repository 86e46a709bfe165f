"""F15: sensors that are gone or show what cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import PointId, Quality, Reading, Severity

RAISE_AFTER_S = 60.0  # several polls: one bad reading in a hundred raises nothing
NOISY_AFTER_S = 180.0  # where wild values come by the hour, three in a row do every month
PROTECT = (
    "water_supply_temp",
    "water_return_temp",
    "outdoor_temp",
    "indoor_temp",
    "discharge_temp",
    "suction_temp",
    "coil_temp",
    "high_pressure",
    "low_pressure",
)
"""What a home is heated or a machine protected by; a visit is due when one is gone."""
WATCHED = (
    *PROTECT,
    "liquid_temp",
    "gas_temp",
    "evaporating_temp",
    "condensing_temp",
    "water_supply_temp_total",
    "water_pressure",
    "dhw_temp",
)
MANY = 4
MANY_SHARE = 0.5  # of the sensors gone at once is a machine that starts up, or a link that is gone


def look_absent(view: View, memory: Memory) -> Iterable[Finding]:
    """A sensor that answered before, or that the home needs, shows its absent code."""
    if not view.sample.bad:
        return NOTHING
    found = tuple(
        _finding(view, reading)
        for point, reading in _watched(view)
        if reading.quality is Quality.ABSENT and (point in view.seen_good or point in view.needed)
    )
    return NOTHING if len(found) >= MANY and _together(view, len(found)) else found


def look_beyond(view: View, memory: Memory) -> Iterable[Finding]:
    """A sensor shows a value beyond what the map holds possible."""
    if not view.sample.bad:
        return NOTHING
    return tuple(
        _finding(view, reading)
        for _, reading in _watched(view)
        if reading.quality is Quality.OUT_OF_RANGE
    )


def _together(view: View, gone: int) -> bool:
    """Whether so many are gone that it is no sensor's fault."""
    return gone >= MANY_SHARE * sum(view.machine.has(point) for point in WATCHED)


def _watched(view: View) -> Iterator[tuple[PointId, Reading]]:
    bad = view.sample.bad
    for point in (*WATCHED, *sorted(view.needed.difference(WATCHED))):
        if point in bad and point not in view.supplied:
            yield point, bad[point]


def _finding(view: View, reading: Reading) -> Finding:
    label = view.machine.label(reading.point)
    return Finding(
        {"raw": reading.raw, "value": reading.value, "label_en": label.en, "label_zh": label.zh},
        key=reading.point,
        point=reading.point,
        severity=_severity(view, reading.point),
        raise_after_s=NOISY_AFTER_S if view.noisy else None,
    )


def _severity(view: View, point: PointId) -> Severity:
    return Severity.S2 if point in PROTECT or point in view.needed else Severity.S3


SENSOR_ABSENT = Rule(
    name="sensor_absent",
    fault="F15",
    severity=Severity.S2,
    look=look_absent,
    on=Event.SAMPLE,
    words=WORDS["F15 absent"],
    raise_after_s=RAISE_AFTER_S,
    kinds=("heat_pump", "meter", "sensor"),
)
SENSOR_OUT_OF_RANGE = Rule(
    name="sensor_out_of_range",
    fault="F15",
    severity=Severity.S2,
    look=look_beyond,
    on=Event.SAMPLE,
    words=WORDS["F15"],
    raise_after_s=RAISE_AFTER_S,
    kinds=("heat_pump", "meter", "sensor"),
)
