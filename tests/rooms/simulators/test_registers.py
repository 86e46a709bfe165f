"""Registers of simulated machines: the inverse of the codec, writes, refusals, wear."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.drivers import (
    Block,
    Cost,
    Device,
    Encoded,
    RegisterMap,
    WriteRequest,
    driver,
    load,
    plan,
)
from agent.model import Quality, Snapshot
from simulators.registers import AddressWords, RegisterImage
from simulators.unit import factory_values

SHIPPED = ("midea_mthermal_r290", "haier_atw_r290", "samsung_ehs_mimb19n")
COST = Cost.of_line(9600, 0.02)

ODD = """
map: odd
api: 1
covers: [{brand: Odd, model: One}]
source: made up
grade: draft
line: {max_words: 40, write_function: 16}
words: low-first
words_written: high-first
absent: {s16: [0x7FFF], f32: []}
holes: {holding: [30..39]}
alone: {holding: [60..69]}
points:
  power_on: {at: 0, bits: 1, write: {}}
  eco_mode: {at: 0, bits: 4}
  mode: {at: 1, values: {1: auto, 3: heat}, write: {}}
  water_setpoint:
    {at: 102, bits: 0..7, scale: 0.5, write: {at: 2, low: 20, high: 60, step: 0.5,
     high_from: x_top, only_if: {mode: [heat]}}}
  water_setpoint_z2: {at: 102, bits: 8..15, scale: 0.5, write: {at: 2, low: 20, high: 60}}
  x_top: {at: 103, unit: degC, en: top, zh: 上限}
  x_tenths: {at: 10, bits: 8, en: tenths, zh: 十分}
  outdoor_temp:
    {at: 11, type: s16, absent: [0x7F],
     switch: {point: x_tenths, equals: "true", scale: 0.1, absent: [0x7FFF]}}
  indoor_temp: {at: 12, type: s12, bits: 4..15, scale: 0.1, fitted_if: {eco_mode: ["true"]}}
  suction_temp: {type: s12, scale: 0.1, pack: [{at: 13, bits: 0..3}, {at: 14, bits: 8..15}]}
  energy_total: {at: 16, plus: [{at: 15, scale: 100}], scale: 0.1, unit: kWh}
  active_power: {at: 17, type: u32, write: {low: 0, high: 100000, function: 16}}
  thermal_power: {at: 19, type: f32}
  defrost_active: {at: 21, type: bool, off: [0, 0xFF]}
  alarm_active: {at: 22, type: bool, mask: 0x0C}
  model_id: {at: 23, type: ascii2}
  x_inverted: {at: 24, type: bool, off: [1], en: inverted, zh: 反}
  dhw_temp: {at: 41, type: s16, scale: 0.1}
  fan_speed: {at: 60}
  fan2_speed: {at: 61}
  pump_on: {table: coil, at: 5, write: {}}
"""


def odd(**replaced: str) -> RegisterMap:
    text = ODD
    for old, new in replaced.items():
        text = text.replace(old, new)
    return load(text, "odd.yaml")


@cache
def shipped(name: str) -> RegisterMap:
    return odd() if name == "odd" else driver(name).map


@cache
def blocks(name: str, unit_id: int) -> tuple[Block, ...]:
    return plan(shipped(name), unit_id, COST)


def device(image: RegisterImage) -> Device:
    return Device("pump", image.map, image.unit_id, COST)


def sweep(image: RegisterImage, reader: Device | None = None) -> Snapshot:
    """What the agent's own driver makes of the image, by the plan it would follow."""
    reader, snapshot = reader or device(image), Snapshot("pump")
    for block in blocks(image.map.map, image.unit_id):
        request = block.request
        words = image.read(request.unit_id, request.table, request.at, request.count)
        assert isinstance(words, tuple), (block, words)
        readings = reader.decode(block, words)
        assert isinstance(readings, tuple), readings
        snapshot = snapshot.with_readings(readings, 0.0)
    return snapshot


@pytest.mark.parametrize(
    ("point", "value", "at", "words"),
    [
        ("power_on", True, 0, (0b10,)),
        ("mode", "heat", 1, (3,)),
        ("water_setpoint", 45.5, 102, (91,)),
        ("water_setpoint_z2", 30.0, 102, (60 << 8,)),
        ("outdoor_temp", -7, 11, (0xFFF9,)),
        ("suction_temp", -7.0, 13, (0x000F, 0xBA00)),
        ("energy_total", 1234.5, 15, (12, 345)),
        ("active_power", 70000, 17, (70000 & 0xFFFF, 1)),
        ("thermal_power", 1.5, 19, (0, 0x3FC0)),
        ("defrost_active", True, 21, (1,)),
        ("alarm_active", False, 22, (0,)),
        ("model_id", "AB", 23, (0x4142,)),
        ("x_inverted", True, 24, (0,)),
        ("dhw_temp", 41.26, 41, (413,)),
        ("dhw_temp", None, 41, (0x7FFF,)),
    ],
)
def test_a_value_becomes_these_words_and_comes_back(point, value, at, words):
    image = RegisterImage(odd(), 1)
    image.set(point, value)
    assert image.read(1, "holding", at, len(words)) == words
    assert image.get(point) == (41.3 if value == 41.26 else value)


def test_the_scale_switch_changes_words_and_absent_code():
    image = RegisterImage(odd(), 1)
    image.set("outdoor_temp", None)
    assert image.read(1, "holding", 11, 1) == (0x7F,)
    image.set("x_tenths", True)
    assert image.get("outdoor_temp") == 12.7
    image.set("outdoor_temp", -0.5)
    assert image.read(1, "holding", 11, 1) == (0xFFFB,)
    image.set("outdoor_temp", None)
    assert image.read(1, "holding", 11, 1) == (0x7FFF,)


def test_what_is_not_fitted_has_no_value():
    image = RegisterImage(odd(), 1)
    image.set("indoor_temp", -1.5)
    assert image.get("indoor_temp") is None
    image.set("eco_mode", True)
    assert image.get("indoor_temp") == -1.5


@pytest.mark.parametrize(
    ("point", "value"),
    [
        ("mode", "dry"),
        ("power_on", 1),
        ("water_setpoint", 200.0),
        ("water_setpoint", -1.0),
        ("indoor_temp", 300.0),
        ("dhw_temp", "warm"),
        ("fan_speed", None),
    ],
)
def test_what_the_words_cannot_say_is_refused(point, value):
    with pytest.raises(ValueError, match=point):
        RegisterImage(odd(), 1).set(point, value)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_reading_of_the_agent_can_be_set_again(data):
    """Raw words -> the agent's reading -> set -> the same reading, and no other point has moved."""
    found = shipped(data.draw(st.sampled_from(["odd", *SHIPPED])))
    image = RegisterImage(found, 1)
    factory_values(image)
    point = data.draw(st.sampled_from(sorted(found.points)))
    width = sum(len(part.bits) for part in found.points[point].parts)
    image.poke(point, data.draw(st.integers(0, (1 << width) - 1)))
    before = sweep(image).readings
    reading = before[point]
    if reading.quality not in (Quality.GOOD, Quality.OUT_OF_RANGE) or reading.value == "":
        return
    if found.points[point].type in ("ascii2", "f32"):
        return
    others = {name: r for name, r in before.items() if name != point}
    image.set(point, reading.value)
    after = sweep(image).readings
    assert after[point].value == reading.value
    shared = {name for name, rule in found.points.items() if rule.mask is not None}
    for name, other in others.items():
        if name not in shared and point not in shared:
            assert after[name] == other, name


@pytest.mark.parametrize("name", SHIPPED)
def test_every_write_of_the_agent_shows_where_the_map_reads_it(name):
    """The driver's own request goes in, the driver's own read-back comes out."""
    found = driver(name).map
    written = 0
    for point, rule in found.points.items():
        if rule.write is None:
            continue
        image = RegisterImage(found, 1)
        factory_values(image)
        for other, words in rule.write.only_if.items():
            image.set(other, {"true": True, "false": False}.get(words[0], words[0]))
        agent = device(image)
        values = list(rule.values.values()) or [True, False]
        if rule.write.high is not None:
            values = [float(rule.write.low), float(rule.write.high)]
        for value in values:
            encoded = agent.codecs[point].encode(value, found, sweep(image, agent))
            assert isinstance(encoded, Encoded), (point, encoded)
            request = encoded.request
            assert isinstance(request, WriteRequest)
            words = request.words
            if encoded.mask != 0xFFFF:
                (old,) = image.read(1, "holding", request.at, 1)
                words = (old & ~encoded.mask | words[0],)
            assert image.write(1, request.function, request.at, words) is None, (point, value)
            assert image.get(point) == value
            back = agent.read_back(point)
            fresh = image.read(1, back.request.table, back.request.at, back.request.count)
            reading = next(r for r in agent.decode(back, fresh) if r.point == point)
            assert reading.value == value
            written += 1
    assert written > 10


def test_a_write_goes_in_at_one_address_and_is_shown_at_another():
    image = RegisterImage(odd(), 1)
    image.set("x_top", 50)
    image.set("mode", "heat")
    image.set("water_setpoint_z2", 30.0)
    assert image.write(1, 6, 2, (60 << 8 | 80,)) is None
    assert image.get("water_setpoint") == 40.0
    assert image.read(1, "holding", 102, 1) == (60 << 8 | 80,)
    assert image.wear == {"water_setpoint": 1}
    assert image.write(1, 6, 102, (80,)) == 2
    assert image.write(1, 6, 12, (1,)) == 2


def test_limits_of_map_and_machine_and_unknown_codes_are_refused():
    image = RegisterImage(odd(), 1)
    image.set("x_top", 50)
    image.set("mode", "heat")
    for word in (39, 101, 121):
        assert image.write(1, 6, 2, (word,)) == 3
    assert image.write(1, 6, 1, (2,)) == 3
    assert not image.wear
    assert image.get("mode") == "heat"


def test_a_silent_machine_refuses_without_a_word():
    image = RegisterImage(odd(**{"max_words: 40": "max_words: 40, refusal_is_silent: true"}), 1)
    assert image.write(1, 6, 1, (2,)) == 0


def test_a_write_outside_its_condition_is_accepted_and_has_no_effect():
    image = RegisterImage(odd(), 1)
    image.set("x_top", 60)
    image.set("mode", "auto")
    assert image.write(1, 6, 2, (90,)) is None
    assert image.get("water_setpoint") == 0.0
    assert image.log[-1].points == ("water_setpoint",)
    assert image.log[-1].effective == ()
    image.set("mode", "heat")
    assert image.write(1, 6, 2, (90,)) is None
    assert image.get("water_setpoint") == 45.0


def test_a_write_leaves_the_bits_that_are_not_its_own():
    image = RegisterImage(odd(), 1)
    image.set("eco_mode", True)
    assert image.write(1, 6, 0, (0b10,)) is None
    assert image.get("eco_mode") is True
    assert image.get("power_on") is True


def test_the_same_value_again_wears_too():
    image = RegisterImage(odd(), 1)
    for _ in range(3):
        assert image.write(1, 16, 1, (3,)) is None
    assert image.wear == {"mode": 3}


def test_two_words_are_written_high_first_and_read_low_first():
    image = RegisterImage(odd(), 1)
    assert image.write(1, 16, 17, (2, 0)) == 3
    assert image.write(1, 16, 17, (1, 4464)) is None
    assert image.get("active_power") == 70000
    assert image.read(1, "holding", 17, 2) == (4464, 1)


def test_a_coil_is_written():
    image = RegisterImage(odd(), 1)
    assert image.write(1, 5, 5, (1,)) is None
    assert image.read(1, "coil", 5, 1) == (1,)


@pytest.mark.parametrize(
    ("between", "at", "count", "code"),
    [
        ("zeros", 0, 25, None),
        ("zeros", 2, 8, None),
        ("refused", 2, 8, 2),
        ("refused", 10, 15, None),
        ("zeros", 28, 4, 2),
        ("zeros", 104, 1, 2),
        ("zeros", 60, 1, None),
        ("zeros", 60, 2, 2),
        ("zeros", 0, 41, 3),
    ],
)
def test_addresses_that_do_not_answer(between, at, count, code):
    answer = RegisterImage(odd(), 1, between).read(1, "holding", at, count)
    assert (answer if isinstance(answer, int) else None) == code
    if code is None:
        assert len(answer) == count


def test_another_unit_id_knows_nothing():
    assert RegisterImage(odd(), 1).read(2, "holding", 0, 1) == 2


@pytest.mark.parametrize("name", SHIPPED)
def test_a_machine_from_the_box_can_be_read_whole(name):
    image = RegisterImage(driver(name).map, 1)
    factory_values(image)
    snapshot = sweep(image)
    assert snapshot.value("power_on") is True
    assert snapshot.value("mode") == "heat"
    assert snapshot.value("water_setpoint") == 45


def test_words_that_are_their_addresses():
    words = AddressWords()
    assert words.read(1, "holding", 1000, 3) == (1000, 1001, 1002)
    assert words.write(1, 6, 1001, (7,)) is None
    assert words.read(1, "holding", 1000, 3) == (1000, 7, 1002)
    assert words.read(1, "holding", 65535, 2) == 2
