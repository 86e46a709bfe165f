"""Mistakes of somebody who types a map off a vendor's sheet, all to be seen in the map alone."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from bench.mutations import (
    Kind,
    Tree,
    decimal,
    drop,
    has,
    is_number,
    lacks,
    limited,
    line,
    named,
    point,
    put,
    scale,
    some,
    table,
)


def _document_number(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    at = int(rule["at"]) + 40001
    if int(rule["at"]) > 9999:
        return None
    rule["at"] = str(at)
    return f"at {at}, as the paper numbers it"


def _empty_range(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["write"]["high"] = rule["write"]["low"]
    return f"only {rule['write']['low']} may be written"


def _giant_step(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["write"]["step"] = str(int(float(rule["write"]["high"]) * 10))
    return f"step {rule['write']['step']}"


def _in_counts(name: str, place: Tree, rule: Tree) -> str:
    for key in ("low", "high"):
        place[key] = decimal(Fraction(place[key]) / scale(rule))
    return f"{place['low']} to {place['high']}, in counts"


def _write_counts(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    return _in_counts(name, rule["write"], rule)


def _read_counts(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    return _in_counts(name, rule, rule)


def _jump_counts(name: str, rule: Tree, tree: Tree, chance: Random) -> str:
    rule["jump"] = str(int(float(rule["jump"]) / scale(rule)))
    return f"jump {rule['jump']}, in counts"


def _fault_from_sensor(tree: Tree, chance: Random) -> str | None:
    if "point" not in tree.get("faults", {}) or "fault_code" in tree["points"]:
        return None
    tree["faults"]["point"] = "water_return_temp"
    return "faults are read from water_return_temp"


def _state_also(tree: Tree, chance: Random) -> str | None:
    name = some(tree, chance, named("^(pump_on|compressor_on|defrost_active|power_on|dhw_on)$"))
    if name is None or not tree.get("faults"):
        return None
    tree["faults"]["also"] = [*tree["faults"].get("also", []), name]
    return f"{name} tells a fault"


def _no_brand(tree: Tree, chance: Random) -> str:
    chance.choice(tree["covers"])["brand"] = ""
    return "a brand left empty"


def _other_switch(tree: Tree, chance: Random) -> str | None:
    known = tree.get("capabilities", {})
    truths = [key for key in ("on_off", "quiet") if key in known]
    if not truths:
        return None
    key = chance.choice(truths)
    other = some(
        tree, chance, has("write", "bits"), lacks("values"),
        lambda n, r: n != known[key] and ".." not in r["bits"],
    )  # fmt: skip
    if other is None:
        return None
    known[key] = other
    return f"{key} is {other}"


def _label_by_case(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    other = some(tree, chance, named("^x_"), has("en", "zh"), lambda n, r: n != name)
    if other is None:
        return None
    rule["en"] = tree["points"][other]["en"].capitalize()
    return f"en {rule['en']!r}, as {other} in another case"


def _own_name(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    labels = {
        "compressor_frequency": ("compressor frequency", "压缩机频率", "Hz"),
        "discharge_temp": ("discharge temperature", "排气温度", "degC"),
        "dhw_temp": ("hot water temperature", "生活热水温度", "degC"),
    }
    en, zh, unit = labels[name]
    rule |= {"en": en, "zh": zh, "unit": unit}
    tree["points"][f"x_{name.split('_', maxsplit=1)[0]}_{len(name)}"] = tree["points"].pop(name)
    return "under a name of the map's own"


def _bit_in_measurement(tree: Tree, chance: Random) -> str | None:
    name = some(tree, chance, has("at"), named("_temp$|_frequency$"), is_number)
    if name is None:
        return None
    rule = tree["points"][name]
    text = {"label": "E99", "en": "high pressure switch open", "zh": "高压开关断开"}
    place = {"table": table(rule), "at": rule["at"], "bit": "3"}
    if "unit_id" in rule:
        place["unit_id"] = rule["unit_id"]
    tree.setdefault("faults", {}).setdefault("bits", []).append(place | text)
    return f"a fault bit in {name}"


def _bit_label_twice(tree: Tree, chance: Random) -> str | None:
    bits = tree.get("faults", {}).get("bits", [])
    if len(bits) < 2:
        return None
    one, other = chance.sample(bits, 2)
    one["label"] = other["label"]
    return f"two bits labelled {one['label']}"


def _half_a_bit(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    if ".." in rule["bits"] or len(rule["values"]) != 2:
        return None
    del rule["values"][min(rule["values"])]
    return f"values {rule['values']} of one bit"


def _cooling_only(name: str, rule: Tree, tree: Tree, chance: Random) -> str | None:
    mode = tree["points"].get("mode", {}).get("values", {}).values()
    if "cool" not in mode:
        return None
    rule["write"]["only_if"] = {"mode": ["cool"]}
    return "obeyed while cooling only"


def _tenths(_: str, rule: Tree) -> bool:
    return "switch" not in rule and scale(rule) < 1


VENDOR: tuple[Kind, ...] = (
    Kind("state read as a number",
         point(lambda n, r: r.get("type") == "bool" and not n.startswith("x_"), lacks("write"),
               edit=drop("type"))),
    Kind("address in the numbering of the paper",
         point(has("at"), is_number, lacks("write"), edit=_document_number)),
    Kind("write range of one value", point(limited, edit=_empty_range)),
    Kind("step wider than the range", point(limited, edit=_giant_step)),
    Kind("step of nothing", point(limited, edit=put("step", "0", "write"))),
    Kind("write limits in counts", point(limited, _tenths, edit=_write_counts)),
    Kind("limits of an own sensor in counts",
         point(named("^x_.*_temp$"), has("low", "high"), _tenths, edit=_read_counts)),
    Kind("jump in counts", point(has("jump"), _tenths, edit=_jump_counts)),
    Kind("outdoor sensor read twice a day",
         point(named("^outdoor_temp$"), edit=put("every", "720 min"))),
    Kind("parked switched off",
         point(named("^power_on$"), has("write"), edit=put("park", "false", "write"))),
    Kind("faults read from a sensor", _fault_from_sensor),
    Kind("state among the fault words", _state_also),
    Kind("pause in seconds for milliseconds", line("gap", "200 s")),
    Kind("answer awaited for a millisecond", line("answer_within", "1 ms")),
    Kind("brand left empty", _no_brand),
    Kind("zero means no sensor",
         point(named("^compressor_frequency$|^active_power$|^water_flow$"), is_number,
               edit=put("absent", ["0"]))),
    Kind("capability of the row above", _other_switch),
    Kind("labels differ in case only", point(named("^x_"), has("en"), edit=_label_by_case)),
    Kind("canonical point under an own name",
         point(named("^(compressor_frequency|discharge_temp|dhw_temp)$"), edit=_own_name)),
    Kind("fault bit in a measurement", _bit_in_measurement),
    Kind("fault label twice among bits", _bit_label_twice),
    Kind("no word means on", point(has("bits", "write"), lacks("values"),
                                   lambda _, r: ".." not in r["bits"],
                                   edit=put("off", ["0", "1"]))),
    Kind("one bit with one word", point(has("bits", "values"), edit=_half_a_bit)),
    Kind("setpoint obeyed in cooling only", point(named("^water_setpoint$"), limited,
                                                  edit=_cooling_only)),
)  # fmt: skip
