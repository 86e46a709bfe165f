"""Checks of the machine as a whole: its line, its read plan, its gates, its papers, its names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from agent.drivers import Block, Cost, Device
from agent.drivers.registermap import RegisterMap
from agent.kit.finding import Finding, Subject
from agent.kit.knowledge import LONGEST_POLL_S, UNIT_OF_ENDING
from agent.kit.words import bits_of, canonical_double
from agent.model import POINTS, Unit
from agent.yamltext import Path, Span

CHINESE = re.compile(r"[\u4e00-\u9fff]")
BAUDS = (1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200)
_NEVER_CHANGES = ("software_version", "model_id")
_BASIC = ("water_supply_temp", "water_return_temp")


def check_machine(subject: Subject) -> Iterator[Finding]:
    """Everything that is not about one point alone."""
    yield from _papers(subject)
    yield from _names(subject)
    yield from _line(subject)
    yield from _plan(subject)
    yield from _gates(subject)


# --- papers and names -----------------------------------------------------------------------


def _papers(subject: Subject) -> Iterator[Finding]:
    found = subject.map
    if not found.covers:
        yield subject.error("source", ("covers",), "covers no machine", "{brand: .., model: ..}")
    for i, cover in enumerate(found.covers):
        if not cover.brand.strip() or not cover.model.strip():
            yield subject.error("source", ("covers", i), "a machine needs brand and model")
    if not found.source or any(len(source.strip()) < 10 for source in found.source):
        message = "says not where its numbers come from"
        yield subject.error("source", ("source",), message, "maker, document, revision, date")
    missing = [name for name in _BASIC if name not in found.points]
    if found.kind == "heat_pump" and missing:
        message = f"a pump without {' and '.join(missing)}: the basic set of T/CECA-G 0013"
        yield subject.warning("basic set", ("points",), message)
    shows = found.faults.point or found.faults.bits or "alarm_active" in found.points
    if found.kind == "heat_pump" and not shows:
        message = "shows no fault of the machine: the basic set of T/CECA-G 0013 asks for one"
        yield subject.warning("basic set", ("faults",), message)


def _names(subject: Subject) -> Iterator[Finding]:
    found = subject.map
    points = {name: found.point(name) for name in found.points}
    for language in ("en", "zh"):
        labels = Counter(_plain(getattr(point, language)) for point in points.values())
        for name, point in points.items():
            if labels[_plain(getattr(point, language))] > 1:
                message = f"{getattr(point, language)!r} is the name of two points"
                yield subject.error("label", ("points", name, language), message)
    for name, point in points.items():
        here: Path = ("points", name)
        if CHINESE.search(point.en) or not point.en.strip():
            yield subject.error("label", (*here, "en"), f"{point.en!r} is no English name")
        if not CHINESE.search(point.zh):
            yield subject.error("label", (*here, "zh"), f"{point.zh!r} is no Chinese name")
        if canonical_double(name):
            yield subject.warning("name", here, f"there is a canonical point {name[2:]}", name[2:])
        units = UNIT_OF_ENDING.get(name.rsplit("_", 1)[-1]) if name not in POINTS else None
        rule = found.points[name]
        if units and point.unit not in units and not rule.values and not rule.is_bool:
            allowed = ", ".join(units)
            message = f"its name promises {allowed}, its unit is {point.unit or 'none'}"
            yield subject.error("unit", (*here, "unit"), message, allowed)


def _plain(label: str) -> str:
    """A label without what the eye overlooks: case and blanks."""
    return " ".join(label.casefold().split())


# --- line and plan --------------------------------------------------------------------------


def _line(subject: Subject) -> Iterator[Finding]:
    line, here = subject.map.line, ("line",)
    if line.baudrate is not None and line.baudrate not in BAUDS:
        allowed = ", ".join(map(str, BAUDS))
        yield subject.error("line", (*here, "baudrate"), f"{line.baudrate} is no speed", allowed)
    if line.tcp_port is not None and not 0 < line.tcp_port < 65536:
        yield subject.error("line", (*here, "tcp_port"), f"{line.tcp_port} is no port", "502")
    if line.gap > 5:
        yield subject.warning("line", (*here, "gap"), f"a pause of {line.gap:g} s between requests")
    if line.answer_within > 30:
        message = f"waits {line.answer_within:g} s for a dead machine, and its neighbours wait too"
        yield subject.warning("line", (*here, "answer_within"), message, "1 s; 5 s behind a bridge")


def _device(found: RegisterMap) -> Device:
    line = found.line
    speed = line.baudrate or (None if line.tcp_port else 9600)
    return Device("check", found, line.unit_id or 1, Cost.of_line(speed, line.turnaround, line.gap))


def _plan(subject: Subject) -> Iterator[Finding]:
    found, device = subject.map, _device(subject.map)
    blocks = device.plan()
    for block in blocks:
        yield from _block(subject, block)
    yield from _fixed(subject)
    busy = sum(_seconds(block, device.cost) / block.every_s for block in blocks if block.every_s)
    if not found.every or busy > 1:
        message = f"the line would be busy {busy:.0%} of the time: polls come faster than answers"
        yield subject.error("poll", ("every",), message, "a longer every, here or at points")
    elif busy > 0.6:
        message = f"the line is busy {busy:.0%} of the time; a second machine has no room"
        yield subject.warning("poll", ("every",), message)
    longest = max((_seconds(block, device.cost) for block in blocks), default=0.0)
    if found.line.answer_within < longest - found.line.gap:
        message = f"the longest reply alone takes {longest:.2f} s on this line"
        yield subject.error("line", ("line", "answer_within"), message, "longer than the reply")
    yield from _silence(subject, blocks)
    for name in _BASIC:
        rule = found.points.get(name)
        if rule and max(found.every, rule.every or 0.0) > LONGEST_POLL_S:
            message = f"is read every {max(found.every, rule.every or 0.0):g} s only"
            hint = f"{LONGEST_POLL_S:g} s or less; faults and control need it"
            yield subject.warning("poll", ("points", name), message, hint)


def _seconds(block: Block, cost: Cost) -> float:
    count = block.request.count
    if block.request.table in ("coil", "discrete"):
        count = (count + 15) // 16
    return cost.request_s + count * cost.register_s


def _block(subject: Subject, block: Block) -> Iterator[Finding]:
    """A planned request, also one of a single point, against cap and holes."""
    found, request = subject.map, block.request
    limit = found.line.max_words * (16 if request.table in ("coil", "discrete") else 1)
    here: Path = ("points", block.points[0]) if block.points else ("faults", "bits")
    if request.count > limit:
        message = f"needs a read of {request.count}, max_words allows {limit}"
        yield subject.error("max_words", here, message, "a smaller block, or another max_words")
    holes: tuple[Span, ...] = found.holes.get(request.table, ())  # type: ignore[call-overload]
    for hole in holes:
        if hole.low < request.at + request.count and hole.high >= request.at:
            message = f"must be read from {request.table} {request.at}, in the hole {hole}"
            yield subject.error("hole", here, message, "the address of the sheet, or the hole")


def _fixed(subject: Subject) -> Iterator[Finding]:
    found = subject.map
    for i, block in enumerate(found.blocks):
        here: Path = ("blocks", i)
        limit = found.line.max_words * (16 if block.table in ("coil", "discrete") else 1)
        if block.count > limit:
            message = f"asks for {block.count} words, max_words is {limit}"
            yield subject.error("max_words", here, message, "one of the two is wrong")
        inside = [
            at
            for rule in found.points.values()
            if (rule.table, rule.unit_id) == (block.table, block.unit_id)
            for at in rule.addresses
            if block.at <= at < block.at + block.count
        ]
        if not inside:
            yield subject.warning("plan", here, "no point stands in this block")


def _silence(subject: Subject, blocks: tuple[Block, ...]) -> Iterator[Finding]:
    limit = subject.map.line.max_silence
    fastest = min((block.every_s for block in blocks), default=0.0)
    if limit is not None and fastest * 2 > limit:
        message = f"is asked every {fastest:g} s, but drops control after {limit:g} s of silence"
        yield subject.error("silence", ("every",), message, f"{limit / 2:g} s or less")


# --- gates ----------------------------------------------------------------------------------


def _gates(subject: Subject) -> Iterator[Finding]:
    found, ready = subject.map, subject.map.ready
    if ready is not None:
        width = bits_of(found.points[ready.point])
        if ready.equals & ~ready.mask or ready.mask == 0 or ready.equals >> width:
            message = (
                f"{ready.point} & {ready.mask:#x} is never {ready.equals:#x}, so nothing counts"
            )
            yield subject.error("ready", ("ready",), message, "equals within the bits of mask")
        if found.point(ready.point).unit is not Unit.NONE:
            yield subject.error("ready", ("ready", "point"), f"{ready.point} is a measurement")
    for i, name in enumerate(found.constant):
        rule = found.points[name]
        own = name.startswith("x_") and not rule.is_bool and rule.write is None
        measured = found.point(name).unit is not Unit.NONE
        if measured or not (name in _NEVER_CHANGES or own):
            message = f"{name} changes, and with it every reply would be dropped as shifted"
            yield subject.error("constant", ("constant", i), message, "a version or model word")
    for name, rule in found.points.items():
        if name in rule.fitted_if or (rule.switch and rule.switch.point == name):
            yield subject.error("condition", ("points", name), "depends on itself")
        if rule.switch and (rule.switch.scale, rule.switch.offset, rule.switch.absent) == (
            rule.scale,
            rule.offset,
            rule.absent,
        ):
            message = "means the same whatever the switch says"
            yield subject.warning("switch", ("points", name, "switch"), message)
