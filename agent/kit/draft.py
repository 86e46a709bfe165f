"""A vendor's table in, the draft of a map and of its package out. Pure: text in, text out.

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
from typing import Any, Literal

from agent.errors import FileError, Mistake
from agent.kit.knowledge import CANONICAL_OF, OTHER_WORDS
from agent.kit.vocabulary import LIMITS, canonical, column, kind_of, unit_of
from agent.model import POINTS, PointId, Unit

Numbers = Literal["classic", "from-1", "wire"]
_CLASSIC = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_TABLES = {"coil", "discrete", "input", "holding"}
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:\.\.|to|~|～|至|-)\s*(-?\d+(?:\.\d+)?)")
_STEP = re.compile(r"(?:steps?(?: of)?|步长)\s*[:=]?\s*(\d+(?:\.\d+)?)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_WORDS = re.compile(r"(\d+)\s*[:=：]?\s*([^\d,;，；:=：][^,;，；]*)")
_PLAIN = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff ./()（）-]*")
_BREAK = re.compile(r"[\s,;，；]*[\r\n]\s*")
_CLAUSE = re.compile(r"[,，;；、.。()（）]")
_WRITES = re.compile(r"写|(?<![a-z])(?:r?w[ro]?|(?:read)?writ[a-z]*)(?![a-z])")
_DENIES = re.compile(
    r"[不无非禁勿否未]|保护|protect|disabl|forbid|prohibit|n['’]t(?![a-z])"
    r"|(?<![a-z])(?:n|no|not|non|never|cannot|without)(?![a-z])"
)
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


def rows_of(text: str, file: str, numbers: Numbers) -> tuple[Row, ...]:
    """The lines of a point list. Raises FileError with every line that cannot be understood."""
    # A cell may hold line breaks: what a line is, the reader says. It counts the file's own lines.
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    filled = (cells for cells in _read(reader, file) if any(cell.strip() for cell in cells))
    heads = {known: i for i, head in enumerate(next(filled, [])) if (known := column(head))}
    missing = [name for name in ("number", "name") if name not in heads]
    if missing:
        allowed = "number, name, type, scale, unit, access, remark (and table, zh)"
        raise FileError([Mistake(file, 1, "", f"no column {' and '.join(missing)}", allowed)])
    rows: list[Row] = []
    mistakes: list[Mistake] = []
    for cells in filled:
        cell = {known: _one_line(known, "".join(cells[i : i + 1])) for known, i in heads.items()}
        try:
            rows.append(_row(cell, numbers))
        except ValueError as error:
            mistakes.append(Mistake(file, reader.line_num, cell["name"], str(error)))
    if mistakes:
        raise FileError(mistakes)
    return tuple(_unique(rows))


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
    kind = kind_of(cell.get("type", ""))
    chinese = not label.isascii()
    found = canonical(label) or canonical(cell.get("zh", "")) or f"x_{_slug(label, at)}"
    return Row(
        found,
        "" if chinese else label,
        cell.get("zh", "") or (label if chinese else ""),
        table,
        at,
        kind,
        scale,
        unit_of(unit_text),
        _is_writable(cell.get("access", "")),
        cell.get("remark", ""),
    )


def _is_writable(access: str) -> bool:
    """Whether a clause of the cell says so and denies nothing: `R/W, not saved` does."""
    clauses = _CLAUSE.split(access.lower())
    return any(_WRITES.search(one) and not _DENIES.search(one) for one in clauses)


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
    return _latin(label) or f"word_{at}"


def _latin(text: str) -> str:
    """What of a text can stand in a name; nothing of one that has no Latin letters or digits."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


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
    rows = tuple(rows)
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
        "points:",
        *(f"  {row.name}: {{{', '.join(_fields(row))}}}" for row in rows),
        *_faults(rows),
    ]
    offered = {row.name for row in rows if row.writable}
    can = [f"{word}: {name}" for word, name in CANONICAL_OF.items() if name in offered]
    if can:
        lines.append(f"capabilities: {{{', '.join(can)}}}")
    return "\n".join(lines) + "\n"


def _fields(row: Row) -> Iterator[str]:
    words = _values(row)
    if row.table != "holding":
        yield f"table: {row.table}"
    yield f"at: {row.at}"
    if row.kind != "u16" and row.table not in ("coil", "discrete"):
        yield f"type: {row.kind}"
    if row.scale != "1":
        yield f"scale: {row.scale}"
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
    told = _RANGE.search(_HEX.sub("", row.remark)) if number and row.unit else None
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
    if number and row.name == "water_setpoint":
        parts.append('park: "45"')
    yield f"write: {{{', '.join(parts)}}}"


def _values(row: Row) -> dict[int, str]:
    """Words of a remark such as `0 standby, 1 heating`; none for truth values and fault codes."""
    if row.unit or row.kind == "bool" or row.name in ("fault_code", "power_on"):
        return {}
    if row.table in ("coil", "discrete"):
        return {}
    found = {int(raw): word.strip() for raw, word in _WORDS.findall(_HEX.sub("", row.remark))}
    words = {raw: _slug(word, raw) for raw, word in found.items()}
    return {raw: OTHER_WORDS.get(word, word) for raw, word in words.items()}


def _faults(rows: Iterable[Row]) -> Iterator[str]:
    row = next((row for row in rows if row.name == "fault_code"), None)
    if row is None:
        return
    yield "faults:"
    yield "  point: fault_code"
    texts = {int(raw): word.strip() for raw, word in _WORDS.findall(row.remark)}
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


# --- the package ----------------------------------------------------------------------------


def package(name: str, brand: str, map_text: str) -> dict[str, str]:
    """The files of an installable package with one map: path -> text.

    It goes by the brand, or by the map where the brand is not written in Latin letters: the
    packages of two such makers must not take each other's place.
    """
    told = _latin(brand)
    maker = told if re.search("[a-z]", told) else _latin(name)
    module = f"heatpump_{maker}"
    project = f"""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{module.replace("_", "-")}"
version = "0.1.0"
dependencies = ["heatpump-agent"]

[project.entry-points."heatpump_agent.drivers"]
{name} = "{module}:{name}"

[tool.setuptools]
packages = ["{module}"]

[tool.setuptools.package-data]
{module} = ["*.yaml"]
"""
    code = f'''"""Drivers for heat pumps of {brand}."""

from agent.drivers import DriverSource

{name} = DriverSource(__name__, "{name}.yaml")
'''
    return {
        "pyproject.toml": project,
        f"{module}/__init__.py": code,
        f"{module}/{name}.yaml": map_text,
    }
