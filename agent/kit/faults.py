"""Checks of the fault table: texts in both languages, codes that can occur, states set apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from agent.drivers.registermap import FaultBit, FaultCode
from agent.kit.finding import Finding, Subject
from agent.kit.machine import CHINESE
from agent.kit.words import bits_of
from agent.model import Unit
from agent.yamltext import Path

_STATE = re.compile(
    r"^(defrost(ing)?|standby|preheat(ing)?|oil return|pump down|normal|warm(ing)? up|"
    r"steri?lis(ing|ation)|anti-?freeze)( (is )?(active|running|mode))?$|\brunning$",
    re.IGNORECASE,
)
_STATE_ZH = re.compile(
    r"(除霜|化霜|待机|预热|回油|杀菌|防冻)(运行|中|状态|模式)$|保护运行$|运行中$"
)
_FAULT = re.compile(r"\bfault\b|\bbroken\b|too hot|overcurrent|short circuit", re.IGNORECASE)
_STATES = ("defrost_active", "antifreeze_active", "pump_on", "compressor_on", "electric_heater_on")


def check_faults(subject: Subject) -> Iterator[Finding]:
    """The table of codes, the fault bits, and what stands beside them."""
    faults = subject.map.faults
    here: Path = ("faults",)
    if faults.codes and faults.point is None:
        message = "has codes, but no point that shows them"
        yield subject.error("faults", here, message, "point: fault_code")
    if faults.point is None and "fault_code" in subject.map.points:
        message = "fault_code is read, but raises no alarm"
        yield subject.error("faults", here, message, "point: fault_code")
    if faults.point is not None and not faults.none:
        message = "no code means that all is well: the alarm would stand for ever"
        yield subject.error("faults", (*here, "none"), message, "none: [0]")
    yield from _codes(subject)
    yield from _bits(subject)
    for i, name in enumerate(faults.also):
        if subject.map.point(name).unit is not Unit.NONE:
            message = f"{name} is a measurement, no fault word"
            yield subject.error("faults", (*here, "also", i), message)


def _codes(subject: Subject) -> Iterator[Finding]:
    faults = subject.map.faults
    labels = Counter(code.label for code in faults.codes.values())
    rule = subject.map.points[faults.point] if faults.point else None
    for raw, code in faults.codes.items():
        here: Path = ("faults", "codes", str(raw))
        yield from _text(subject, here, code)
        if labels[code.label] > 1:
            yield subject.error("faults", here, f"the label {code.label} is given twice")
        if raw in faults.none and code.kind == "fault":
            message = f"{raw} is a fault here, and means no fault in none"
            yield subject.error("faults", here, message, "one of the two")
        if rule is not None and (raw < 0 or raw >> bits_of(rule)):
            yield subject.error("faults", here, f"{raw} never stands in {faults.point}")
        state = _STATE.search(code.en) or _STATE_ZH.search(code.zh)
        if state and code.kind == "fault":
            message = f"{code.en!r} is a state of the machine, and would raise an alarm"
            yield subject.error("status", here, message, "kind: status")
        if _FAULT.search(code.en) and code.kind == "status":
            message = f"{code.en!r} is a fault, and would raise no alarm"
            yield subject.error("status", here, message, "kind: fault")


def _text(subject: Subject, here: Path, code: FaultCode | FaultBit) -> Iterator[Finding]:
    if not code.label.strip():
        yield subject.error("faults", here, "has no label", "what the display shows, such as E05")
    english = code.en.strip()
    if not english or english == code.label or CHINESE.search(english):
        message = f"{code.label}: {code.en!r} says nothing in English"
        yield subject.error("faults", here, message, "what a technician should look at")
    if not CHINESE.search(code.zh):
        message = f"{code.label}: {code.zh!r} says nothing in Chinese"
        yield subject.error("faults", here, message, "故障的中文说明")


def _bits(subject: Subject) -> Iterator[Finding]:
    found = subject.map
    states = {
        (rule.unit_id, rule.table, part.at, bit): name
        for name, rule in found.points.items()
        if name in _STATES and rule.is_bool and not rule.pack
        for part in rule.parts
        if rule.bits is not None or rule.table in ("coil", "discrete")
        for bit in range(part.bits.low, part.bits.high + 1)
    }
    places = Counter((bit.unit_id, bit.table, bit.at, bit.bit) for bit in found.faults.bits)
    for i, bit in enumerate(found.faults.bits):
        here: Path = ("faults", "bits", i)
        place = (bit.unit_id, bit.table, bit.at, bit.bit)
        yield from _text(subject, here, bit)
        if places[place] > 1:
            yield subject.error("faults", here, f"{bit.table} {bit.at}.{bit.bit} is given twice")
        if bit.table in ("coil", "discrete") and bit.bit:
            yield subject.error("faults", here, f"{bit.table} {bit.at} has no bit {bit.bit}")
        if place in states:
            message = f"is the bit of {states[place]}, a state of the machine"
            yield subject.error("status", here, message, "another bit, or no fault")
        if _STATE.search(bit.en):
            message = f"{bit.en!r} is a state of the machine, and would raise an alarm"
            yield subject.error("status", here, message, "a point of its own instead")
