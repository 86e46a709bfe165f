"""What a check found, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from agent.drivers import Cost, Device, RegisterMap
from agent.kit.check import Checked
from agent.kit.finding import Finding
from agent.model import Reading
from agent.tables import table

ONLY_THE_MACHINE = (
    "What no check can know: whether an address is the right one of its neighbours, the scale of",
    "counters and powers, the order of two words, the code of a sensor that is not there. Compare",
    "three values with the display (driver check --trace FILE --golden FILE) before any write.",
)


def figures(found: RegisterMap) -> dict[str, object]:
    """What a map has and what reading it costs on its own line, 9600 baud where it names none."""
    line = found.line
    speed = line.baudrate or (None if line.tcp_port else 9600)
    cost = Cost.of_line(speed, line.turnaround, line.gap)
    blocks = Device("check", found, line.unit_id or 1, cost).plan()
    busy = sum(
        (cost.request_s + block.request.count * cost.register_s) / block.every_s
        for block in blocks
        if block.every_s
    )
    return {
        "points": len(found.points),
        "writable": sum(1 for rule in found.points.values() if rule.write),
        "fault_codes": len(found.faults.codes) + len(found.faults.bits),
        "capabilities": list(found.capabilities),
        "requests": len(blocks),
        "registers": sum(block.request.count for block in blocks),
        "line_busy": round(busy, 4),
    }


def as_json(checked: Checked, more: Sequence[Finding] = ()) -> dict[str, object]:
    """One checked map for programs; `sha256` is the hash under which the map is known upstream."""
    found = checked.map
    findings = (*checked.findings, *more)
    errors = sum(finding.level.value == "error" for finding in findings)
    return {
        "file": checked.file,
        "map": found.map if found else None,
        "sha256": checked.sha256,
        "api": found.api if found else None,
        "grade": found.grade if found else None,
        "ok": errors == 0,
        "errors": errors,
        "warnings": len(findings) - errors,
        **(figures(found) if found else {}),
        "findings": [
            {
                "level": finding.level.value,
                "rule": finding.rule,
                "line": finding.line,
                "path": finding.path,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in findings
        ],
    }


def as_text(checked: Checked, more: Sequence[Finding] = ()) -> str:
    """One checked map for people: what it has, what is wrong, what to do."""
    findings = (*checked.findings, *more)
    found = checked.map
    lines = [f"{found.map if found else 'no map'}  {checked.file}"]
    lines.append(f"sha256 {checked.sha256}")
    if found is not None:
        facts = figures(found)
        lines.append(
            f"api {found.api}, grade {found.grade}, {facts['points']} points, "
            f"{facts['writable']} writable, {facts['fault_codes']} faults; "
            f"{facts['requests']} requests of {facts['registers']} words, "
            f"line busy {facts['line_busy']:.1%}"
        )
    if findings:
        lines += ["", table(["level", "line", "where", "what is wrong"], _rows(findings))]
    errors = sum(finding.level.value == "error" for finding in findings)
    counted = f"{_many(errors, 'error')}, {_many(len(findings) - errors, 'warning')}"
    return "\n".join([*lines, "", counted])


def _rows(findings: Sequence[Finding]) -> list[list[object]]:
    rows: list[list[object]] = []
    for one in findings:
        rows.append([one.level.value, one.line or "", one.path, f"{one.rule}: {one.message}"])
        if one.hint:
            rows.append(["", "", "", f"  try: {one.hint}"])
    return rows


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def golden_rows(readings: Sequence[Reading]) -> dict[str, object]:
    """Good readings by point, as a file of golden readings has them."""
    return {
        reading.point: reading.value
        for reading in readings
        if reading.good and reading.value is not None
    }
