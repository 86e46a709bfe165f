"""Water or a room about to freeze, and a machine that stands still in the cold: seen first."""

from __future__ import annotations

from collections.abc import Iterator

from agent.faults.condition import Condition, View
from agent.frost import COLD_OUTDOOR_C, freezing
from agent.model import Severity

RAISE_AFTER_S = 60.0  # several polls: one bad reading raises nothing
CLEAR_AFTER_S = 1800.0


def frost_danger(view: View) -> Iterator[Condition]:
    """Water below 5 degC or a room below 8 degC at a heat pump."""
    if view.machine.kind != "heat_pump" or view.silent_s > 0:
        return
    found = freezing(view.snapshot, view.snapshot.number("indoor_temp"))
    if found is None:
        return
    room = found.point == "indoor_temp"
    what_en, what_zh = ("The room", "室内") if room else ("The heating water", "供暖水")
    yield Condition(
        rule="frost_danger",
        device=view.machine.name,
        severity=Severity.S1,
        en=f"{what_en} is at {found.value_c:g} C and may freeze. Visit the home today: check that "
        "the heat pump has power and runs and that water flows; if it does not run, drain the "
        "water or heat the room by other means.",
        zh=f"{what_zh}温度仅{found.value_c:g}℃，有冻结危险。请今天上门：检查热泵是否通电运行、水路是否畅通；"
        "若不能运行，请排空水路或用其他方式取暖。",
        raise_after_s=RAISE_AFTER_S,
        clear_after_s=CLEAR_AFTER_S,
        evidence={
            "point": found.point,
            "value": found.value_c,
            "outdoor_temp": view.snapshot.number("outdoor_temp"),
            "power_on": view.snapshot.value("power_on"),
        },
    )


def off_in_the_cold(view: View) -> Iterator[Condition]:
    """A heat pump that is switched off below -5 degC outdoors."""
    outdoor_c = view.snapshot.number("outdoor_temp")
    off = view.snapshot.value("power_on") is False and view.silent_s <= 0
    if view.machine.kind != "heat_pump" or not off:
        return
    if outdoor_c is None or outdoor_c >= COLD_OUTDOOR_C:
        return
    yield Condition(
        rule="off_in_the_cold",
        device=view.machine.name,
        severity=Severity.S1,
        en=f"The heat pump is off at {outdoor_c:g} C outdoors; its water freezes within hours. "
        "Call the household: switch it on, or drain the water.",
        zh=f"室外{outdoor_c:g}℃而热泵处于关机状态，水路几小时内就会结冰。请立即联系住户：开机，或排空水路。",
        raise_after_s=RAISE_AFTER_S,
        evidence={"outdoor_temp": outdoor_c},
    )
