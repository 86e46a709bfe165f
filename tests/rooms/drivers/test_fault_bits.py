"""Faults shown as bits: they are read, reported in words, never published, and forgotten."""

from __future__ import annotations

from agent.drivers import Block, Cost, Device, ReadRequest, halves, load
from agent.model import Snapshot

MAP = """
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: [sheet of Acme of 2024]
grade: draft
%s
points:
  water_supply_temp: {at: 14, type: s16, scale: 0.1}
  x_link: {at: 50, en: link state, zh: 通信状态}
faults:
  bits:
    - {at: 7, bit: 0, label: "7.0", en: tank sensor fault, zh: 水箱温度传感器故障}
    - {at: 7, bit: 15, label: "7.15", en: phase fault, zh: 相序故障}
    - {at: 9, bit: 6, label: "9.6", en: coil sensor fault, zh: 盘管温度传感器故障}
    - {at: 9, bit: 6, unit_id: 2, label: "2.9.6", en: fan fault, zh: 风机故障}
    - {table: discrete, at: 13, label: AL1, en: too many writes, zh: 写入次数过多}
    - {table: discrete, at: 188, label: AL2, en: meter offline, zh: 电表离线}
"""
COST = Cost.of_line(9600, 0.02)
EMPTY = Snapshot("pump")


def device(top: str = "") -> Device:
    return Device("pump", load(MAP % top, "acme.yaml"), 1, COST)


def see(pump: Device, **set_words: int) -> tuple[str, ...]:
    """Every planned block read once, with `holding_7=0x8001` and the like standing in it."""
    published: list[str] = []
    for block in pump.plan():
        request = block.request
        words = [
            set_words.get(f"{request.table}_{at}_u{request.unit_id}", 0)
            for at in range(request.at, request.at + request.count)
        ]
        readings = pump.decode(block, words)
        assert not isinstance(readings, str), readings
        published += [reading.point for reading in readings]
    return tuple(published)


def codes(pump: Device) -> list[str]:
    return [fault.code for fault in pump.vendor_faults(EMPTY)]


def test_the_plan_reads_every_fault_bit_once_and_names_no_new_point() -> None:
    pump = device()
    marked = [
        (block.request.unit_id, block.request.table, at)
        for block in pump.plan()
        for at in block.marks
    ]
    assert sorted(marked) == [
        (1, "discrete", 13),
        (1, "discrete", 188),
        (1, "holding", 7),
        (1, "holding", 9),
        (2, "holding", 9),
    ]
    for block in pump.plan():
        asked = range(block.request.at, block.request.at + block.request.count)
        assert set(block.marks) <= set(asked)
    assert sorted(see(pump)) == ["water_supply_temp", "x_link"]


def test_a_set_bit_is_a_fault_in_both_languages() -> None:
    pump = device()
    see(pump, holding_7_u1=0x8000)
    (fault,) = pump.vendor_faults(EMPTY)
    assert (fault.code, fault.raw, fault.known) == ("7.15", "7.15", True)
    assert (fault.en, fault.zh) == ("7.15: phase fault", "7.15：相序故障")


def test_bits_of_words_of_discretes_and_of_a_second_unit_are_told_apart() -> None:
    pump = device()
    assert codes(pump) == []
    see(pump, holding_7_u1=0x8001, discrete_188_u1=1)
    assert codes(pump) == ["7.0", "7.15", "AL2"]
    see(pump, holding_9_u2=0x40)
    assert codes(pump) == ["2.9.6"]
    see(pump, holding_9_u1=0x40, discrete_13_u1=1)
    assert codes(pump) == ["9.6", "AL1"]
    see(pump, holding_7_u1=0x7FFE, holding_9_u1=0xFFBF)
    assert codes(pump) == []


def test_a_block_without_the_word_leaves_the_fault_as_it_was() -> None:
    pump = device()
    see(pump, holding_7_u1=1)
    pump.decode(pump.read_back("water_supply_temp"), [0])
    assert codes(pump) == ["7.0"]


def test_a_reply_of_the_wrong_length_changes_no_fault() -> None:
    pump = device()
    see(pump, holding_7_u1=1)
    (block,) = (b for b in pump.plan() if 7 in b.marks)
    assert isinstance(pump.decode(block, [0] * (block.request.count + 1)), str)
    assert codes(pump) == ["7.0"]


def test_a_shifted_reply_changes_no_fault() -> None:
    pump = device("constant: [x_link]")
    see(pump, holding_7_u1=1, holding_50_u1=9)
    everything = Block(ReadRequest(1, "holding", 7, 44), ("x_link",), 30.0, (7,))
    assert isinstance(pump.decode(everything, [0] * 44), str)
    assert codes(pump) == ["7.0"]


def test_a_machine_that_was_away_shows_no_old_fault() -> None:
    pump = device()
    see(pump, holding_7_u1=1)
    pump.forget()
    assert codes(pump) == []


def test_no_fault_is_believed_outside_the_ready_gate() -> None:
    pump = device("ready: {point: x_link, equals: 7}")
    see(pump, holding_50_u1=7)
    see(pump, holding_7_u1=1, holding_50_u1=7)
    assert codes(pump) == ["7.0"]
    see(pump, holding_7_u1=1, holding_50_u1=3)
    assert codes(pump) == []


def test_an_image_of_the_registers_shows_faults_too() -> None:
    pump = device()
    image = {("holding", 7): 1, ("holding", 9): 0, ("discrete", 188): 1}
    readings = pump.decode_image(lambda table, at: image.get((table, at)))
    assert readings == ()
    assert codes(pump) == ["7.0", "AL2"]


def test_a_refused_block_of_nothing_but_fault_bits_is_halved_to_single_places() -> None:
    pump = device()
    block = Block(ReadRequest(1, "discrete", 13, 176), (), 30.0, (13, 188))
    left, right = halves(block, pump.map) or (None, None)
    assert left is not None
    assert right is not None
    assert (left.request, left.marks) == (ReadRequest(1, "discrete", 13, 1), (13,))
    assert (right.request, right.marks) == (ReadRequest(1, "discrete", 188, 1), (188,))
    assert halves(left, pump.map) is None


def test_a_fixed_block_carries_its_fault_bits() -> None:
    pump = device("blocks: [{at: 5, count: 12}]")
    (block,) = (b for b in pump.plan() if b.request == ReadRequest(1, "holding", 5, 12))
    assert block.marks == (7, 9)
    assert block.points == ("water_supply_temp",)
