"""Mistakes in single points of a map that a careful reader could find in the map alone."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from bench.mutations import (
    Kind,
    Tree,
    decimal,
    drop,
    exchange,
    has,
    holes,
    is_number,
    lacks,
    limited,
    named,
    point,
    put,
    scale,
    some,
    table,
    ten_times,
    whole,
    width,
)


def _twice(tree: Tree, chance: Random) -> str:
    tree["+"] = chance.choice(list(tree["points"]))
    return f"{tree['+']} stands twice"


def _rename(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    tree["points"][f"{name}erature"] = tree["points"].pop(name)
    return "called by another name"


def _overlap(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    other = some(
        tree, chance, has("at"), lacks("mask"), lambda n, r: n != name and table(r) == table(rule)
    )
    if other is None or tree["points"][other]["at"] == rule["at"]:
        return None
    rule["at"] = tree["points"][other]["at"]
    return f"at {rule['at']}, which is {other}"


def _into_hole(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    spans = holes(tree, table(rule))
    if not spans:
        return None
    rule["at"] = str(chance.choice(spans)[0])
    return f"at {rule['at']}, in a hole"


def _ten_times_among_equals(tree: Tree, chance: Random) -> str | None:
    """Of five or more sensors of one sort that all count alike, one counts otherwise."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name, rule in tree["points"].items():
        if name.endswith("_temp") and is_number(name, rule):
            alike.setdefault((table(rule), rule.get("type", "u16")), []).append(name)
    rules = tree["points"]
    sets = [
        names
        for names in alike.values()
        if len(names) > 4 and {scale(rules[name]) for name in names} == {Fraction(1, 10)}
    ]
    if not sets:
        return None
    name = chance.choice(chance.choice(sets))
    return f"{name}: {ten_times(name, rules[name], tree, chance)}"


def _odd_order(tree: Tree, chance: Random) -> str | None:
    wide = [name for name, rule in tree["points"].items() if width(rule) == 2]
    if len(wide) < 2:
        return None
    name = chance.choice(wide)
    usual = tree.get("words", "high-first")
    tree["points"][name]["words"] = "low-first" if usual == "high-first" else "high-first"
    return f"{name}: words the other way round than the others"


def _second_label(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    other = some(tree, chance, has("en", "zh"), lambda n, r: n != name)
    if other is None:
        return None
    rule["en"] = tree["points"][other]["en"]
    return f"en of {other}"


def _value_twice(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    first, *rest = rule["values"]
    rule["values"][rest[0]] = rule["values"][first]
    return f"{first} and {rest[0]} are both {rule['values'][first]}"


def _other_word(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    for raw, word in rule["values"].items():
        if word in ("heat", "cool"):
            rule["values"][raw] = f"{word}ing"
            return f"{word}ing for {word}"
    return None


def _hide_frost(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["low"] = "-5"
    return "low -5, in a country with winters"


def _everyday_absent(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["absent"] = [*rule.get("absent", []), "65535"]
    return "absent 0xFFFF, one count below 0"


# --- writes ---------------------------------------------------------------------------------


def _wider(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["write"]["high"] = str(int(float(rule["write"]["high"])) + 50)
    return f"up to {rule['write']['high']} may be written"


def _off_grid(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["write"]["step"] = decimal(scale(rule) * Fraction(3, 2))
    return f"step {rule['write']['step']} at scale {scale(rule)}"


def _step_survives(_: str, rule: Tree) -> bool:
    """Whether a scale ten times as coarse could still say every step."""
    step = Fraction(rule.get("write", {}).get("step", "0"))
    return step == 0 or (step / (scale(rule) * 10)).denominator == 1


def _cold_park(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["write"] |= {"low": "10", "park": "15"}
    rule["write"].pop("low_from", None)
    return "parked at 15"


def _hit_another(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    other = some(
        tree, chance, has("at"), lacks("mask", "bits"), lambda n, r: n != name and not table_of(r)
    )
    if other is None:
        return None
    rule["write"]["at"] = tree["points"][other]["at"]
    return f"written to {rule['write']['at']}, which is {other}"


def table_of(rule: Tree) -> str:
    """The table where it is said."""
    return str(rule.get("table", ""))


def _wrong_unit_limit(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    other = some(tree, chance, named("compressor_frequency$|fan_speed|eev|hours"))
    if other is None:
        return None
    rule["write"]["high_from"] = other
    return f"highest value from {other}"


def _unsayable_condition(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    other = next(iter(rule["write"]["only_if"]))
    rule["write"]["only_if"][other] = ["sunny"]
    return f"only if {other} is sunny"


POINTS: tuple[Kind, ...] = (
    Kind("point twice", _twice),
    Kind("key misspelt", point(has("at"), edit=put("sclae", "0.1"))),
    Kind("point by another name", point(named("^(outdoor|dhw|water_return)_temp$"), edit=_rename)),
    Kind(
        "unit of a known point wrong", point(named("^water_.*temp$|^dhw"), edit=put("unit", "bar"))
    ),
    Kind(
        "unit of an own point wrong",
        point(named("^x_.*_temp$|^x_.*energy$"), has("unit"), edit=put("unit", "Hz")),
    ),
    Kind("label missing", point(named("^x_"), has("zh"), edit=drop("zh"))),
    Kind("labels exchanged", point(named("^x_"), has("zh", "en"), edit=exchange("en", "zh"))),
    Kind("label of another point", point(named("^x_"), has("en"), edit=_second_label)),
    Kind("source missing", whole("source", [])),
    Kind("machine missing", whole("covers", [])),
    Kind("another API", whole("api", "2")),
    Kind("overlapping point", point(has("at"), lacks("mask", "bits", "write"), edit=_overlap)),
    Kind("address in a hole", point(has("at"), lacks("write", "bits"), edit=_into_hole)),
    Kind(
        "scale x10: steps no longer sayable",
        point(limited, lambda n, r: not _step_survives(n, r), edit=ten_times),
    ),
    Kind(
        "scale x10: coarser than any machine",
        point(named("^(?!x_).*_temp$"), lambda _, r: scale(r) == 1, is_number, edit=ten_times),
    ),
    Kind("scale x10: unlike its equals", _ten_times_among_equals),
    Kind(
        "sign missing: outdoor",
        point(named("^outdoor_temp$"), lambda _, r: r.get("type") == "s16", edit=drop("type")),
    ),
    Kind(
        "sign missing: below its own limit",
        point(
            lambda _, r: r.get("type") == "s16" and float(r.get("low", 0)) < 0, edit=drop("type")
        ),
    ),
    Kind(
        "counter of one word",
        point(
            named("^(heat_)?energy_total$"),
            lambda _, r: r.get("type") == "u32" and scale(r) < 1,
            edit=put("type", "u16"),
        ),
    ),
    Kind("words swapped: unlike its equals", _odd_order),
    Kind(
        "limits missing",
        point(named("^(?!x_).*_temp$"), has("low", "high"), edit=drop("low", "high")),
    ),
    Kind("limits hide frost", point(named("^outdoor_temp$"), has("low"), edit=_hide_frost)),
    Kind(
        "limits let anything pass",
        point(named("^(?!x_).*_temp$"), has("high"), edit=put("high", "3000")),
    ),
    Kind("limits exchanged", point(has("low", "high"), edit=exchange("low", "high"))),
    Kind(
        "absent code is an everyday value",
        point(
            named("^outdoor_temp$"),
            lambda _, r: r.get("type") == "s16",
            lacks("switch"),
            edit=_everyday_absent,
        ),
    ),
    Kind(
        "absent code wider than the word",
        point(is_number, lambda _, r: width(r) == 1, edit=put("absent", ["131071"])),
    ),
    Kind("jump too small", point(named("_temp$"), has("jump"), edit=put("jump", "0.5"))),
    Kind(
        "bit beyond the word",
        point(has("bits"), lambda _, r: ".." not in r["bits"], edit=put("bits", "16")),
    ),
    Kind(
        "one word for two values",
        point(has("values", "write"), lambda _, r: len(r["values"]) > 1, edit=_value_twice),
    ),
    Kind("mode in other words", point(named("^mode(_active)?$"), has("values"), edit=_other_word)),
    Kind("write limit too wide", point(named("^(water|dhw)_setpoint$"), limited, edit=_wider)),
    Kind(
        "write limits exchanged",
        point(limited, edit=lambda n, r, t, c: exchange("low", "high")(n, r["write"], t, c)),
    ),
    Kind("write limits missing", point(limited, edit=drop("low", "high", inside="write"))),
    Kind("step off the grid", point(limited, lambda _, r: "switch" not in r, edit=_off_grid)),
    Kind(
        "park value missing",
        point(named("^water_setpoint$|^curve_offset$"), limited, edit=drop("park", inside="write")),
    ),
    Kind(
        "park value beyond the limits",
        point(named("^water_setpoint$|^curve_offset$"), limited, edit=put("park", "90", "write")),
    ),
    Kind(
        "park value lets the house get cold",
        point(named("^water_setpoint$"), limited, edit=_cold_park),
    ),
    Kind("written every second", point(has("write"), edit=put("min_interval", "1 s", "write"))),
    Kind(
        "shown later than written again",
        point(has("write"), edit=put("confirm_within", "20 min", "write")),
    ),
    Kind("input written", point(has("write"), edit=put("table", "input"))),
    Kind(
        "read-back wrong: another point is hit",
        point(has("write"), lacks("bits", "mask", "table"), edit=_hit_another),
    ),
    Kind(
        "read-back wrong: command address forgotten",
        point(lambda _, r: "at" in r.get("write", {}), edit=drop("at", inside="write")),
    ),
    Kind(
        "limits from the wrong end",
        point(
            lambda _, r: "low_from" in r.get("write", {}),
            edit=lambda n, r, t, c: exchange("low_from", "high_from")(n, r["write"], t, c),
        ),
    ),
    Kind("limit from another unit", point(limited, named("setpoint"), edit=_wrong_unit_limit)),
    Kind(
        "condition nobody says",
        point(lambda _, r: r.get("write", {}).get("only_if"), edit=_unsayable_condition),
    ),
)
