"""YAML text to typed records, for configurations and register maps. Pure: text in, records out.

Every plain scalar stays the text it looks like (`22:00`, `on`, `010`) until the type of its field
says what it is; only `0x..` is read as a number at once. Repeated keys are refused. All mistakes of
a file are reported together, each with file, line, path and the allowed values.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from math import isfinite
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
import yaml

from agent.errors import FileError, Mistake

T = TypeVar("T")
Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_HEX = re.compile(r"-?0x[0-9a-fA-F]{1,16}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min|h|d)")
_DEPTH = 32
_NODES = 200_000
"""What aliases stand for included; the longest map has 2,000. A few lines of aliases of aliases
could otherwise stand for more than there is memory."""
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Duration(float):
    """Seconds, written with their unit: `200 ms`, `10 s`, `15 min`, `4 h`, `2 d`."""

    @classmethod
    def parse(cls, text: object) -> Duration:
        found = _DURATION.fullmatch(str(text))
        if not found:
            raise ValueError(f"{text!r} is no duration")
        return cls(float(found[1]) * _SECONDS[found[2]])


class Span:
    """A closed range of whole numbers, written `7` or `22..99`. Immutable by custom.

    Not a dataclass: msgspec would take that for a mapping of its fields instead of one scalar.
    """

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span) and (self.low, self.high) == (other.low, other.high)

    def __hash__(self) -> int:
        return hash((self.low, self.high))

    def __repr__(self) -> str:
        return f"{self.low}..{self.high}" if self.low != self.high else str(self.low)

    @classmethod
    def parse(cls, text: object) -> Span:
        parts = str(text).split("..")
        try:
            numbers = [int(part, 0) for part in parts]
        except ValueError:
            raise ValueError(f"{text!r} is no range") from None
        if len(numbers) > 2 or numbers[0] > numbers[-1]:
            raise ValueError(f"{text!r} is no range")
        return cls(numbers[0], numbers[-1])

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high

    def __len__(self) -> int:
        return self.high - self.low + 1


class Ratio(Fraction):
    """An exact scale, written `0.1`, `10` or `1/6`."""

    @classmethod
    def parse(cls, text: object) -> Ratio:
        try:
            return cls(str(text))
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{text!r} is no exact number") from None


_CUSTOM: dict[Any, tuple[Callable[[object], Any], str]] = {
    Duration: (Duration.parse, "a number with ms, s, min, h or d, such as 10 s"),
    Span: (Span.parse, "a whole number or a range such as 22..99"),
    Ratio: (Ratio.parse, "an exact number such as 0.1 or 1/6"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its tree of mappings, sequences and text, and the line of every place."""

    file: str
    tree: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest ancestor that has one."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def mistake(self, path: Path, message: str, allowed: str = "") -> Mistake:
        return Mistake(self.file, self.line(path), show(path), message, allowed)

    def read(self, kind: type[T]) -> T:
        """The whole file as a record of this kind; raises FileError with every mistake."""
        mistakes: list[Mistake] = []
        record = _build(self, self.tree, kind, (), mistakes)
        if mistakes:
            raise FileError(mistakes)
        return record  # type: ignore[no-any-return]


def parse(text: str, file: str) -> Document:
    """Parse one YAML document. Raises FileError for broken YAML and for repeated keys."""
    try:
        _bounded(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise FileError([Mistake(file, line, "", f"not YAML: {error.problem}")]) from None
    except yaml.YAMLError as error:
        raise FileError([Mistake(file, 1, "", f"not YAML: {error}")]) from None
    lines: dict[Path, int] = {}
    mistakes: list[Mistake] = []
    tree = _plain(node, (), lines, mistakes, file)
    if mistakes:
        raise FileError(mistakes)
    return Document(file, tree, lines)


def _bounded(text: str, file: str) -> None:
    """Raises FileError for what is nested too deeply or stands for too much.

    Judged by the parser's events, one after the other: the composer in C calls itself for every
    level, and a long row of brackets would end the whole program.
    """
    opened: list[tuple[str | None, int]] = []
    sizes: dict[str, int] = {}
    nodes = 0
    for event in yaml.parse(text, Loader=_LOADER):
        anchor: str | None = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            nodes += sizes.get(str(anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((anchor, nodes))
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = opened.pop()
            if name is not None:
                sizes[name] = nodes - before
        if len(opened) > _DEPTH or nodes > _NODES:
            line = event.start_mark.line + 1 if event.start_mark else 1
            what = "nested too deeply" if len(opened) > _DEPTH else "stands for too much"
            raise FileError([Mistake(file, line, "", what)])


def show(path: Path) -> str:
    """A path as people write it: `lines[0].devices[1].unit_id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _plain(
    node: Any, path: Path, lines: dict[Path, int], mistakes: list[Mistake], file: str
) -> object:
    if node is None:
        return {}
    lines[path] = node.start_mark.line + 1
    if len(path) > _DEPTH:
        raise FileError(
            [Mistake(file, lines[path], "", "nested too deeply, or an alias of itself")]
        )
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, (*path, index), lines, mistakes, file)
            for index, item in enumerate(node.value)
        ]
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here = (*path, key)
        if key in result:
            line = key_node.start_mark.line + 1
            first = lines[here]
            message = f"key repeated (first in line {first})"
            mistakes.append(Mistake(file, line, show(here), message, "each key once"))
        result[key] = _plain(value_node, here, lines, mistakes, file)
        lines[here] = key_node.start_mark.line + 1
    return result


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    if not node.style:  # plain; the C loader says '' where the Python one says None
        if text in ("", "~", "null"):
            return None
        if _HEX.fullmatch(text):
            return int(text, 16)
    return text


def _build(doc: Document, node: object, kind: Any, path: Path, mistakes: list[Mistake]) -> Any:
    """Walk the type and the tree together, so that every mistake has its own path."""
    kind = _core(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(doc, node, kind, path, mistakes)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType) and any(_is_struct(arg) for arg in args):
        if node is None:
            return None
        return _build(doc, node, next(a for a in args if _is_struct(a)), path, mistakes)
    if origin is dict and isinstance(node, dict):
        return _mapping(doc, node, args, path, mistakes)
    if origin is tuple and len(args) == 2 and args[1] is ...:
        items = node if isinstance(node, list) else [node]
        return tuple(
            _build(doc, item, args[0], (*path, index) if isinstance(node, list) else path, mistakes)
            for index, item in enumerate(items)
        )
    return _leaf(doc, node, kind, path, mistakes)


def _mapping(
    doc: Document,
    node: dict[str, object],
    args: tuple[Any, ...],
    path: Path,
    mistakes: list[Mistake],
) -> dict[Any, Any]:
    """A mapping with free keys; where they are numbers, `1` and `0x1` are the same key."""
    result: dict[Any, Any] = {}
    for text, value in node.items():
        here = (*path, text)
        is_hex = args[0] is int and _HEX.fullmatch(text)
        before = len(mistakes)
        key = int(text, 16) if is_hex else _leaf(doc, text, args[0], here, mistakes)
        if key in result and len(mistakes) == before:
            mistakes.append(doc.mistake(here, f"key repeated (as {key})", "each key once"))
        result[key] = _build(doc, value, args[1], here, mistakes)
    return result


def _struct(
    doc: Document, node: object, kind: type[msgspec.Struct], path: Path, mistakes: list[Mistake]
) -> Any:
    if not isinstance(node, dict):
        mistakes.append(doc.mistake(path, f"{node!r} where fields are needed", _fields(kind)))
        return None
    before = len(mistakes)
    fields = _fields_of(kind)
    for key in node:
        if key not in fields:
            near = get_close_matches(key, fields, 1)
            hint = f"unknown key; did you mean {near[0]}?" if near else "unknown key"
            mistakes.append(doc.mistake((*path, key), hint, _fields(kind)))
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in node:
            values[field.name] = _build(doc, node[name], field.type, (*path, name), mistakes)
        elif field.required:
            allowed = describe(field.type)
            mistakes.append(doc.mistake(path, f"{name} is missing", f"{name}: {allowed}"))
    if len(mistakes) > before:
        return None
    try:
        return kind(**values)
    except ValueError as error:
        mistakes.append(doc.mistake(path, str(error)))
        return None


@cache
def _fields_of(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Fields by name; kept, because reading the types of a record takes longer than its text."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _leaf(doc: Document, value: object, kind: Any, path: Path, mistakes: list[Mistake]) -> Any:
    try:
        leaf = msgspec.convert(value, kind, strict=False, dec_hook=_custom)
        if isinstance(leaf, float | Decimal) and not isfinite(leaf):
            raise ValueError(f"{value!r} is no finite number")
        return leaf
    except (msgspec.ValidationError, ValueError):
        shown = "nothing" if value is None else f"{value!r}"
        mistakes.append(doc.mistake(path, f"{shown} is not allowed here", describe(kind)))
        return None


def _custom(kind: type, value: object) -> Any:
    for known, (parser, _) in _CUSTOM.items():
        if kind is known:
            return value if isinstance(value, known) else parser(value)
    raise NotImplementedError(kind)


def _core(kind: Any) -> Any:
    return (
        get_args(kind)[0]
        if get_origin(kind) is Annotated and _is_struct(get_args(kind)[0])
        else kind
    )


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _fields(kind: type[msgspec.Struct]) -> str:
    return ", ".join(field.encode_name for field in msgspec.structs.fields(kind))


_PLAIN_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    str: "text",
    type(None): "null",
}


def describe(kind: Any) -> str:
    """The allowed values of a field type in words, for messages and for the reference."""
    if kind in _CUSTOM:
        return _CUSTOM[kind][1]
    if kind in _PLAIN_NAMES:
        return _PLAIN_NAMES[kind]
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return describe(args[0]) + "".join(_limits(extra) for extra in args[1:])
    if origin is Literal:
        return ", ".join(map(str, args))
    if origin in (Union, types.UnionType):
        return " or ".join(describe(arg) for arg in args)
    if origin is tuple:
        return f"a list of {describe(args[0])}"
    if origin is dict:
        return f"{describe(args[0])} -> {describe(args[1])}"
    if isinstance(kind, type) and hasattr(kind, "__members__"):
        values = (str(member.value) for member in kind.__members__.values())
        return ", ".join(value for value in values if value)
    return _fields(kind) if _is_struct(kind) else str(getattr(kind, "__name__", kind))


def _limits(meta: Any) -> str:
    if not isinstance(meta, msgspec.Meta):
        return ""
    bounds = [
        (" from ", meta.ge),
        (" above ", meta.gt),
        (" to ", meta.le),
        (" below ", meta.lt),
    ]
    text = "".join(f"{word}{bound}" for word, bound in bounds if bound is not None)
    return text + (f" like {meta.pattern}" if meta.pattern else "")


def number(text: str) -> Decimal:
    """An exact decimal from text; raises ValueError."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
