"""Mistakes about the machine as a whole that a careful reader could find in the map alone."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from bench.mutations import (
    Kind,
    Tree,
    codes,
    has,
    holes,
    lacks,
    limited,
    line,
    named,
    point,
    some,
    table,
    taken,
    whole,
)


def _dangerous(tree: Tree, chance: Random) -> str | None:
    used, spans = taken(tree, "coil"), holes(tree, "coil")
    inside = (at for at in range(100) if not any(low <= at <= high for low, high in spans))
    at = next((at for at in inside if at not in used), None)
    if at is None:
        return None
    rule = {"table": "coil", "at": str(at), "en": "factory reset", "zh": "恢复出厂设置"}
    tree["points"]["x_factory_reset"] = {**rule, "write": {}}
    return "factory reset may be written"


def _capability(key: str, to: Callable[[Tree, Random], str | None]) -> Any:
    def change(tree: Tree, chance: Random) -> str | None:
        name = to(tree, chance)
        if name is None or key not in tree.get("capabilities", {}):
            return None
        tree["capabilities"][key] = name
        return f"{key} is {name}"

    return change


def _forget_capability(tree: Tree, chance: Random) -> str | None:
    known = [key for key in tree.get("capabilities", {}) if key != "sg_ready"]
    if not known:
        return None
    key = chance.choice(known)
    del tree["capabilities"][key]
    return f"{key} not offered"


def _seconds(tree: Tree) -> float:
    text = str(tree.get("every", "30 s"))
    return float(text.split(maxsplit=1)[0]) * {"s": 1, "min": 60, "ms": 0.001}[text.split()[1]]


def _too_quiet(tree: Tree, chance: Random) -> str:
    tree.setdefault("line", {})["max_silence"] = f"{_seconds(tree) * 1.5:g} s"
    return f"drops control after {tree['line']['max_silence']}, polled every {tree.get('every')}"


def _large_block(tree: Tree, chance: Random) -> str | None:
    name = some(tree, chance, has("at"), lambda _, r: table(r) in ("holding", "input"))
    rule = tree["points"][name] if name else {"at": "0"}
    count = int(tree.get("line", {}).get("max_words", "50")) + 5
    block = {"table": table(rule), "at": rule["at"], "count": str(count)}
    tree["blocks"] = [*tree.get("blocks", []), block]
    return f"a fixed read of {count} words"


def _never_ready(tree: Tree, chance: Random) -> str | None:
    if "ready" in tree:
        tree["ready"] |= {"mask": "15", "equals": "23"}
        return "ready when (word & 15) is 23"
    name = some(tree, chance, named("software|model|status"), lacks("bits"))
    if name is None:
        return None
    tree["ready"] = {"point": name, "mask": "1", "equals": "2"}
    return f"ready when ({name} & 1) is 2"


def _changing_constant(tree: Tree, chance: Random) -> str | None:
    name = some(tree, chance, named("_temp$|_frequency$"))
    tree["constant"] = [name] if name else []
    return f"{name} never changes" if name else None


def _code(edit: Callable[[Tree, Random, str], str | None]) -> Callable[[Tree, Random], str | None]:
    def change(tree: Tree, chance: Random) -> str | None:
        known = [raw for raw, code in codes(tree).items() if code.get("kind") != "status"]
        return edit(tree, chance, chance.choice(known)) if known else None

    return change


def _code_text(language: str, value: str) -> Callable[[Tree, Random], str | None]:
    def edit(tree: Tree, chance: Random, raw: str) -> str:
        codes(tree)[raw][language] = value or codes(tree)[raw]["label"]
        return f"code {raw}: {language} {codes(tree)[raw][language]!r}"

    return _code(edit)


def _label_twice(tree: Tree, chance: Random, raw: str) -> str | None:
    other = chance.choice(list(codes(tree)))
    if other == raw:
        return None
    codes(tree)[raw]["label"] = codes(tree)[other]["label"]
    return f"code {raw} has the label of {other}"


def _fault_is_none(tree: Tree, chance: Random, raw: str) -> str:
    tree["faults"]["none"] = [*tree["faults"].get("none", []), raw]
    return f"code {raw} is a fault and none"


def _no_point(tree: Tree, chance: Random, raw: str) -> str | None:
    return "faults without their point" if tree["faults"].pop("point", None) else None


def _state_as_fault(tree: Tree, chance: Random, raw: str) -> str:
    free_code = str(next(code for code in range(1, 256) if str(code) not in codes(tree)))
    codes(tree)[free_code] = {"label": "d0", "en": "defrosting", "zh": "除霜中"}
    return f"code {free_code}, defrosting, is a fault"


def _status_forgotten(tree: Tree, chance: Random) -> str | None:
    for raw, code in codes(tree).items():
        if code.get("kind") == "status" and ("running" in code["en"] or code["en"] == "defrosting"):
            del code["kind"]
            return f"code {raw}, {code['en']}, is a fault"
    return None


MACHINE: tuple[Kind, ...] = (
    Kind("dangerous word offered", _dangerous),
    Kind(
        "capability of a point not writable",
        _capability("mode", lambda t, c: some(t, c, named("_temp$"))),
    ),
    Kind(
        "capability of another kind",
        _capability("on_off", lambda t, c: some(t, c, named("setpoint$|offset$"), limited)),
    ),
    Kind("capability forgotten", _forget_capability),
    Kind("silence too long", _too_quiet),
    Kind("polled faster than the line", whole("every", "20 ms")),
    Kind("read longer than max_words", _large_block),
    Kind("baud rate misprinted", line("baudrate", "960")),
    Kind("written although another is master", line("master", "passive")),
    Kind("ready gate that never opens", _never_ready),
    Kind("constant that changes", _changing_constant),
    Kind(
        "basic set incomplete",
        point(
            named("^water_return_temp$"), edit=lambda n, r, t, c: t["points"].pop(n) and "left out"
        ),
    ),
    Kind("fault text missing", _code_text("en", " ")),
    Kind("fault text is its label", _code_text("en", "")),
    Kind("fault text in one language", _code_text("zh", "")),
    Kind("faults without their point", _code(_no_point)),
    Kind("fault label twice", _code(_label_twice)),
    Kind("fault that means none", _code(_fault_is_none)),
    Kind("state as fault: added", _code(_state_as_fault)),
    Kind("state as fault: kind forgotten", _status_forgotten),
)
