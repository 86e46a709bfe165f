"""A search as a configuration file: devices that are sure, the rest as remarks. Pure text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.drivers import RegisterMap
from agent.model import PointId
from agent.scan.search import Found, Search

UNKNOWN = "unknown make"
SUPPLIED: Mapping[str, tuple[PointId, ...]] = {
    "meter": ("active_power", "energy_total"),
    "sensor": ("indoor_temp",),
}
"""What a device of a kind measures for a heat pump."""
_EMPTY = re.compile(r"^lines:[ ]*\[[ ]*\][^\n]*(\n|\Z)", re.MULTILINE)
_LINES = re.compile(r"^lines:", re.MULTILINE)
_PLATFORM = re.compile(r"^platform:", re.MULTILINE)
_GATEWAY = re.compile(r"^gateway:[^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a unit is to be: its driver and name; `confirmed` when its display showed the same.

    `serves` names the heat pump that it measures for, and `supplies` says which points.
    """

    driver: str
    name: str
    confirmed: bool = False
    serves: str = ""
    supplies: tuple[PointId, ...] = ()


def supplied(source: RegisterMap, pump: RegisterMap) -> tuple[PointId, ...]:
    """What a meter or a sensor can measure for this pump: what is set there is its own."""

    def is_set_there(point: PointId) -> bool:
        rule = pump.points.get(point)
        return rule is not None and rule.write is not None

    wanted = SUPPLIED.get(source.kind, ())
    return tuple(one for one in wanted if one in source.points and not is_set_there(one))


def configuration(
    found: Search,
    chosen: Mapping[int, Choice],
    gateway: str,
    broker: str,
    path: str = "var/spool.db",
    before: str = "",
) -> str:
    """The file's text. Nothing in it is controlled: writing begins when a person adds `control`.

    Where there is a text `before` of a gateway nobody has set up (`is_free`), the lines are put
    into it and all else stays.
    """
    if before.strip():
        return _completed(before, _lines(found, chosen), gateway, broker)
    head = [
        "# Written by heatpump-agent scan; check it with: heatpump-agent check",
        "# 由 heatpump-agent scan 生成，用 heatpump-agent check 检查",
        f"gateway: {gateway}",
        "timezone: Asia/Shanghai",
        f"spool: {{path: {path}}}",
        f"platform: {{broker: {json.dumps(broker)}}}",
    ]
    return "\n".join([*head, *_lines(found, chosen)]) + "\n"


def is_free(text: str) -> bool:
    """Whether nobody has named a line in this text yet, so that `configuration` completes it."""
    return bool(_EMPTY.search(text)) or not _LINES.search(text)


def _completed(before: str, lines: list[str], gateway: str, broker: str) -> str:
    named = _GATEWAY.sub(lambda _: f"gateway: {gateway}", before, count=1)
    added = [] if _GATEWAY.search(before) else [f"gateway: {gateway}"]
    if not _PLATFORM.search(before):
        added.append(f"platform: {{broker: {json.dumps(broker)}}}")
    block = "\n".join([*added, *lines]) + "\n"
    if _EMPTY.search(before):
        return _EMPTY.sub(lambda _: block, named, count=1)
    return named.rstrip("\n") + "\n" + block


def _lines(found: Search, chosen: Mapping[int, Choice]) -> list[str]:
    setting = found.setting
    lines = ["lines:", "  - name: bus1", f"    port: {found.url}"]
    if setting is not None:
        lines.append(f"    baudrate: {setting.baudrate}")
        lines += [f"    parity: {setting.parity}", f"    stop_bits: {setting.stop_bits}"]
    lines.append("    devices:")
    left = [one for one in found.units if one.unit_id not in chosen]
    lines += [_device(one, chosen[one.unit_id]) for one in found.units if one.unit_id in chosen]
    return lines + [_remark(one) for one in left] + _homes(chosen.values())


def _homes(chosen: Iterable[Choice]) -> list[str]:
    """A home for each heat pump that something is measured for."""
    served: dict[str, list[str]] = {}
    for one in chosen:
        for point in one.supplies:
            served.setdefault(one.serves, []).append(f"{point}: {{device: {one.name}}}")
    lines = [
        f"  - {{name: {pump}, heat_pump: {pump}, points: {{{', '.join(points)}}}}}"
        for pump, points in served.items()
    ]
    return ["homes:", *lines] if lines else []


def likely(one: Found) -> str:
    """What a unit is, in a few words: a driver, two or more, or an unknown make."""
    guesses = one.verdict.guesses
    if one.verdict.driver:
        return one.verdict.driver
    return " or ".join(guess.driver for guess in guesses) or UNKNOWN


def _device(one: Found, choice: Choice) -> str:
    compared = choice.confirmed and one.shows(choice.driver)
    said = "compared with its display" if compared else "NOT yet compared with its display"
    sure = next(guess.sure for guess in one.verdict.guesses if guess.driver == choice.driver)
    text = f"{{name: {choice.name}, driver: {choice.driver}, unit_id: {one.unit_id}}}"
    return f"      - {text}  # {sure:.0%} sure, {said}"


def _remark(one: Found) -> str:
    return f"      # unit id {one.unit_id}: {likely(one)}"
