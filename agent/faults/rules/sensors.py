"""Sensors that are gone or show what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from agent.faults.condition import Condition, View
from agent.model import PointId, Quality, Reading, Severity

RAISE_AFTER_S = 60.0  # several polls: one bad reading in a hundred raises nothing
CLEAR_AFTER_S = 60.0
WATCHED = ("water_supply_temp", "water_return_temp", "outdoor_temp", "indoor_temp")


def sensor_absent(view: View) -> Iterator[Condition]:
    """A sensor that answered before, or that the home needs, shows its absent code."""
    for point, reading in _watched(view):
        was_there = point in view.seen_good or point in view.needed
        if reading.quality is Quality.ABSENT and was_there:
            label = view.machine.label(point)
            yield _condition(
                view, "sensor_absent", reading, f"No value from: {label.en}", f"{label.zh}无数值"
            )


def sensor_out_of_range(view: View) -> Iterator[Condition]:
    """A sensor shows a value beyond what the map holds possible."""
    for _, reading in _watched(view):
        if reading.quality is Quality.OUT_OF_RANGE:
            label = view.machine.label(reading.point)
            en = f"Impossible value {reading.value} from: {label.en}"
            yield _condition(view, "sensor_out_of_range", reading, en, f"{label.zh}数值异常")


def _watched(view: View) -> Iterator[tuple[PointId, Reading]]:
    if view.silent_s > 0:
        return
    for point in (*WATCHED, *sorted(view.needed.difference(WATCHED))):
        reading = view.snapshot.readings.get(point)
        if reading is not None and point not in view.supplied:
            yield point, reading


def _condition(view: View, rule: str, reading: Reading, en: str, zh: str) -> Condition:
    return Condition(
        rule=rule,
        device=view.machine.name,
        severity=Severity.S2,
        en=en,
        zh=zh,
        key=reading.point,
        point=reading.point,
        raise_after_s=RAISE_AFTER_S,
        clear_after_s=CLEAR_AFTER_S,
        evidence={"raw": reading.raw, "value": reading.value},
    )
