"""Mistakes that a map cannot show: each says what it takes to see it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from bench.mutations import (
    Kind,
    Tree,
    codes,
    free,
    has,
    is_number,
    named,
    point,
    put,
    read_only,
    scale,
    table,
    taken,
    ten_times,
    width,
)


def _neighbour(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    """Off by one, to an address of which nothing is known."""
    at = int(rule["at"])
    for other in chance.sample((at - 1, at + 1), 2):
        if free(tree, table(rule), other):
            rule["at"] = str(other)
            return f"at {other} for {at}"
    return None


def _swap(one: str, other: str) -> Callable[[Tree, Random], str | None]:
    def change(tree: Tree, chance: Random) -> str | None:
        first, second = tree["points"].get(one), tree["points"].get(other)
        if not first or not second or "at" not in first or "at" not in second:
            return None
        if table(first) != table(second):
            return None
        first["at"], second["at"] = second["at"], first["at"]
        return f"addresses of {one} and {other} exchanged"

    return change


def _swap_all_words(tree: Tree, chance: Random) -> str | None:
    if not any(width(rule) == 2 for rule in tree["points"].values()):
        return None
    usual = tree.get("words", "high-first")
    tree["words"] = "low-first" if usual == "high-first" else "high-first"
    return f"words {tree['words']}"


def _swap_values(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    words = rule["values"]
    heat = [raw for raw, word in words.items() if word == "heat"]
    cool = [raw for raw, word in words.items() if word == "cool"]
    if not heat or not cool:
        return None
    words[heat[0]], words[cool[0]] = "cool", "heat"
    return "heat and cool exchanged"


def _no_absent(tree: Tree, chance: Random) -> str | None:
    if "s16" not in tree.get("absent", {}):
        return None
    del tree["absent"]["s16"]
    return "absent codes of s16 left out"


def _other_table(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    other = "holding" if table(rule) == "input" else "input"
    if int(rule["at"]) in taken(tree, other) or not free(tree, other, int(rule["at"])):
        return None
    rule["table"] = other
    return f"table {other}"


def _bit_off(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    bit = (int(rule["bits"]) + chance.choice((-1, 1))) % 16
    for other in tree["points"].values():
        if other.get("at") == rule["at"] and table(other) == table(rule):
            low, *high = str(other.get("bits", "0..15")).split("..")
            if int(low) <= bit <= int(high[0] if high else low):
                return None
    rule["bits"] = str(bit)
    return f"bit {bit}"


def _codes_shifted(tree: Tree, chance: Random) -> str | None:
    raws = [raw for raw, code in codes(tree).items() if code.get("kind") != "status"]
    if len(raws) < 2:
        return None
    texts = [codes(tree)[raw] for raw in raws]
    codes(tree).update(zip(raws, texts[1:] + texts[:1], strict=True))
    return "every fault text one row too high"


def _none_code(tree: Tree, chance: Random) -> str | None:
    if tree.get("faults", {}).get("none") != ["255"]:
        return None
    del tree["faults"]["none"]
    return "255 is no longer no fault"


def _longer_silence(tree: Tree, chance: Random) -> str | None:
    if "max_silence" not in tree.get("line", {}):
        return None
    tree["line"]["max_silence"] = "10 min"
    return "max_silence 10 min"


def _command_off_by_one(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    at = int(rule["write"]["at"]) + 1
    others = {r.get("write", {}).get("at") for r in tree["points"].values()}
    if str(at) in others or at in taken(tree, "holding"):
        return None
    rule["write"]["at"] = str(at)
    return f"written to {at}"


HIDDEN: tuple[Kind, ...] = (
    Kind(
        "wrong address by one",
        point(
            has("at"),
            is_number,
            named("temp$|frequency|current|voltage|speed"),
            read_only,
            edit=_neighbour,
        ),
        False,
        "both addresses are plausible; only a value tells which is right",
    ),
    Kind(
        "supply and return exchanged",
        _swap("water_supply_temp", "water_return_temp"),
        False,
        "both are water temperatures; while it heats the supply is the warmer one",
    ),
    Kind(
        "scale x10 within belief",
        point(
            named("^(heat_)?energy_total$|^x_.*energy$"), has("scale"), is_number, edit=ten_times
        ),
        False,
        "a counter may have any size",
    ),
    Kind(
        "scale x10 of a power",
        point(
            named("^(active|thermal)_power$"),
            lambda _, r: scale(r) <= 10,
            is_number,
            edit=ten_times,
        ),
        False,
        "100 W is a count of some machines, and 10 W of others",
    ),
    Kind(
        "words swapped in the whole map",
        _swap_all_words,
        False,
        "both orders exist; a counter of billions tells",
    ),
    Kind(
        "meanings exchanged",
        point(named("^mode_active$"), has("values"), edit=_swap_values),
        False,
        "which number heats is known to the machine only",
    ),
    Kind("missing sentinel", _no_absent, False, "a machine with every sensor fitted never says it"),
    Kind(
        "table wrong",
        point(has("at"), is_number, named("_temp$"), read_only, edit=_other_table),
        False,
        "the machine refuses, or answers something else",
    ),
    Kind(
        "wrong bit",
        point(has("bits"), read_only, lambda _, r: ".." not in r["bits"], edit=_bit_off),
        False,
        "bits of one word look alike until one of them is set",
    ),
    Kind(
        "truth inverted",
        point(lambda _, r: r.get("type") == "bool" and "write" not in r, edit=put("off", ["1"])),
        False,
        "some machines do say 1 for off",
    ),
    Kind(
        "no-fault code wrong",
        _none_code,
        False,
        "the healthy machine shows it, and an alarm would stand",
    ),
    Kind(
        "fault texts shifted by a row",
        _codes_shifted,
        False,
        "not even a trace: needs a machine with that fault on its display",
    ),
    Kind(
        "max_silence longer than it is",
        _longer_silence,
        False,
        "not even a trace: needs a machine left alone until it drops control",
    ),
    Kind(
        "command address off by one",
        point(lambda _, r: "at" in r.get("write", {}), edit=_command_off_by_one),
        False,
        "not a trace of reads: needs one write that is read back on the machine",
    ),
)
