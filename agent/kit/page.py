"""A driver's page in Markdown: what it is for, what it reads, what it may write, and its faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from agent.drivers.registermap import WIDTH, PointRule, RegisterMap
from agent.model import PointId

_GRADES = {
    "draft": "written from documents, not yet tried on a machine",
    "bench": "compared with a recorded trace",
    "field": "ran in homes",
}


def page(found: RegisterMap, text: str) -> str:
    """The page of a map; `text` is what its hash is made of."""
    return "\n".join(_lines(found, sha256(text.encode()).hexdigest())) + "\n"


def _lines(found: RegisterMap, digest: str) -> Iterator[str]:
    yield f"# {found.map}"
    yield ""
    yield f"Grade `{found.grade}`: {_GRADES[found.grade]}. API {found.api}. SHA-256 `{digest}`."
    yield from _table(
        ("brand", "model", "firmware"), [(c.brand, c.model, c.firmware) for c in found.covers]
    )
    yield ""
    yield "Sources:"
    yield ""
    yield from (f"- {source}" for source in found.source)
    yield from _line(found)
    if found.capabilities:
        yield from ("", "Control uses:", "")
        yield from (f"- {word}: `{name}`" for word, name in found.capabilities.items())
    yield from ("", "## Points")
    rows = [_point(found, name, rule) for name, rule in found.points.items()]
    yield from _table(("point", "name", "名称", "unit", "address", "type", "scale", "values"), rows)
    writes = [_write(name, rule) for name, rule in found.points.items() if rule.write]
    if writes:
        yield from ("", "## What may be written")
        heads = ("point", "lowest", "highest", "step", "park", "a day", "only if")
        yield from _table(heads, writes)
    yield from _faults(found)
    if found.notes:
        yield from ("", "## Notes", "")
        yield from (f"- {note.strip()}" for note in found.notes)


def _line(found: RegisterMap) -> Iterator[str]:
    line = found.line
    said = {
        "baud rate": line.baudrate,
        "parity": line.parity,
        "stop bits": line.stop_bits,
        "unit id": line.unit_id,
        "TCP port": line.tcp_port,
        "words a read": line.max_words,
        "pause between requests (s)": f"{line.gap:g}" if line.gap else None,
        "polled every (s)": f"{found.every:g}",
        "longest silence (s)": f"{line.max_silence:g}" if line.max_silence else None,
        "master of the bus": line.master if line.master != "gateway" else None,
    }
    yield from ("", "## Line")
    yield from _table(("setting", "value"), [(k, v) for k, v in said.items() if v is not None])


def _point(found: RegisterMap, name: PointId, rule: PointRule) -> tuple[object, ...]:
    label = found.point(name)
    at = " + ".join(map(str, rule.addresses))
    bits = f" bits {rule.bits}" if rule.bits is not None else ""
    words = ", ".join(f"{raw} {word}" for raw, word in rule.values.items())
    bounds = "" if rule.low is None or rule.high is None else f"{rule.low:g} to {rule.high:g}"
    place, kind, scale = f"{rule.table} {at}{bits}", _kind(found, rule), _scale(rule)
    return (f"`{name}`", label.en, label.zh, label.unit, place, kind, scale, words or bounds)


def _kind(found: RegisterMap, rule: PointRule) -> str:
    if rule.table in ("coil", "discrete"):
        return "bit"
    wide = WIDTH[rule.type] == 32
    return f"{rule.type}, {rule.words or found.words}" if wide else rule.type


def _scale(rule: PointRule) -> str:
    """What a count is worth, and what is added to it."""
    scale = "" if rule.scale == 1 else str(rule.scale)
    if not rule.offset:
        return scale
    sign = "-" if rule.offset < 0 else "+"
    return f"{scale} {sign} {abs(rule.offset)}".strip()


def _write(name: PointId, rule: PointRule) -> tuple[object, ...]:
    write = rule.write
    assert write is not None
    only = "; ".join(f"{other} is {' or '.join(words)}" for other, words in write.only_if.items())
    ends = (write.low, write.high, write.step, write.park)
    said = ["" if end is None else str(end) for end in ends]
    return (f"`{name}`", *said, write.per_day, only)


def _faults(found: RegisterMap) -> Iterator[str]:
    faults = found.faults
    rows: list[tuple[object, ...]] = [
        (raw, code.label, code.en, code.zh, code.kind) for raw, code in faults.codes.items()
    ]
    rows += [(f"{b.table} {b.at}.{b.bit}", b.label, b.en, b.zh, "fault") for b in faults.bits]
    if rows:
        yield from ("", "## Faults")
        yield from _table(("code", "label", "text", "说明", "kind"), rows)
    elif faults.point:
        yield from ("", f"Fault codes come from `{faults.point}`; no table of them is known.")


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |"
