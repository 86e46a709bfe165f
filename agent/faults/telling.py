"""A finding in words: the texts of its fault with what was seen and what was to be expected."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

from agent.faults.rule import Finding
from agent.model import Expected

SIGNALS: Mapping[str, tuple[str, str]] = {
    "approach": ("air over evaporating", "空气与蒸发温差"),
    "superheat": ("superheat", "过热度"),
    "subcooling": ("subcooling", "过冷度"),
    "condenser": ("condensing over supply water", "冷凝与出水温差"),
    "discharge": ("discharge over condensing", "排气与冷凝温差"),
    "spread": ("supply over return water", "供回水温差"),
    "flow": ("water flow", "水流量"),
    "power": ("electric power", "电功率"),
    "capacity": ("heat output", "制热量"),
    "valve": ("expansion valve opening", "膨胀阀开度"),
    "coil": ("coil sensor over evaporating", "盘管与蒸发温差"),
    "fan": ("fan speed", "风机转速"),
    "clean": ("air over evaporating, coil bare of frost", "盘管无霜时空气与蒸发温差"),
    "rest_water": ("supply over return water at rest", "停机时供回水温差"),
    "rest_air": ("outdoor air over coil at rest", "停机时空气与盘管温差"),
    "rest_pressure": ("condensing over evaporating at rest", "停机时冷凝与蒸发温差"),
}
LOGARITHMS = frozenset({"flow", "power", "capacity", "fan"})
"""Signals that are a hundred logarithms: only their differences are percent."""


class _Dash:
    """What a text shows for what is not known, in whatever form it wants it."""

    def __format__(self, form: str) -> str:
        return "-"


_DASH = _Dash()


class Told(dict[str, object]):
    """What texts may name of a finding: its evidence, `x_usual` of what is expected of `x`, and
    `seen_en` and `seen_zh`, a list of what differs from what was to be expected.
    """

    def __init__(self, found: Finding) -> None:
        super().__init__({f"{name}_usual": one.value for name, one in found.expected.items()})
        self["seen_en"] = _seen(found, 0, ", ", " (usual {})")
        self["seen_zh"] = _seen(found, 1, "，", "（平时{}）")
        self.update(found.evidence)

    def __missing__(self, key: str) -> _Dash:
        return _DASH

    def __getitem__(self, key: str) -> object:
        value = super().__getitem__(key)
        return _DASH if value is None else value


def _seen(found: Finding, language: int, comma: str, usual: str) -> object:
    parts = [
        _part(SIGNALS[name][language], name, value, expected, usual)
        for name, expected in found.expected.items()
        if name in SIGNALS
        and isinstance(value := found.evidence.get(name), int | float)
        and not isinstance(value, bool)
    ]
    return comma.join(parts) or _DASH


def _part(label: str, name: str, value: float, expected: Expected, usual: str) -> str:
    if name in LOGARITHMS:
        return f"{label} {100.0 * (exp((value - expected.value) / 100.0) - 1.0):+.0f} %"
    unit = "%" if name == "valve" else "K"
    return f"{label} {value:.1f} {unit}" + usual.format(f"{expected.value:.1f}")
