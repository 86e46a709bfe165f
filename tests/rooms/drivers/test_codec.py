"""Words to readings and back: exact numbers, signs, packs, word orders, absent codes, refusals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.drivers import Cost, Device, Encoded, RegisterMap, Unfit, load
from agent.drivers.codec import PointCodec
from agent.drivers.registermap import Cover, PointRule, WriteRule
from agent.model import Quality, Reading, Snapshot, Value
from agent.yamltext import Ratio, Span

NOWHERE = Snapshot("pump")
LINE = Cost.of_line(9600, 0.02)
TENTHS = {"x_tenths": Reading("x_tenths", "tenths", raw=1)}
WHOLE = {"x_tenths": Reading("x_tenths", "whole", raw=0)}


def map_of(points: str, top: str = "") -> RegisterMap:
    text = (
        "map: acme\napi: 1\ncovers: [{brand: Acme, model: One}]\nsource: [sheet of Acme, 2024]\n"
        f"grade: draft\n{top}\npoints:\n"
    )
    return load(text + "".join(f"  {line.strip()}\n" for line in points.strip().splitlines()), "m")


def codec_of(rule: str, top: str = "") -> tuple[PointCodec, RegisterMap]:
    found = map_of(f"x_it: {{en: it, zh: 它, {rule}}}", top)
    return PointCodec(found, "x_it", 1), found


def read(rule: str, *words: int, top: str = "") -> Reading:
    codec, _ = codec_of(rule, top)
    return codec.decode(words, codec.span[0], {})


def say(rule: str, value: Value, top: str = "") -> Encoded | Unfit:
    codec, found = codec_of(rule, top)
    return codec.encode(value, found, NOWHERE)


@pytest.mark.parametrize(
    ("rule", "words", "value"),
    [
        ("at: 0, type: s16, scale: 0.1", (0xFFFB,), -0.5),
        ("at: 0, type: s16, scale: 0.1", (0xFFBA,), -7.0),
        ("at: 0, type: s16", (0xFFF1,), -15),
        ("at: 0, scale: 0.1", (215,), 21.5),
        ("at: 0, scale: 0.1", (3,), 0.3),
        ("at: 0, scale: 10", (31,), 310),
        ("at: 0, scale: 1/6", (100,), 16.6667),
        ("at: 0, scale: 1/6", (6,), 1.0),
        ("at: 0, scale: 0.5, offset: -10", (7,), -6.5),
        ("at: 0, scale: 0.1, offset: -300", (3215,), 21.5),
        ("at: 0, type: s8", (0x12F6,), -10),
        ("at: 0, type: u8", (0x12F6,), 0xF6),
        ("at: 0, type: s8, bits: 8..15", (0xF634,), -10),
        ("at: 0, type: s16, bits: 0..7", (0x12F6,), -10),
        ("at: 0, bits: 4..7", (0x1234,), 3),
        ("at: 0, mask: 0x0FF0", (0x1234,), 0x0230),
        ("pack: [{at: 4, bits: 0..3}, {at: 5, bits: 0..7}], type: s12", (0x000F, 0x00FB), -5),
        ("pack: [{at: 5, bits: 0..3}, {at: 4, bits: 8..15}], type: s12", (0x8500, 0x0001), 0x185),
        ("pack: [{at: 4, bits: 0..3}, {at: 5, bits: 0..7}], type: u12", (0x000F, 0x00FB), 0xFFB),
        ("at: 0, type: u32", (0x0001, 0x0002), 0x00010002),
        ("at: 0, type: u32, words: low-first", (0x0001, 0x0002), 0x00020001),
        ("at: 0, type: s32, scale: 0.1", (0xFFFF, 0xFFFB), -0.5),
        ("at: 0, type: s32, words: low-first", (0xFFF1, 0xFFFF), -15),
        ("at: 0, type: f32", (0x41AC, 0x0000), 21.5),
        ("at: 0, type: f32, offset: -10", (0x41FC, 0x0000), 21.5),
        ("at: 0, type: f32, words: low-first", (0x0000, 0xC1AC), -21.5),
        ("at: 0, type: ascii2", (0x4131,), "A1"),
        ("at: 0, plus: [{at: 1, scale: 1000}]", (123, 4), 4123),
        ("at: 1, plus: [{at: 0, scale: 1}], scale: 0.1", (4, 23), 6.3),
        ("table: input, at: 0, values: {0: idle, 7: heat}", (7,), "heat"),
        ("table: coil, at: 0", (1,), True),
        ("at: 0, bits: 3", (0x0008,), True),
        ("at: 0, bits: 3", (0xFFF7,), False),
        ("at: 0, type: bool", (2,), True),
        ("at: 0, type: bool, off: [1]", (1,), False),
        ("at: 0, type: bool, off: [1]", (0,), True),
        ("at: 0, type: bool, off: [0, 255]", (255,), False),
        ("at: 0, type: bool, off: [0, 255]", (1,), True),
        ("at: 0, type: bool, mask: 0x08", (0x0F,), True),
        ("at: 0, type: bool, mask: 0x08", (0x07,), False),
    ],
)
def test_what_words_mean(rule: str, words: tuple[int, ...], value: Value) -> None:
    reading = read(rule, *words)
    assert reading.quality is Quality.GOOD
    assert reading.value == value
    assert isinstance(reading.value, bool) is isinstance(value, bool)


@pytest.mark.parametrize(
    ("rule", "top", "words"),
    [
        ("at: 0, type: s16", "absent: {s16: [0x8000, 0x7FFF]}", (0x8000,)),
        ("at: 0", "absent: {u16: [0xFFFF]}", (0xFFFF,)),
        ("at: 0, type: s8", "absent: {s8: [0x7F]}", (0x127F,)),
        ("at: 0, type: u32", "absent: {u32: [0xFFFFFFFF]}", (0xFFFF, 0xFFFF)),
        ("at: 0, type: s16, scale: 0.1, absent: [62536]", "absent: {s16: []}", (62536,)),
        ("at: 0, bits: 8..15, absent: [0xFF]", "", (0xFF12,)),
        ("at: 0, type: f32", "", (0x7FC0, 0x0000)),
        ("at: 0, type: f32", "", (0xFF80, 0x0000)),
    ],
)
def test_an_absent_code_is_no_number(rule: str, top: str, words: tuple[int, ...]) -> None:
    assert (reading := read(rule, *words, top=top)).quality is Quality.ABSENT
    assert reading.value is None


def test_absent_codes_of_another_type_or_of_the_point_itself_do_not_spread() -> None:
    top = "absent: {s16: [0x7F]}"
    assert read("at: 0", 0x7F, top=top).value == 127
    assert read("at: 0, type: s16, absent: []", 0x7F, top=top).value == 127


def test_an_undefined_code_keeps_its_number() -> None:
    expected = Reading("x_it", "code 7", Quality.UNDEFINED_CODE, 7)
    assert read("at: 0, values: {0: idle}", 7) == expected


@pytest.mark.parametrize(("raw", "quality"), [(600, "good"), (601, "out_of_range"), (0, "good")])
def test_an_implausible_number_is_marked_and_kept(raw: int, quality: str) -> None:
    reading = read("at: 0, scale: 0.1, low: 0, high: 60", raw)
    assert reading.quality == quality
    assert reading.value == raw / 10


SWITCHED = """
x_tenths: {at: 9, bits: 8, en: tenths, zh: 十分度, values: {0: whole, 1: tenths}}
outdoor_temp: {at: 0, type: s16, absent: [0x7F], switch: {<TENTHS>, absent: [0x7FFF]}}
dhw_setpoint: {at: 4, switch: {<TENTHS>}, write: {low: 20, high: 65, step: 1}}
""".replace("<TENTHS>", "point: x_tenths, equals: tenths, scale: 0.1")


@pytest.mark.parametrize(
    ("known", "raw", "value", "quality"),
    [
        ({}, 0xFFF9, None, "not_ready"),
        ({"x_tenths": Reading("x_tenths", None, Quality.ABSENT)}, 7, None, "not_ready"),
        (WHOLE, 0xFFF9, -7, "good"),
        (TENTHS, 0xFFF9, -0.7, "good"),
        (WHOLE, 0x7F, None, "absent"),
        (TENTHS, 0x7F, 12.7, "good"),
        (TENTHS, 0x7FFF, None, "absent"),
    ],
)
def test_a_scale_may_hang_on_another_point(
    known: dict[str, Reading], raw: int, value: Value | None, quality: str
) -> None:
    reading = PointCodec(map_of(SWITCHED), "outdoor_temp", 1).decode([raw], 0, known)
    assert (reading.value, reading.quality.value) == (value, quality)


def test_a_value_whose_scale_is_unknown_is_not_written() -> None:
    found = map_of(SWITCHED)
    codec = PointCodec(found, "dhw_setpoint", 1)
    unknown = codec.encode(50, found, NOWHERE)
    assert isinstance(unknown, Unfit)
    assert "scale is not known" in unknown.why
    for known, word in ((WHOLE, 50), (TENTHS, 500)):
        encoded = codec.encode(50, found, Snapshot("pump", known))
        assert isinstance(encoded, Encoded)
        assert encoded.request.words == (word,)


def test_what_is_not_fitted_is_absent() -> None:
    found = map_of(
        "x_tank: {at: 1, type: bool, en: tank, zh: 水箱}\n"
        'dhw_temp: {at: 0, fitted_if: {x_tank: ["true"]}}'
    )
    codec = PointCodec(found, "dhw_temp", 1)
    for fitted, value in ((False, None), (True, 25)):
        assert codec.decode([25], 0, {"x_tank": Reading("x_tank", fitted)}).value == value


LIMITS_32 = "write: {function: 16, low: 0, high: 99}"
LIMITS = "write: {low: 25, high: 55, step: 0.5}"


@pytest.mark.parametrize(
    ("rule", "value", "words", "mask"),
    [
        (f"at: 7, scale: 0.1, {LIMITS}", 40.5, (405,), 0xFFFF),
        (f"at: 7, scale: 0.5, {LIMITS}", 40, (80,), 0xFFFF),
        ("at: 7, type: s16, scale: 0.1, write: {low: -20, high: 9}", -0.5, (0xFFFB,), 0xFFFF),
        ("at: 7, bits: 8..15, write: {low: 5, high: 60}", 40, (0x2800,), 0xFF00),
        ("at: 7, type: s8, write: {low: -9, high: 9}", -2, (0x00FE,), 0xFFFF),
        ("at: 7, mask: 0x00FF, write: {low: 5, high: 60}", 40, (40,), 0x00FF),
        ("at: 7, bits: 2, write: {}", True, (4,), 4),
        ("at: 7, bits: 2, write: {}", False, (0,), 4),
        ("at: 7, type: bool, mask: 0x08, write: {}", True, (8,), 8),
        ("at: 7, type: bool, write: {}", True, (1,), 0xFFFF),
        ("at: 7, type: bool, off: [1], write: {}", True, (0,), 0xFFFF),
        ("at: 7, type: bool, off: [1, 0], write: {}", True, (2,), 0xFFFF),
        ("at: 7, type: bool, off: [0, 255], write: {}", False, (0,), 0xFFFF),
        ("at: 7, values: {0: idle, 3: heat}, write: {}", "heat", (3,), 0xFFFF),
        ("at: 7, type: u32, write: {function: 16, low: 0, high: 99999}", 65538, (1, 2), 0xFFFF),
        (f"at: 7, type: f32, {LIMITS_32}", 21.5, (0x41AC, 0), 0xFFFF),
        (f"at: 7, type: f32, offset: -10, {LIMITS_32}", 21.5, (0x41FC, 0), 0xFFFF),
        ("table: coil, at: 7, write: {}", True, (1,), 0xFFFF),
    ],
)
def test_how_a_value_is_said(rule: str, value: Value, words: tuple[int, ...], mask: int) -> None:
    encoded = say(rule, value)
    assert isinstance(encoded, Encoded), encoded
    assert (encoded.request.words, encoded.mask) == (words, mask)
    assert encoded.request.at == 7


def test_word_order_is_a_matter_of_direction() -> None:
    rule = "at: 7, type: u32, write: {function: 16, low: 0, high: 999999}"
    top = "words: low-first\nwords_written: high-first"
    encoded = say(rule, 0x10002, top)
    assert isinstance(encoded, Encoded)
    assert encoded.request.words == (1, 2)
    assert read(rule, 2, 1, top=top).value == 0x10002


def test_a_write_may_go_to_another_address_with_the_function_of_the_line() -> None:
    encoded = say("at: 101, write: {at: 1, low: 0, high: 9}", 5, "line: {write_function: 16}")
    assert isinstance(encoded, Encoded)
    assert (encoded.request.at, encoded.request.function, encoded.request.unit_id) == (1, 16, 1)


@pytest.mark.parametrize(
    ("rule", "value", "why"),
    [
        (f"at: 0, scale: 0.1, {LIMITS}", 40.3, "nearest are 40 and 40.5"),
        (f"at: 0, {LIMITS}", 40.5, "nearest are 40 and 41"),
        ("at: 0, scale: 1/6, write: {low: 0, high: 60}", 16.7, "nearest are 16.6667 and 16.8333"),
        (f"at: 0, scale: 0.1, {LIMITS}", 24.5, "the lowest is 25"),
        (f"at: 0, scale: 0.1, {LIMITS}", 55.5, "the highest is 55"),
        (f"at: 0, scale: 0.1, {LIMITS}", float("nan"), "takes a number"),
        (f"at: 0, scale: 0.1, {LIMITS}", float("inf"), "takes a number"),
        (f"at: 0, scale: 0.1, {LIMITS}", True, "takes a number"),
        (f"at: 0, scale: 0.1, {LIMITS}", "40", "takes a number"),
        ("at: 0, write: {low: -5, high: 5}", -1, "no room"),
        ("at: 0, bits: 0..3, write: {low: 0, high: 99}", 16, "no room"),
        ("at: 0, mask: 0x0F, write: {low: 0, high: 99}", 16, "no room"),
        ("at: 0, type: f32, write: {low: 0, high: 1e39, function: 16}", 1e39, "no room"),
        (
            "at: 0, type: f32, scale: 1e-9, write: {low: 0, high: 1e30, function: 16}",
            1e30,
            "no room",
        ),
        ("at: 0, absent: [0xFF], write: {low: 0, high: 300}", 255, "as no value"),
        ("at: 0, type: bool, write: {}", 1, "takes true or false"),
        ("at: 0, values: {1: heat, 2: cool}, write: {}", "dry", "takes heat, cool"),
        ("at: 0", 1, "cannot be written"),
        ("pack: [{at: 0}], write: {low: 0, high: 9}", 1, "before_write"),
    ],
)
def test_a_value_that_cannot_be_said_is_refused_with_the_reason(
    rule: str, value: Value, why: str
) -> None:
    refused = say(rule, value)
    assert isinstance(refused, Unfit), refused
    assert why in refused.why


MACHINE_LIMITS = """
x_low: {at: 1, scale: 0.1, en: lowest, zh: 下限}
x_high: {at: 2, scale: 0.1, en: highest, zh: 上限}
water_setpoint: {at: 0, write: {low: 5, high: 60, step: 1, low_from: x_low, high_from: x_high}}
"""


@pytest.mark.parametrize(
    ("low", "high", "value", "why"),
    [
        (None, None, 60, None),
        (25.0, 50.0, 25, None),
        (25.0, 50.0, 24, "the lowest is 25"),
        (25.0, 50.0, 51, "the highest is 50"),
        (25.5, 50.0, 26, None),  # the grid is the map's, not the machine's
        (0.0, 90.0, 61, "the highest is 60"),  # the machine may narrow the map, never widen it
    ],
)
def test_the_machine_may_narrow_the_limits(
    low: float | None, high: float | None, value: int, why: str | None
) -> None:
    found = map_of(MACHINE_LIMITS)
    shown = {"x_low": low, "x_high": high}
    known = {name: Reading(name, number) for name, number in shown.items() if number is not None}
    outcome = PointCodec(found, "water_setpoint", 1).encode(value, found, Snapshot("pump", known))
    assert (outcome.why if isinstance(outcome, Unfit) else "") == (
        f"water_setpoint cannot be {value}: {why}" if why else ""
    )


GATED = """
x_state: {at: 0, en: state, zh: 状态}
model_id: {at: 1}
outdoor_temp: {at: 2, type: s16}
"""


def test_outside_the_gate_only_the_gate_is_shown_and_nothing_is_learnt() -> None:
    top = "ready: {point: x_state, mask: 7, equals: 7}\nconstant: [model_id]"
    device = Device("pump", map_of(GATED, top), 1, LINE)
    (block,) = device.plan()
    closed, opened = device.decode(block, [3, 0, 0]), device.decode(block, [0xF7, 116, 0xFFF9])
    assert not isinstance(closed, str)
    assert not isinstance(opened, str), "the 0 behind the closed gate was learnt as the model"
    assert [reading.value for reading in closed] == [3, None, None]
    assert closed[2].quality is Quality.NOT_READY
    assert [reading.value for reading in opened] == [0xF7, 116, -7]
    assert device.decode(block, [1, 2]) == "2 words where 3 were asked"


def test_a_shifted_reply_is_dropped_whole_and_teaches_nothing() -> None:
    points = "model_id: {at: 3}\n" + SWITCHED.strip().replace("at: 9", "at: 2")
    device = Device("pump", map_of(points, "constant: [model_id]"), 1, LINE)
    (block,) = device.plan()
    assert device.decode(block, [65, 0, 0x100, 190, 500]) != ""
    shifted = device.decode(block, [0, 0x100, 0, 500, 0])
    assert shifted == "model_id was 190 and is 500: a shifted reply"
    encoded = device.encode("dhw_setpoint", 50)
    assert isinstance(encoded, Encoded)
    assert encoded.request.words == (500,), "the scale must still be that of the last good reply"


# --- properties -----------------------------------------------------------------------------

SCALES = st.sampled_from(["1", "0.1", "0.5", "0.01", "0.001", "10", "5", "1/6", "1/60", "0.25"])
BITS = st.tuples(st.integers(0, 15), st.integers(0, 15)).map(lambda b: Span(min(b), max(b)))


def record(rule: PointRule, **top: Any) -> RegisterMap:
    return RegisterMap(
        **{"map": "acme", "api": 1, "source": ("sheet",), "grade": "draft", **top},
        covers=(Cover(brand="Acme", model="One"),),
        points={"x_it": rule},
    )


@given(
    st.data(),
    st.sampled_from(["u16", "s16", "u8", "s8", "u32", "s32"]),
    SCALES,
    st.integers(-300, 300),
    st.sampled_from(["high-first", "low-first"]),
)
def test_what_is_encoded_decodes_to_the_same_value(
    data: st.DataObject, kind: str, scale: str, offset: int, order: str
) -> None:
    bits = data.draw(st.none() | BITS) if kind in ("u16", "s16") else None
    ratio, shift, write = Ratio.parse(scale), Ratio(offset), WriteRule(function=16)
    rule = PointRule(at=0, type=kind, scale=ratio, offset=shift, bits=bits, write=write)  # type: ignore[arg-type]
    assume(not rule.is_bool)
    found = record(rule, words=order)
    codec = PointCodec(found, "x_it", 1)
    old = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=2, max_size=2))
    reading = codec.decode(old, 0, {})
    assert isinstance(reading.value, int | float)
    encoded = codec.encode(reading.value, found, NOWHERE)
    assert isinstance(encoded, Encoded), encoded
    count = len(encoded.request.words)
    fresh = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=count, max_size=count))
    pairs = zip(fresh, encoded.request.words, strict=True)
    taken = [word & ~encoded.mask | new & encoded.mask for word, new in pairs]
    again = codec.decode(taken, 0, {})
    assert (again.value, again.raw) == (reading.value, reading.raw)


@given(SCALES, st.integers(-(10**4), 10**4), st.integers(-300, 300))
def test_a_number_is_exact_to_its_own_digits(scale: str, raw: int, offset: int) -> None:
    rule = PointRule(at=0, type="s16", scale=Ratio.parse(scale), offset=Ratio(offset))
    reading = PointCodec(record(rule), "x_it", 1).decode([raw & 0xFFFF], 0, {})
    assert isinstance(reading.value, int | float)
    exact = raw * Fraction(scale) + offset
    if 10**6 % exact.denominator == 0:
        assert reading.value == float(exact)
    assert abs(Fraction(reading.value) - exact) <= Fraction(1, 20000) + Fraction(1, 10**9)


@given(SCALES, st.decimals(-3000, 3000, places=4))
def test_every_number_is_said_or_answered_with_two_that_can_be(scale: str, value: Any) -> None:
    rule = PointRule(at=0, type="s16", scale=Ratio.parse(scale), write=WriteRule())
    codec = PointCodec(found := record(rule), "x_it", 1)
    outcome = codec.encode(float(value), found, NOWHERE)
    if isinstance(outcome, Encoded) or "nearest" not in outcome.why:
        return
    below, above = map(float, outcome.why.partition("nearest are ")[2].split(" and "))
    assert below < float(value) < above
    for neighbour in (below, above):
        said = codec.encode(neighbour, found, NOWHERE)
        assert isinstance(said, Encoded) or "no room" in said.why


@given(st.floats(-2000, 2000, width=32))
def test_a_float_word_comes_back_to_four_digits(value: float) -> None:
    rule = PointRule(at=0, type="f32", write=WriteRule(function=16))
    codec = PointCodec(found := record(rule), "x_it", 1)
    encoded = codec.encode(round(value, 4), found, NOWHERE)
    assert isinstance(encoded, Encoded)
    again = codec.decode(encoded.request.words, 0, {}).value
    assert isinstance(again, float)
    assert abs(again - round(value, 4)) <= 0.0002


@pytest.mark.parametrize("words", [(0x8000, 7), (123, 0x8000), (0x8000, 0x8000)])
def test_a_sum_with_an_absent_word_has_no_value(words: tuple[int, int]) -> None:
    text = (
        "map: acme\napi: 1\ncovers: []\nsource: [sheet]\ngrade: draft\nabsent: {u16: [0x8000]}\n"
        "points:\n  energy_total: {at: 10, plus: [{at: 11, scale: 1000}]}\n"
    )
    codec = PointCodec(load(text, "m"), "energy_total", 1)
    assert codec.decode((123, 7), 10, {}).value == 7123
    reading = codec.decode(words, 10, {})
    assert (reading.value, reading.quality) == (None, Quality.ABSENT)
