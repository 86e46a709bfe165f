"""Checks against slips between a vendor's paper and the map: names, numberings, roles of points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agent.control import WARM_MODES
from agent.drivers.registermap import PointRule
from agent.kit.finding import Finding, Subject
from agent.kit.knowledge import CANONICAL_OF, EXPECTED, is_state
from agent.kit.words import bits_of
from agent.model import POINTS, PointId, Unit
from agent.yamltext import Path

PAPER_FROM, WIRE_BELOW = 30001, 10000  # 3xxxx and 4xxxx are how papers number input and holding
SLOWEST_S = 1800.0
_NEEDED_SOON = ("outdoor_temp", "indoor_temp")
_NOT_COUNTED_FROM_ZERO = ("cop", "water_pressure", "supply_voltage")


def check_paper(subject: Subject) -> Iterator[Finding]:
    """Every point by itself, then what points are said to be for."""
    canonical = {point.en.casefold(): name for name, point in POINTS.items()}
    for name, rule in subject.map.points.items():
        here: Path = ("points", name)
        yield from _role(subject, here, name, rule)
        yield from _zero(subject, here, name, rule)
        usual = canonical.get(" ".join(subject.map.point(name).en.casefold().split()))
        if name not in POINTS and usual is not None:
            message = f"its label is that of the canonical point {usual}"
            yield subject.warning("name", here, message, usual)
    yield from _numbering(subject)
    yield from _left_behind(subject)
    yield from _fault_places(subject)
    yield from _offered(subject)


def _role(subject: Subject, here: Path, name: PointId, rule: PointRule) -> Iterator[Finding]:
    number = not rule.is_bool and not rule.values
    if number and (is_state(name) or name == "alarm_active"):
        message = "is true or false, and here it is a number"
        yield subject.error("values", here, message, "type: bool, or bits: of the word")
    if rule.values and bits_of(rule) == 1 and len(rule.values) < 2:
        message = "one bit says two things, and only one has a word"
        yield subject.error("values", (*here, "values"), message, "a word for 0 and one for 1")
    slow_s = max(subject.map.every, rule.every or 0.0)
    if name in _NEEDED_SOON and slow_s > SLOWEST_S:
        message = f"is read every {slow_s:g} s only; frost and control need it"
        yield subject.error("poll", here, message, f"{SLOWEST_S:g} s or less")


def _zero(subject: Subject, here: Path, name: PointId, rule: PointRule) -> Iterator[Finding]:
    """What stands still shows 0; if 0 meant "no sensor" a machine at rest would lose its points."""
    expected = EXPECTED.get(name)
    counted = expected is not None and name not in _NOT_COUNTED_FROM_ZERO and not rule.offset
    if not counted or expected is None or expected.everyday[0] != 0:
        return
    codes = rule.absent if rule.absent is not None else subject.map.absent.get(rule.type, ())
    if 0 in codes:
        message = "absent 0 is what it shows at rest; it would vanish"
        yield subject.error("absent", here, message, "absent: [] for this point")


def _numbering(subject: Subject) -> Iterator[Finding]:
    """One address in the numbering of the paper among others on the wire."""
    tables: dict[tuple[int | None, str], dict[PointId, int]] = {}
    for name, rule in subject.map.points.items():
        tables.setdefault((rule.unit_id, rule.table), {})[name] = rule.addresses[0]
    for (_, table), places in tables.items():
        high = [name for name, at in places.items() if at >= PAPER_FROM]
        low = sum(at < WIRE_BELOW for at in places.values())
        for name in high if low > 3 * len(high) else ():
            message = f"{table} {places[name]}, while {low} others stand below {WIRE_BELOW}"
            hint = "the address on the wire; 40001 on paper is mostly 0"
            yield subject.warning("address", ("points", name), message, hint)


def _left_behind(subject: Subject) -> Iterator[Finding]:
    """What the house is left with when the program dies: never without heat."""
    for name, rule in subject.map.points.items():
        if rule.write is None:
            continue
        park, here = rule.write.park, ("points", name, "write", "park")
        off = name in ("power_on", "dhw_on") and park == "false"
        if off or (name == "mode" and park is not None and park not in WARM_MODES):
            message = f"parked at {park}, the house would be left without heat"
            yield subject.error("park", here, message, "true, a mode that heats, or no park")
        modes = rule.write.only_if.get("mode")
        if name == "water_setpoint" and modes and not set(modes) & set(WARM_MODES):
            here = ("points", name, "write", "only_if")
            message = f"is obeyed in {', '.join(modes)} only, where nothing heats"
            yield subject.error("condition", here, message, ", ".join(WARM_MODES))
        room = name.startswith("x_") and "room" in name and "setpoint" in name
        if room and rule.write.high is not None and rule.write.high > 40:
            message = f"a room of {rule.write.high} degC may be asked for"
            yield subject.warning("limits", ("points", name, "write"), message, "40 or less")


def _fault_places(subject: Subject) -> Iterator[Finding]:
    found, faults = subject.map, subject.map.faults
    for i, name in enumerate(faults.also):
        if is_state(name):
            message = f"{name} is a state on a good day, no fault"
            yield subject.error("status", ("faults", "also", i), message, "a fault word, or none")
    if faults.point is not None and found.point(faults.point).unit is not Unit.NONE:
        message = f"{faults.point} is a measurement, no fault code"
        yield subject.error("faults", ("faults", "point"), message, "fault_code")
    numbers = {
        (rule.unit_id, rule.table, at): name
        for name, rule in found.points.items()
        if found.point(name).unit is not Unit.NONE and rule.bits is None and not rule.pack
        for at in rule.addresses
        if rule.mask is None
    }
    labels = Counter(bit.label for bit in faults.bits)
    for i, bit in enumerate(faults.bits):
        name = numbers.get((bit.unit_id, bit.table, bit.at), "")
        if name:
            message = f"{bit.table} {bit.at} holds {name}, a measurement"
            yield subject.error("faults", ("faults", "bits", i), message, "a word of fault bits")
        if labels[bit.label] > 1:
            message = f"the label {bit.label} is given twice"
            yield subject.error("faults", ("faults", "bits", i), message)


def _offered(subject: Subject) -> Iterator[Finding]:
    """A capability by another point, though the map has the canonical one to write."""
    for capability, name in subject.map.capabilities.items():
        usual = subject.map.points.get(CANONICAL_OF[capability])
        if name.startswith("x_") and usual is not None and usual.write is not None:
            message = f"is {name}, though {CANONICAL_OF[capability]} can be written"
            yield subject.warning("capability", ("capabilities", capability), message)
