"""A vendor's table in, the draft of a map out. Pure: text in, text out.

The table is CSV with a head line; columns are found by their usual English or Chinese names. What
cannot be known from the table (labels in the other language, above all) is left empty, so that
`driver check` asks for it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from agent.drivers.registermap import WIDTH
from agent.errors import FileError, Mistake
from agent.kit.knowledge import CANONICAL_OF, OTHER_WORDS, is_state
from agent.kit.vocabulary import (
    CHINESE_WORDS,
    LIMITS,
    canonical,
    column,
    kind_of,
    latin,
    times,
    unit_of,
)
from agent.model import POINTS, PointId, Unit

Numbers = Literal["classic", "from-1", "wire"]
_CLASSIC = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_TABLES = {"coil", "discrete", "input", "holding"}
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:\.\.|to|~|～|至|-)\s*(-?\d+(?:\.\d+)?)")
_STEP = re.compile(r"(?:steps?(?: of)?|步长)\s*[:=]?\s*(\d+(?:\.\d+)?)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_ENTRIES, _BLANKS = re.compile(r"[,;，；]"), re.compile(r"\s+(?=\d)")
_WORD = re.compile(r"(?<![A-Za-z\d.])(\d+)\s*[:=：、-]?\s*([^\W\d_].*)")
_LOW_FIRST = re.compile(r"低(?:位字|字|16位)(?!节)在?前|low(?:er)?[ -]word[ -]first|low-first")
_PLAIN = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff ./()（）-]*")
_BREAK = re.compile(r"[\s,;，；]*[\r\n]\s*")
_CLAUSE = re.compile(r"[,，;；、.。()（）]")
_WRITES = re.compile(r"写|(?<![a-z])(?:r?w[ro]?|(?:read)?writ[a-z]*)(?![a-z])")
_DENIES = re.compile(
    r"[不无非禁勿否未]|保护|protect|disabl|forbid|prohibit|n['’]t(?![a-z])"
    r"|(?<![a-z])(?:n|no|not|non|never|cannot|without)(?![a-z])"
)
_WRITE_ONLY = re.compile(r"wo?|写|.*(?:[只仅]写|write[ -]?only).*")
_PARKS = {"water_setpoint": "45", "curve_offset": "0"}
_RESERVED = frozenset({"null", "true", "false", "~"})


@dataclass(frozen=True, slots=True)
class About:
    """What the table does not say: the machine's name, where the table is from, and its line."""

    name: str
    brand: str
    model: str
    source: str
    baudrate: int | None = None
    parity: str | None = None
    unit_id: int | None = None
    numbers: Numbers = "classic"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, understood as far as it can be. `at` is the address on the wire."""

    name: PointId
    label: str
    zh: str
    table: str
    at: int
    kind: str
    scale: str
    unit: Unit
    writable: bool
    remark: str
    readable: bool = True


def rows_of(text: str, file: str, numbers: Numbers) -> tuple[Row, ...]:
    """The lines of a point list. Raises FileError with every line that cannot be understood."""
    # A cell may hold line breaks: what a line is, the reader says. It counts the file's own lines.
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    filled = (cells for cells in _read(reader, file) if any(cell.strip() for cell in cells))
    heads = _heads(next(filled, []))
    missing = [name for name in ("number", "name") if name not in heads]
    if missing:
        allowed = (
            "number, name, type, scale, unit, access, remark (and table, zh), parted by commas"
        )
        raise FileError([Mistake(file, 1, "", f"no column {' and '.join(missing)}", allowed)])
    rows: list[Row] = []
    mistakes: list[Mistake] = []
    for cells in filled:
        cell = {known: _cell(known, cells, places) for known, places in heads.items()}
        try:
            rows.append(_row(cell, numbers))
        except ValueError as error:
            mistakes.append(Mistake(file, reader.line_num, cell["name"], str(error)))
    if mistakes:
        raise FileError(mistakes)
    return tuple(_unique(rows))


def _heads(line: list[str]) -> dict[str, list[int]]:
    """Where each column stands. Of two for names the one under a Chinese head is the Chinese."""
    known = [column(head) for head in line]
    chinese = [i for i, one in enumerate(known) if one == "name" and not line[i].isascii()]
    if known.count("name") == 2 and len(chinese) == 1:
        known[chinese[0]] = "zh"
    heads: dict[str, list[int]] = {}
    for i, one in enumerate(known):
        if one:
            heads.setdefault(one, []).append(i)
    return heads


def _cell(column_name: str, cells: list[str], places: list[int]) -> str:
    """What a row says in a column; a list may have both a range and a remark."""
    said = [_one_line(column_name, cells[i]) for i in places if i < len(cells)]
    filled = [text for text in said if text]
    return ", ".join(filled) if column_name == "remark" else "".join(filled[:1])


def _read(reader: Any, file: str) -> Iterator[list[str]]:
    """The rows; a quote that is never closed makes one cell of all that follows."""
    try:
        yield from reader
    except csv.Error as error:
        raise FileError([Mistake(file, reader.line_num, "", f"no table: {error}")]) from None


def _one_line(column_name: str, text: str) -> str:
    """A cell without line breaks: in a name they part words, in a list its entries."""
    listed = column_name in ("number", "remark")
    return _BREAK.sub(", " if listed else " ", text.strip())


def _row(cell: Mapping[str, str], numbers: Numbers) -> Row:
    label = cell["name"]
    table, at = _address(cell["number"], cell.get("table", ""), numbers)
    scale, unit_text = _scale_and_unit(cell.get("scale", ""), cell.get("unit", ""))
    kind, unit, remark = kind_of(cell.get("type", "")), unit_of(unit_text), cell.get("remark", "")
    chinese = not label.isascii()
    access = cell.get("access", "")
    found = canonical(label) or canonical(cell.get("zh", "")) or f"x_{_slug(label, at)}"
    factor = times(found, unit)
    if factor is None:
        found = f"x_{found}"  # another quantity under the same name
    elif factor != 1:
        scale = str(Fraction(scale) * factor)
    if kind == "u16" and is_state(found) and _yes_or_no(remark):
        kind = "bool"
    return Row(
        found,
        "" if chinese else label,
        cell.get("zh", "") or (label if chinese else ""),
        table,
        at,
        kind,
        scale,
        unit,
        _is_writable(access),
        remark,
        not (_is_writable(access) and _WRITE_ONLY.fullmatch(access.strip().lower())),
    )


def _is_writable(access: str) -> bool:
    """Whether a clause of the cell says so and denies nothing: `R/W, not saved` does."""
    clauses = _CLAUSE.split(access.lower())
    return any(_WRITES.search(one) and not _DENIES.search(one) for one in clauses)


def _yes_or_no(remark: str) -> bool:
    """Whether a word holds nothing but 0 for no and 1 for yes."""
    words = _words(remark)
    return set(words) <= {0, 1} and _english(words.get(0, "")) != "on"


def _address(text: str, table: str, numbers: Numbers) -> tuple[str, int]:
    first = re.split(r"[,，;/~～]|\.\.|(?<=\d)-(?=\d)", text.strip())[0].strip()
    try:
        number = int(first, 0)
    except ValueError:
        if not first.isdecimal():
            raise ValueError(f"{text!r} is no register number") from None
        number = int(first)
    kind = table.lower().removesuffix(" register").removesuffix("s")
    if kind and kind not in _TABLES:
        raise ValueError(f"{table!r} is no table; allowed: {', '.join(sorted(_TABLES))}")
    if numbers == "classic":
        if len(first) not in (5, 6) or first[0] not in _CLASSIC:
            raise ValueError(f"{text!r} is no number like 30001 or 40001; see --numbers")
        return _CLASSIC[first[0]], int(first[1:]) - 1
    at = number - 1 if numbers == "from-1" else number
    if not 0 <= at <= 65535:
        raise ValueError(f"{text!r} gives address {at}, outside 0 to 65535; see --numbers")
    return kind or "holding", at


def _scale_and_unit(scale: str, unit: str) -> tuple[str, str]:
    """A unit cell may hold both: `0.1 degC`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(\D.*)", unit)
    if found and not scale:
        scale, unit = found[1], found[2]
    if scale and not re.fullmatch(r"\d+(\.\d+)?(/\d+)?", scale):
        raise ValueError(f"{scale!r} is no scale; write 0.1 or 1/6")
    return scale or "1", unit


def _slug(label: str, at: int) -> str:
    return latin(label) or f"word_{at}"


def _unique(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with names of their own; the second of a name goes by its address."""
    seen: set[str] = set()
    for row in rows:
        name = row.name
        if name in seen:
            name = f"{name if name.startswith('x_') else 'x_' + name}_{row.at}"
        seen.add(name)
        yield Row(name, *(getattr(row, key) for key in Row.__slots__ if key != "name"))


# --- the map --------------------------------------------------------------------------------


def draft(about: About, rows: Iterable[Row]) -> str:
    """The map's text."""
    all_rows = tuple(rows)
    rows = tuple(row for row in all_rows if row.readable)
    line = {"baudrate": about.baudrate, "parity": about.parity, "unit_id": about.unit_id}
    said = [f"{key}: {value}" for key, value in line.items() if value is not None]
    lines = [
        f"map: {about.name}",
        "api: 1",
        "covers:",
        f"  - {{brand: {_text(about.brand)}, model: {_text(about.model)}}}",
        f"source: [{_text(about.source, quoted=True)}]",
        "grade: draft",
        f"line: {{{', '.join(said)}}}",
        "every: 30 s",
        *_left_out(row for row in all_rows if not row.readable),
        "points:",
        *(f"  {row.name}: {{{', '.join(_fields(row))}}}" for row in rows),
        *_faults(rows),
    ]
    offered = {row.name for row in rows if row.writable}
    can = [f"{word}: {name}" for word, name in CANONICAL_OF.items() if name in offered]
    if can:
        lines.append(f"capabilities: {{{', '.join(can)}}}")
    return "\n".join(lines) + "\n"


def _left_out(rows: Iterable[Row]) -> Iterator[str]:
    """What can only be written is no point, for nothing could be read back; nor is it asked for."""
    places: dict[str, list[int]] = {}
    for row in rows:
        yield f"# left out, can only be written: {row.table} {row.at}, {row.label or row.zh}"
        places.setdefault(row.table, []).extend(range(row.at, row.at + WIDTH[row.kind] // 16))
    if places:
        yield f"holes: {{{', '.join(f'{table}: {at}' for table, at in places.items())}}}"


def _fields(row: Row) -> Iterator[str]:
    words = _values(row)
    if row.table != "holding":
        yield f"table: {row.table}"
    yield f"at: {row.at}"
    if row.kind != "u16" and row.table not in ("coil", "discrete"):
        yield f"type: {row.kind}"
    if row.scale != "1":
        yield f"scale: {row.scale}"
    if WIDTH[row.kind] == 32 and _LOW_FIRST.search(row.remark.lower()):
        yield "words: low-first"
    if row.name not in POINTS:
        if row.unit:
            yield f"unit: {_text(row.unit)}"
        yield f"en: {_text(row.label)}"
        yield f"zh: {_text(row.zh)}"
    codes = [code for code in _HEX.findall(row.remark) if "sensor" in row.remark.lower()]
    codes += [code for code in _HEX.findall(row.remark) if re.search("无|故障|断", row.remark)]
    if codes:
        yield f"absent: [{', '.join(dict.fromkeys(codes))}]"
    if words:
        yield f"values: {{{', '.join(f'{raw}: {_text(word)}' for raw, word in words.items())}}}"
    yield from _bounds(row, bool(words))


def _bounds(row: Row, words: bool) -> Iterator[str]:
    """Limits of a sensor, and those of a write."""
    number = not words and row.kind != "bool" and row.table not in ("coil", "discrete")
    ranged = number and (row.unit or row.writable)
    told = _RANGE.search(_HEX.sub("", row.remark)) if ranged else None
    limits = LIMITS.get(row.name) or (LIMITS["*"] if row.name.endswith("_temp") else None)
    if number and not row.writable and (told or limits):
        low, high = told.groups() if told else (limits or ("", ""))
        yield f"low: {low}, high: {high}"
    if not row.writable:
        return
    parts: list[str] = []
    if number and told:
        step = _STEP.search(row.remark.lower())
        parts = [f"low: {told[1]}", f"high: {told[2]}", f"step: {step[1] if step else row.scale}"]
    if number and row.name in _PARKS:
        parts.append(f'park: "{_PARKS[row.name]}"')
    yield f"write: {{{', '.join(parts)}}}"


def _values(row: Row) -> dict[int, str]:
    """Words of a remark; none for truth values and fault codes."""
    if row.unit or row.kind == "bool" or row.name == "fault_code":
        return {}
    if row.table in ("coil", "discrete"):
        return {}
    return {raw: _english(word) for raw, word in _words(row.remark).items()}


def _words(remark: str) -> dict[int, str]:
    """The entries of a list such as `0 standby, 1 heating` or `0待机 1制热`."""
    text = _HEX.sub("", remark)
    entries = _ENTRIES.split(text)
    if len(entries) == 1 and not _RANGE.search(text):
        entries = _BLANKS.split(text)
    found = (_WORD.search(one) for one in entries if not _RANGE.search(one))
    return {int(one[1]): one[2].strip() for one in found if one}


def _english(word: str) -> str:
    """A word for a value; empty where only the vendor knows one, so that the check asks for it."""
    plain = latin(word)
    return CHINESE_WORDS.get(word) or OTHER_WORDS.get(plain, plain)


def _faults(rows: Iterable[Row]) -> Iterator[str]:
    row = next((row for row in rows if row.name == "fault_code"), None)
    if row is None:
        return
    yield "faults:"
    yield "  point: fault_code"
    texts = _words(row.remark)
    if any(texts):
        yield "  codes:"
    for code, text in texts.items():
        if code:
            language = "en" if text.isascii() else "zh"
            other = "zh" if language == "en" else "en"
            said = f"{language}: {_text(text)}, {other}: {_text('')}"
            yield f'    {code}: {{label: "{code}", {said}}}'


def _text(text: str, quoted: bool = False) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED and not quoted
    return text if plain else json.dumps(text, ensure_ascii=False)
