"""Checks of what may be written: limits, grid, park values, intervals, addresses, capabilities."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from fractions import Fraction

from agent.control import LOWEST_WATER_C, WARM_MODES
from agent.drivers import Cost, Device, Hooks
from agent.drivers.registermap import WIDTH, PointRule, WriteRule
from agent.kit.finding import Finding, Subject
from agent.kit.knowledge import (
    CANONICAL_OF,
    EXPECTED,
    LARGEST_WARM_WATER_C,
    SHORTEST_WRITE_INTERVAL_S,
)
from agent.model import PointId, Unit, Value
from agent.yamltext import Path

_PARKED = ("water_setpoint", "curve_offset")
_DANGEROUS = re.compile(r"factory|reset|eeprom|test_mode|screed|emergency|address")
_NUMBERS = {
    "water_setpoint": Unit.CELSIUS,
    "dhw_setpoint": Unit.CELSIUS,
    "curve_offset": Unit.KELVIN,
}


def check_writes(subject: Subject) -> Iterator[Finding]:
    """Every writable point, then what the map promises to control."""
    device = Device("check", subject.map, 1, Cost(0.0, 0.0))
    for name, rule in subject.map.points.items():
        if rule.write is None:
            continue
        here: Path = ("points", name, "write")
        yield from _rhythm(subject, here, rule.write)
        yield from _sources(subject, here, name, rule.write)
        if not rule.is_bool and not rule.values:
            yield from _range(subject, here, name, rule, rule.write)
            yield from _grid(subject, here, rule, rule.write)
        yield from _sayable(subject, here, name, rule, device)
        if _DANGEROUS.search(name):
            message = "a word like this does not belong into a gateway's hands"
            yield subject.warning("dangerous", here, message, "leave it read-only")
    yield from _places(subject)
    yield from _odd_address(subject)
    yield from _capabilities(subject, device)


def _rhythm(subject: Subject, here: Path, write: WriteRule) -> Iterator[Finding]:
    if write.min_interval < SHORTEST_WRITE_INTERVAL_S:
        message = f"may be written every {write.min_interval:g} s: memory of machines wears out"
        yield subject.error("wear", (*here, "min_interval"), message, "10 min, 1 min at least")
    if write.confirm_within >= max(write.min_interval, SHORTEST_WRITE_INTERVAL_S):
        message = f"takes up to {write.confirm_within:g} s to show, longer than until the next one"
        yield subject.error("read-back", (*here, "confirm_within"), message, "below min_interval")
    if write.confirm_within <= 0:
        message = "no time to show what was written: every write would fail"
        yield subject.error("read-back", (*here, "confirm_within"), message, "5 s")


def _sources(subject: Subject, here: Path, name: PointId, write: WriteRule) -> Iterator[Finding]:
    """Limits read from the machine must be the right ones, in the unit of the point."""
    found = subject.map
    for key, source, wrong in (
        ("low_from", write.low_from, "max"),
        ("high_from", write.high_from, "min"),
    ):
        if source is None:
            continue
        if found.point(source).unit is not found.point(name).unit:
            message = f"{source} is in {found.point(source).unit or 'no unit'}, not the point's own"
            yield subject.error("limits", (*here, key), message)
        if source == name or wrong in source.split("_"):
            message = f"{source} is not the {'lowest' if key == 'low_from' else 'highest'} value"
            yield subject.error("limits", (*here, key), message, "exchange low_from and high_from")
    if write.low_from is not None and write.low_from == write.high_from:
        yield subject.error("limits", here, "low_from and high_from are the same point")
    if name in write.only_if:
        yield subject.error("condition", (*here, "only_if"), f"{name} cannot wait for itself")


def _range(
    subject: Subject, here: Path, name: PointId, rule: PointRule, write: WriteRule
) -> Iterator[Finding]:
    assert write.low is not None
    assert write.high is not None
    low, high = float(write.low), float(write.high)
    if (rule.low is not None and low < rule.low) or (rule.high is not None and high > rule.high):
        message = f"{low:g} to {high:g} may be written, but only {rule.low} to {rule.high} is shown"
        yield subject.error("limits", here, message, "write limits within low and high")
    expected = EXPECTED.get(name)
    sane = expected.written if expected else None
    if sane is None and subject.map.point(name).unit is Unit.CELSIUS:
        sane = (-45.0, LARGEST_WARM_WATER_C)
    guarded = write.high_from is not None
    if sane is not None and (low < sane[0] or (high > sane[1] and not guarded)):
        message = f"{low:g} to {high:g} may be written; {sane[0]:g} to {sane[1]:g} is the most "
        message += "a home has use for"
        yield subject.warning("limits", here, message, "the limits of the manual, not of the word")


def _grid(subject: Subject, here: Path, rule: PointRule, write: WriteRule) -> Iterator[Finding]:
    assert write.low is not None
    assert write.high is not None
    scale, step = Fraction(rule.scale), Fraction(write.step or 0)
    if rule.type == "f32":
        return
    if write.step is not None and step <= 0:
        yield subject.error("step", (*here, "step"), "a step must be above 0")
        return
    if step and (step / scale).denominator != 1:
        message = f"a step of {float(step):g} cannot be said in counts of {float(scale):g}"
        yield subject.error("step", (*here, "step"), message, "a multiple of scale; or the scale")
    if step and ((Fraction(write.high) - Fraction(write.low)) / step).denominator != 1:
        message = f"from {write.low} in steps of {write.step} one never comes to {write.high}"
        yield subject.error("step", (*here, "step"), message)


def _sayable(
    subject: Subject, here: Path, name: PointId, rule: PointRule, device: Device
) -> Iterator[Finding]:
    """Limits, labels and park value as the program itself would encode them."""
    write = rule.write
    assert write is not None
    if rule.pack or rule.plus:
        if subject.hooks.before_write is Hooks.before_write:
            message = "is made of several words; only a before_write hook can write it"
            yield subject.error("write", here, message, "a hook, or no write")
        return
    texts = [] if rule.is_bool or rule.values else [str(write.low), str(write.high)]
    for key, text in [("", text) for text in texts] + [("park", write.park)]:
        if text is None:
            continue
        value = device.value_of(name, text)
        why = f"{text!r} is no value of {name}" if value is None else device.unfit(name, value)
        if (why is None or "not known yet" in why) and not _within(write, value):
            why = f"{text} is beyond {write.low} to {write.high}"  # the map's, whatever is read
        if why is not None and "not known yet" not in why:
            yield subject.error("park" if key else "limits", (*here, key) if key else here, why)
    if WIDTH[rule.type] == 16 and rule.is_bool and len(rule.off) > 1 and 1 in rule.off:
        yield subject.warning("values", here, "1 means false here", "look at off again")


def _within(write: WriteRule, value: Value | None) -> bool:
    """Whether a number keeps to the limits of the map; others have none."""
    if isinstance(value, str | bool) or value is None:
        return True
    low = float("-inf") if write.low is None else float(write.low)
    return low <= value <= (float("inf") if write.high is None else float(write.high))


def _places(subject: Subject) -> Iterator[Finding]:
    """A write must hit the point's own bits, and nobody else's."""
    found = subject.map
    read: dict[tuple[int | None, str, int, int], PointId] = {}
    for name, rule in found.points.items():
        for place in _bits_at(rule, 0):
            read.setdefault(place, name)
    taken: dict[tuple[int | None, str, int, int], PointId] = {}
    for name, rule in found.points.items():
        if rule.write is None or rule.pack:
            continue
        away = 0 if rule.write.at is None else rule.write.at - rule.addresses[0]
        for place in _bits_at(rule, away):
            other = taken.setdefault(place, name)
            shown = read.get(place, name)
            here: Path = ("points", name, "write")
            if other != name or (rule.write.at is not None and shown != name):
                hit = other if other != name else shown
                message = f"its write goes to {rule.table} {place[2]}, where {hit} stands"
                yield subject.error("read-back", here, message, "the address that the sheet gives")
                break


def _bits_at(rule: PointRule, away: int) -> Iterator[tuple[int | None, str, int, int]]:
    for part in rule.parts:
        for bit in range(part.bits.low, part.bits.high + 1):
            if rule.mask is None or rule.mask >> bit & 1:
                yield rule.unit_id, rule.table, part.at + away, bit


def _odd_address(subject: Subject) -> Iterator[Finding]:
    """Where a machine takes writes at addresses of their own, it does so for all of them."""
    writes = {n: r.write for n, r in subject.map.points.items() if r.write and r.table == "holding"}
    plain = [name for name, write in writes.items() if write.at is None]
    if not plain or len(writes) - len(plain) < 3 * len(plain):
        return
    for name in plain:
        message = "is written where it is read, unlike the other points of this machine"
        hint = "write: {at: ..}, if the sheet gives an address for commands"
        yield subject.warning("read-back", ("points", name, "write"), message, hint)


def _capabilities(subject: Subject, device: Device) -> Iterator[Finding]:
    found = subject.map
    if found.line.master != "gateway" and any(rule.write for rule in found.points.values()):
        message = f"master is {found.line.master}: another one controls this machine"
        yield subject.error("master", ("line", "master"), message, "no write in this map")
    for capability, name in found.capabilities.items():
        here: Path = ("capabilities", capability)
        rule = found.points[name]
        unit = _NUMBERS.get(capability)
        number = not rule.is_bool and not rule.values
        if (unit is not None) != number or (unit and found.point(name).unit is not unit):
            kind = f"a number in {unit}" if unit else "a truth value or words"
            yield subject.error("capability", here, f"{capability} needs {kind}; {name} is none")
        elif not name.startswith("x_") and name != CANONICAL_OF[capability]:
            yield subject.warning("capability", here, f"is usually {CANONICAL_OF[capability]}")
        if rule.confidence in ("contra", "unverified"):
            message = f"{name} is {rule.confidence}: it stays locked until the installer unlocks it"
            yield subject.warning("locked", here, message, "confirm it on the machine")
        if capability == "mode" and not set(rule.values.values()) & set(WARM_MODES):
            message = "no word of it is known to heat"
            yield subject.warning("capability", here, message, ", ".join(WARM_MODES))
    offered: Container[str] = found.capabilities
    for wanted, name in CANONICAL_OF.items():
        point = found.points.get(name)
        states = wanted != "sg_ready" or (point and "recommended_on" in point.values.values())
        if point and point.write and states and wanted not in offered:
            message = f"{name} can be written, but the map does not offer {wanted}"
            yield subject.warning("capability", ("capabilities",), message)
    yield from _parks(subject, device)


def _parks(subject: Subject, device: Device) -> Iterator[Finding]:
    for capability in _PARKED:
        name = subject.map.capabilities.get(capability)  # type: ignore[call-overload]
        write = subject.map.points[name].write if name else None
        if name is None or write is None:
            continue
        here: Path = ("points", name, "write")
        park = device.value_of(name, write.park) if write.park is not None else None
        if write.park is None:
            message = "control may hold it, but no value is given that the house is left with"
            yield subject.error("park", here, message, 'park: "45" for water, "0" for an offset')
        number = park if isinstance(park, int | float) else LOWEST_WATER_C
        if capability == "water_setpoint" and number < LOWEST_WATER_C:
            message = f"parked at {number:g} the house gets cold"
            yield subject.error("park", (*here, "park"), message, f"{LOWEST_WATER_C:g} or more")
