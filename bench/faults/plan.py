"""What is injected, how bad, in which weather; what may be asked of it; what cannot occur. Pure.

Goals are those of the catalogue: a share detected and a median time to detect, by group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.faults.outcome import DAY_S, HOUR_S

SEVERITIES = ("mild", "medium", "severe")
WEATHERS = ("mild", "frost", "cold")
LEARN_DAYS, FAULT_DAYS = 21, 14
FOLLOWED_S = 3 * DAY_S
"""A branch is watched so long after its first new alarm; the unit's own code to the end."""

Goals = Mapping[str, tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault in one form. `forms` are taken in turn by unit, where every form is one row."""

    name: str
    fault: str
    forms: tuple[str, ...] = ("",)

    def form(self, unit: int) -> str:
        return self.forms[unit % len(self.forms)]


KINDS: tuple[Kind, ...] = (
    Kind("F01", "F01"),
    Kind("F02", "F02"),
    Kind("F03", "F03"),
    Kind("F04", "F04"),
    Kind("F05", "F05"),
    Kind("F06", "F06"),
    Kind("F07", "F07"),
    Kind("F08", "F08"),
    Kind("F09", "F09"),
    Kind("F10", "F10"),
    Kind("F11", "F11"),
    Kind("F12_closed", "F12", ("closed",)),
    Kind("F12_open", "F12", ("open",)),
    Kind("F13", "F13"),
    Kind("F14_leak", "F14", ("leak",)),
    Kind("F14_stuck", "F14", ("stuck",)),
    Kind(
        "F15",
        "F15",
        ("outdoor_temp", "water_supply_temp", "coil_temp", "discharge_temp", "water_return_temp"),
    ),
    Kind("F16", "F16", ("water_supply_temp", "coil_temp", "water_return_temp", "high_pressure")),
    Kind(
        "F17",
        "F17",
        ("coil_temp", "water_supply_temp", "discharge_temp", "low_pressure", "suction_temp"),
    ),
    Kind("F18", "F18"),
    Kind("F19", "F19"),
    Kind("F20_mains", "F20", ("mains",)),
    Kind("F20_flow", "F20", ("flow",)),
    Kind("F21", "F21"),
    Kind("F22", "F22"),
    Kind("F23", "F23"),
    Kind("F24_low", "F24", ("low",)),
    Kind("F24_high", "F24", ("high",)),
    Kind("F25_lost", "F25", ("lost",)),
    Kind("F25_frozen", "F25", ("frozen",)),
    Kind("F26_offset", "F26", ("offset",)),
    Kind("F26_repeats", "F26", ("repeats",)),
    Kind("F26_backwards", "F26", ("backwards",)),
    Kind("F27_energy", "F27", ("energy",)),
    Kind("F27_heat", "F27", ("heat",)),
)
UNMODELLED: tuple[Kind, ...] = (Kind("U01", "U01"), Kind("U02", "U02"))
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in (*KINDS, *UNMODELLED)}

PAIRS: tuple[tuple[str, str], ...] = (
    ("F01", "F07"),
    ("F04", "F16"),
    ("F07", "F19"),
    ("F18", "F22"),
    ("F01", "F27_energy"),
    ("F09", "F04"),
)
"""Two faults at once, both of medium severity."""

RAMPED = ("F01", "F03", "F04", "F07", "F13")
"""Faults that also come slowly, over ten days."""
RAMP_DAYS = 10.0

WHILE_LEARNING = ("F01", "F02", "F03", "F04", "F07", "F09", "F11", "F13", "F18", "F19", "F22")
"""Faults that are there from the first day."""

NOT_APPLICABLE: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("F09",), ("mild", "cold"), "too warm or too dry for frost: a defrost has little to leave"),
    (("F10",), ("mild", "cold"), "too warm or too dry for frost: no defrost is missed"),
    (("F18",), ("cold",), "it runs without a stop: 8 to 19 starts a day, defrosts among them"),
    (("F21",), ("mild", "frost"), "the unit still covers a house that loses twice as much"),
    (("F20_mains", "F20_flow"), ("mild",), "water does not freeze at +5..+12 degC"),
    (("F14_stuck",), ("mild",), "the valve reverses for a defrost only, and none is due"),
)
SAME_AT_EVERY_SEVERITY = (
    "F14_stuck",
    "F15",
    "F17",
    "F19",
    "F20_mains",
    "F20_flow",
    "F25_frozen",
    "F26_repeats",
)
"""Faults that are there or not: scored once, as medium."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row of the catalogue's table: shares and median times to detect, by severity."""

    name: str
    kinds: tuple[str, ...]
    goals: Goals


GROUPS: tuple[Group, ...] = (
    Group(
        "loss or rail: F06 F08 F15 F23 F24",
        ("F06", "F08", "F15", "F23", "F24_low", "F24_high"),
        {"medium": (0.995, 90.0), "severe": (0.995, 60.0)},
    ),
    Group("freeze: F20", ("F20_mains", "F20_flow"), {"medium": (1.0, 180.0)}),
    Group("communication lost: F25", ("F25_lost", "F25_frozen"), {"medium": (0.99, 660.0)}),
    Group(
        "clock: F26",
        ("F26_offset", "F26_repeats", "F26_backwards"),
        {"medium": (0.99, 120.0)},
    ),
    Group("meter: F27", ("F27_energy", "F27_heat"), {"medium": (0.99, 1860.0)}),
    Group(
        "stuck: F12 F14 F19",
        ("F12_closed", "F12_open", "F14_stuck", "F19"),
        {"medium": (0.95, 4 * HOUR_S), "severe": (0.95, HOUR_S)},
    ),
    Group(
        "low flow: F04",
        ("F04",),
        {"mild": (0.60, None), "medium": (0.95, 2 * DAY_S), "severe": (0.95, 600.0)},
    ),
    Group(
        "evaporator: F07 F09",
        ("F07", "F09"),
        {"mild": (0.95, DAY_S), "medium": (0.95, DAY_S), "severe": (0.95, 3 * HOUR_S)},
    ),
    Group("defrost, cycling: F10 F11 F18", ("F10", "F11", "F18"), {"medium": (0.95, DAY_S)}),
    Group(
        "charge: F01",
        ("F01",),
        {"mild": (0.40, None), "medium": (0.90, 5 * DAY_S), "severe": (0.90, DAY_S)},
    ),
    Group(
        "slow: F02 F03 F13 F14",
        ("F02", "F03", "F13", "F14_leak"),
        {"medium": (0.85, 7 * DAY_S), "severe": (0.85, 2 * DAY_S)},
    ),
    Group("sensor offset: F16", ("F16",), {"medium": (0.95, 4 * DAY_S), "severe": (0.95, DAY_S)}),
    Group("sensor frozen: F17", ("F17",), {"medium": (0.95, 3 * HOUR_S)}),
)

GOAL_OF: Mapping[tuple[str, str], tuple[float, float | None]] = {
    (kind, severity): goal
    for group in GROUPS
    for kind in group.kinds
    for severity, goal in group.goals.items()
}


def not_applicable(kind: str, severity: str, weather: str) -> str | None:
    """Why a fault of this severity cannot occur in this weather; None where it can."""
    if kind in SAME_AT_EVERY_SEVERITY and severity != "medium":
        return "is there or not: scored as medium"
    for kinds, weathers, why in NOT_APPLICABLE:
        if kind in kinds and weather in weathers:
            return why
    return None


def combinations(
    kinds: Sequence[str], weathers: Sequence[str]
) -> Iterator[tuple[str, str, str, str | None]]:
    """Kind, severity, weather, and why it does not apply."""
    for kind in kinds:
        for severity in SEVERITIES:
            for weather in weathers:
                yield kind, severity, weather, not_applicable(kind, severity, weather)
