"""Mistakes people make in register maps, as changes of a map's plain tree.

A kind changes one thing of a right map and returns what it changed, or None where the map has
nothing of the sort. `knowable` says, from what the mistake is and not from how anything looks for
it, whether a careful reader could find it in the map alone; if not, `reason` says what it takes.
Nothing here knows how maps are checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import yaml

Tree = dict[str, Any]
Change = Callable[[Tree, Random], str | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mistake."""

    name: str
    change: Change
    knowable: bool = True
    reason: str = ""


def tree_of(text: str) -> Tree:
    """A map as plain text and mappings; hexadecimal numbers become decimal ones."""
    tree: Tree = yaml.load(text, Loader=yaml.BaseLoader)
    plain: Tree = _decimal(tree)
    return plain


def text_of(tree: Tree) -> str:
    """The map's text again: JSON is YAML. A key under `+` is written twice."""
    text = json.dumps({k: v for k, v in tree.items() if k != "+"}, ensure_ascii=False, indent=1)
    if "+" in tree:
        text = text.replace('"points": {', f'"points": {{\n  "{tree["+"]}": {{"at": "9"}},', 1)
    return text


def _decimal(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _decimal(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_decimal(one) for one in node]
    return str(int(node, 16)) if re.fullmatch(r"0x[0-9a-fA-F]+", node) else node


# --- finding a place ------------------------------------------------------------------------


def some(tree: Tree, chance: Random, *tests: Callable[[str, Tree], Any]) -> str | None:
    """A point for which everything holds."""
    fit = [name for name, rule in tree["points"].items() if all(test(name, rule) for test in tests)]
    return chance.choice(fit) if fit else None


def has(*keys: str) -> Callable[[str, Tree], Any]:
    return lambda _, rule: all(key in rule for key in keys)


def lacks(*keys: str) -> Callable[[str, Tree], Any]:
    return lambda _, rule: not any(key in rule for key in keys)


def named(pattern: str) -> Callable[[str, Tree], Any]:
    return lambda name, _: re.search(pattern, name)


def limited(_: str, rule: Tree) -> bool:
    """A writable number with limits."""
    return "low" in rule.get("write", {})


def read_only(_: str, rule: Tree) -> bool:
    return "write" not in rule


def is_number(_: str, rule: Tree) -> bool:
    plain = not any(key in rule for key in ("values", "bits", "mask", "pack", "plus"))
    return plain and rule.get("type", "u16") in ("u16", "s16", "u32", "s32")


def scale(rule: Tree) -> Fraction:
    return Fraction(rule.get("scale", "1"))


def table(rule: Tree) -> str:
    return str(rule.get("table", "holding"))


def width(rule: Tree) -> int:
    return 2 if rule.get("type", "")[1:] == "32" else 1


def taken(tree: Tree, kind: str) -> set[int]:
    """Addresses of a table that points, packs, terms or fault bits use."""
    used: set[int] = set()
    for rule in tree["points"].values():
        if table(rule) == kind:
            places = [rule, *rule.get("pack", []), *rule.get("plus", [])]
            used |= {int(p["at"]) + i for p in places if "at" in p for i in range(width(rule))}
    for bit in tree.get("faults", {}).get("bits", []):
        if table(bit) == kind:
            used.add(int(bit["at"]))
    return used


def holes(tree: Tree, kind: str) -> list[tuple[int, int]]:
    spans = tree.get("holes", {}).get(kind, [])
    ends = [str(span).split("..") for span in ([spans] if isinstance(spans, str) else spans)]
    return [(int(end[0]), int(end[-1])) for end in ends]


def free(tree: Tree, kind: str, at: int) -> bool:
    """Whether nobody uses an address and nothing says that the machine does not answer there."""
    inside = any(low <= at <= high for low, high in holes(tree, kind))
    return 0 <= at <= 65535 and not inside and at not in taken(tree, kind)


def codes(tree: Tree) -> dict[str, Tree]:
    found: dict[str, Tree] = tree.get("faults", {}).get("codes", {})
    return found


def decimal(number: Fraction) -> str:
    value = float(number)
    return str(int(value)) if value == int(value) else repr(value)


# --- making a change ------------------------------------------------------------------------

Test = Callable[[str, Tree], Any]
Edit = Callable[[str, Tree, Tree, Random], str | None]
"""Name and rule of the point, the whole map, chance; what was changed, or None."""


def point(*tests: Test, edit: Edit) -> Callable[[Tree, Random], str | None]:
    """A change of one point for which the tests hold."""

    def change(tree: Tree, chance: Random) -> str | None:
        name = some(tree, chance, *tests)
        told = edit(name, tree["points"][name], tree, chance) if name is not None else None
        return None if told is None else f"{name}: {told}"

    return change


def put(key: str, value: Any, inside: str = "") -> Edit:
    """Give a key of the point, or of its write, this value."""

    def edit(_: str, rule: Tree, tree: Tree, chance: Random) -> str:
        place = rule[inside] if inside else rule
        place[key] = value
        return f"{key} {value}"

    return edit


def drop(*keys: str, inside: str = "") -> Edit:
    """Leave keys out."""

    def edit(_: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
        place = rule[inside] if inside else rule
        gone = [key for key in keys if place.pop(key, None) is not None]
        return f"{', '.join(gone)} left out" if gone else None

    return edit


def whole(key: str, value: Any) -> Callable[[Tree, Random], str | None]:
    """Give a key of the whole map this value."""

    def change(tree: Tree, chance: Random) -> str:
        tree[key] = value
        return f"{key} {value}"

    return change


def line(key: str, value: Any) -> Callable[[Tree, Random], str | None]:
    """Give a key of the line this value."""

    def change(tree: Tree, chance: Random) -> str:
        tree.setdefault("line", {})[key] = value
        return f"line {key} {value}"

    return change


def exchange(one: str, other: str) -> Edit:
    """Exchange two keys of a point."""

    def edit(_: str, rule: Tree, tree: Tree, chance: Random) -> str:
        rule[one], rule[other] = rule[other], rule[one]
        return f"{one} and {other} exchanged"

    return edit


def ten_times(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    """A scale ten times as large."""
    rule["scale"] = decimal(scale(rule) * 10)
    return f"scale {rule['scale']}"
