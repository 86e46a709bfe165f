"""A wrong map is refused with file, line and what would be right; a good one becomes records."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from agent.drivers import load
from agent.errors import FileError
from agent.points import POINTS, Unit
from agent.yamltext import Span

HEAD = (
    "map: acme_kfr120\n"
    "api: 1\n"
    "covers: [{brand: Acme, model: KFR-120W, firmware: '>=2.1'}]\n"
    "source: Acme Modbus sheet rev C, 2024-03\n"
    "grade: bench\n"
)
GOOD = HEAD + (
    "line: {baudrate: 9600, parity: none, answer_within: 0.8 s, gap: 50 ms}\n"
    "every: 10 s\n"
    "holes: {input: [101..110]}\n"
    "points:\n"
    "  water_supply_temp: {table: input, at: 100, type: s16, scale: 0.1, absent: [0x7FFF]}\n"
    "  energy_total: {table: input, at: 112, type: u32, scale: 0.1, every: 60 s}\n"
    "  mode_active: {table: input, at: 121, values: {0: idle, 1: heating}}\n"
    "  water_setpoint: {at: 200, scale: 0.1, write: {low: 25, high: 55, step: 0.5}}\n"
    "  x_lamp: {at: 201, bits: 3, en: lamp, zh: 指示灯}\n"
    "faults:\n"
    "  point: mode_active\n"
    "  codes: {0x10: {label: E1, en: leak, zh: 泄漏}}\n"
    "capabilities: {water_setpoint: water_setpoint}\n"
)


def refusals(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        load(text, "acme.yaml")
    return [str(mistake) for mistake in caught.value.mistakes]


def points(*lines: str, top: str = "") -> str:
    return HEAD + top + "points:\n" + "".join(f"  {line}\n" for line in lines)


def test_a_good_map_becomes_records() -> None:
    found = load(GOOD, "acme.yaml")
    assert (found.map, found.line.baudrate, float(found.line.gap)) == ("acme_kfr120", 9600, 0.05)
    assert found.holes == {"input": (Span(101, 110),)}
    supply, energy = found.points["water_supply_temp"], found.points["energy_total"]
    assert (supply.scale, supply.absent) == (Fraction(1, 10), (0x7FFF,))
    assert (energy.addresses, energy.every) == ((112, 113), 60.0)
    write = found.points["water_setpoint"].write
    assert write is not None
    assert (write.low, write.step) == (Decimal(25), Decimal("0.5"))
    assert (float(write.min_interval), write.per_day) == (600.0, 12)
    assert found.points["x_lamp"].is_bool
    assert found.faults.codes[16].label == "E1"
    assert found.source == ("Acme Modbus sheet rev C, 2024-03",)


def test_what_a_map_does_not_say_takes_the_cautious_default() -> None:
    line = load(points("outdoor_temp: {at: 1}"), "acme.yaml").line
    assert (line.max_words, line.write_function, line.one_connection) == (50, 6, True)
    assert (line.baudrate, line.unit_id, float(line.answer_within)) == (None, None, 1.0)


def test_a_canonical_point_keeps_its_unit_and_labels_and_an_own_one_brings_them() -> None:
    found = load(points("outdoor_temp: {at: 1}", "x_lamp: {at: 2, unit: h, en: a, zh: 甲}"), "m")
    assert found.point("outdoor_temp") is POINTS["outdoor_temp"]
    lamp = found.point("x_lamp")
    assert (lamp.unit, lamp.en, lamp.zh) == (Unit.HOUR, "a", "甲")


@pytest.mark.parametrize(
    "lines",
    [
        ("x_a: {at: 1, bits: 0..7, en: a, zh: 甲}", "x_b: {at: 1, bits: 8..15, en: b, zh: 乙}"),
        ("x_a: {at: 1, en: a, zh: 甲}", "x_b: {at: 1, mask: 0x0F, en: b, zh: 乙}"),
        ("x_a: {at: 1, en: a, zh: 甲}", "x_b: {at: 1, table: input, en: b, zh: 乙}"),
        ("x_a: {at: 1, en: a, zh: 甲}", "x_b: {at: 1, unit_id: 11, en: b, zh: 乙}"),
        (
            "x_a: {pack: [{at: 1, bits: 0..3}], en: a, zh: 甲}",
            "x_b: {at: 1, bits: 4, en: b, zh: 乙}",
        ),
    ],
)
def test_points_may_share_a_word_when_they_take_other_bits(lines: tuple[str, str]) -> None:
    assert len(load(points(*lines), "m").points) == 2


BAD = {
    "api 2": (
        GOOD.replace("api: 1", "api: 2"),
        2, "api", "api 2 is not spoken here", "1",
    ),
    "no api": (GOOD.replace("api: 1\n", ""), 1, "", "api is missing", "api: a whole number"),
    "name": (GOOD.replace("acme_kfr120", "Acme 120"), 1, "map", "'Acme 120'", "text like ^[a-z]"),
    "unknown key": (
        GOOD.replace("every: 10 s", "evry: 10 s"),
        7, "evry", "did you mean every?", "map, api, kind,",
    ),
    "unknown field of a point": (
        points("outdoor_temp: {at: 1, scal: 0.1}"),
        7, "points.outdoor_temp.scal", "did you mean scale?", "table, at, type",
    ),
    "unknown field of a write": (
        points("power_on: {at: 1, type: bool, write: {min_intervall: 5 s}}"),
        7, "points.power_on.write.min_intervall", "did you mean min_interval?", "at, function",
    ),
    "repeated point": (
        points("outdoor_temp: {at: 1}", "indoor_temp: {at: 2}", "outdoor_temp: {at: 3}"),
        9, "points.outdoor_temp", "key repeated (first in line 7)", "each key once",
    ),
    "repeated code": (
        points("mode: {at: 1, values: {1: heat, 0x1: cool}}"),
        7, "points.mode.values.0x1", "key repeated", "each key once",
    ),
    "duration without unit": (
        GOOD.replace("every: 10 s", "every: 10"),
        7, "every", "'10'", "a number with ms, s, min, h or d",
    ),
    "octal look": (
        points("outdoor_temp: {at: 010}"),
        7, "points.outdoor_temp.at", "'010'", "0 to 65535",
    ),
    "address too high": (
        points("outdoor_temp: {at: 65536}"),
        7, "points.outdoor_temp.at", "'65536'", "from 0 to 65535",
    ),
    "table": (
        points("outdoor_temp: {table: inputs, at: 1}"),
        7, "points.outdoor_temp.table", "'inputs'", "coil, discrete, input, holding",
    ),
    "type": (
        points("outdoor_temp: {at: 1, type: int16}"),
        7, "points.outdoor_temp.type", "'int16'", "u16, s16",
    ),
    "unknown point": (
        points("outdoor_temprature: {at: 1}"),
        7, "points.outdoor_temprature", "unknown point; did you mean outdoor_temp?",
        "one that begins x_",
    ),
    "wrong unit": (
        points("outdoor_temp: {at: 1, unit: K}"),
        7, "points.outdoor_temp.unit", "K is not its unit", "degC",
    ),
    "missing label": (
        points("x_lamp: {at: 1, en: lamp}"),
        7, "points.x_lamp", "needs both labels", "en: .., zh: ..",
    ),
    "no address": (
        points("outdoor_temp: {scale: 0.1}"),
        7, "points.outdoor_temp", "either at or pack", "at: 100",
    ),
    "second word beyond the end": (
        points("energy_total: {at: 65535, type: u32}"),
        7, "points.energy_total.at", "beyond 65535", "0 to 65534",
    ),
    "a sum whose first word is the coarser": (
        points("energy_total: {at: 1, scale: 1000, plus: [{at: 2, scale: 1}]}"),
        7, "points.energy_total.plus[0].scale",
        "1 is no multiple of 1000, the scale of the first word", "1000 times 1, 2, 3",
    ),
    "a sum whose words have no common step": (
        points("energy_total: {at: 1, scale: 0.3, plus: [{at: 2, scale: 9}, {at: 3, scale: 1}]}"),
        7, "points.energy_total.plus[1].scale", "1 is no multiple of 3/10", "3/10 times 1, 2, 3",
    ),
    "a sum of a word and nothing": (
        points("energy_total: {at: 1, plus: [{at: 2, scale: 0}]}"),
        7, "points.energy_total.plus[0].scale", "0 is no multiple of 1", "1 times 1, 2, 3",
    ),
    "scale of 0": (
        points("energy_total: {at: 1, scale: 0, plus: [{at: 2, scale: 1000}]}"),
        7, "points.energy_total.scale", "in such steps", "such as 0.1",
    ),
    "scale of no float": (
        points("energy_total: {at: 1, scale: 1e400}"),
        7, "points.energy_total.scale", "in such steps", "such as 0.1",
    ),
    "scale of 0 after a switch": (
        points(
            "outdoor_temp: {at: 1, switch: {point: power_on, equals: 'true', scale: 0}}",
            "power_on: {at: 2, type: bool}",
        ),
        7, "points.outdoor_temp.switch.scale", "in such steps", "such as 0.1",
    ),
    "overlap": (
        points("indoor_temp: {at: 2}", "energy_total: {at: 1, type: u32}"),
        8, "points.energy_total", "overlaps indoor_temp at holding 2",
        "bits that no other point takes",
    ),
    "overlapping bits": (
        points("x_a: {at: 1, bits: 0..7, en: a, zh: 甲}", "x_b: {at: 1, bits: 7, en: b, zh: 乙}"),
        8, "points.x_b", "overlaps x_a", "bits that no other point takes",
    ),
    "switch on nothing": (
        points("outdoor_temp: {at: 1, switch: {point: x_no, equals: a}}"),
        7, "points.outdoor_temp.switch", "no point is named x_no", "outdoor_temp",
    ),
    "switch on a word never said": (
        points(
            "outdoor_temp: {at: 1, switch: {point: mode, equals: dry}}",
            "mode: {at: 2, values: {1: heat}}",
        ),
        7, "points.outdoor_temp.switch", "mode never says 'dry'", "heat",
    ),
    "fitted_if on nothing": (
        points("outdoor_temp: {at: 1, fitted_if: {x_no: ['true']}}"),
        7, "points.outdoor_temp.fitted_if.x_no", "no point is named x_no", "outdoor_temp",
    ),
    "only_if on a word never said": (
        points(
            "power_on: {at: 1, type: bool, write: {only_if: {dhw_on: ['on']}}}",
            "dhw_on: {at: 2, type: bool}",
        ),
        7, "points.power_on.write.only_if.dhw_on", "dhw_on never says 'on'", "true, false",
    ),
    "limits from nothing": (
        points("water_setpoint: {at: 1, write: {low: 5, high: 9, low_from: x_no}}"),
        7, "points.water_setpoint.write.low_from", "no point is named x_no", "water_setpoint",
    ),
    "number without limits": (
        points("water_setpoint: {at: 1, write: {low: 25}}"),
        7, "points.water_setpoint.write", "needs low and high", "low: 25, high: 55",
    ),
    "limits the wrong way round": (
        points("water_setpoint: {at: 1, write: {low: 55, high: 25}}"),
        7, "points.water_setpoint.write.low", "low is above high", "up to 25",
    ),
    "endless limit": (
        points("water_setpoint: {at: 1, write: {low: 5, high: inf}}"),
        7, "points.water_setpoint.write.high", "'inf'", "a number",
    ),
    "write to an input": (
        points("power_on: {table: input, at: 1, type: bool, write: {}}"),
        7, "points.power_on.write", "table input cannot be written", "coil, holding",
    ),
    "coil written as a register": (
        points("power_on: {table: coil, at: 1, write: {function: 6}}"),
        7, "points.power_on.write.function", "a coil needs 5 or 15", "5, 15",
    ),
    "register written as a coil": (
        points("power_on: {at: 1, type: bool, write: {function: 5}}"),
        7, "points.power_on.write.function", "a holding register needs 6 or 16", "6, 16",
    ),
    "two words with function 6": (
        points("x_a: {at: 1, type: u32, en: a, zh: 甲, write: {low: 0, high: 9}}"),
        7, "points.x_a.write.function", "two words need function 16", "16",
    ),
    "nothing means false": (
        points("power_on: {at: 1, type: bool, off: [], write: {}}"),
        7, "points.power_on.off", "no word means false", "off: [0]",
    ),
    "too many writes a day": (
        points("power_on: {at: 1, type: bool, write: {per_day: 25}}"),
        7, "points.power_on.write.per_day", "'25'", "from 1 to 24",
    ),
    "gate on nothing": (
        points("outdoor_temp: {at: 1}", top="ready: {point: x_no, equals: 7}\n"),
        6, "ready.point", "no point is named x_no", "outdoor_temp",
    ),
    "constant that is no point": (
        points("outdoor_temp: {at: 1}", top="constant: [outdoor_temp, model_id]\n"),
        6, "constant[1]", "no point is named model_id", "outdoor_temp",
    ),
    "capability of nothing": (
        GOOD.replace("water_setpoint: water_setpoint", "on_off: power_on"),
        18, "capabilities.on_off", "no point is named power_on", "water_setpoint",
    ),
    "capability that cannot be written": (
        GOOD.replace("{water_setpoint: water_setpoint", "{mode: mode_active"),
        18, "capabilities.mode", "mode_active cannot be written", "water_setpoint",
    ),
    "unknown capability": (
        GOOD.replace("{water_setpoint: water_setpoint", "{fly: water_setpoint"),
        18, "capabilities.fly", "'fly'", "on_off, mode, water_setpoint",
    ),
    "fault point of nothing": (
        GOOD.replace("point: mode_active", "point: fault_code"),
        16, "faults.point", "no point is named fault_code", "mode_active",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "path", "what", "allowed"), BAD.values(), ids=list(BAD))
def test_a_wrong_map_is_answered_with_place_and_allowed_values(
    text: str, line: int, path: str, what: str, allowed: str
) -> None:
    (message,) = refusals(text)
    place = f"acme.yaml:{line}: {path}: " if path else f"acme.yaml:{line}: "
    assert message.startswith(place)
    before, _, after = message.partition("; allowed: ")
    assert what in before
    assert allowed in after


def test_all_mistakes_of_a_map_come_together() -> None:
    found = refusals(
        points(
            "x_lamp: {at: 1, en: lamp}",
            "outdoor_temp: {at: 1}",
            "power_on: {table: discrete, at: 1, write: {function: 5, only_if: {x_no: [a]}}}",
        )
    )
    lines = sorted(message.split(":")[1] for message in found)
    assert lines == ["7", "8", "9", "9"]
