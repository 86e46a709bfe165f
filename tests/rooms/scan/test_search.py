"""The search of a whole line, over simulated bits, with its waits skipped."""

from __future__ import annotations

from random import Random

from agent.drivers import driver, names
from agent.scan import Search, Setting, Wanted, search
from agent.scan.settings import likely_ids, order, rounds
from simulators.adapter import LoopAdapter
from simulators.loop import run
from simulators.registers import AddressWords
from simulators.uart import Parity, Serial
from simulators.variant import Variant, machine
from simulators.weather import synthetic_winter
from simulators.wiring import Pair, Unit

ANY = Wanted()
DRIVERS = tuple(driver(name) for name in names())


def unit(name: str, unit_id: int, serial: Serial, delay_s: float = 0.02) -> Unit:
    made = machine(driver(name).map, unit_id, synthetic_winter(), Random(3))
    assert isinstance(made.registers, Variant)
    made.registers.lacking, made.registers.generous = frozenset(), False
    made.serial, made.delay_s = serial, delay_s
    return made


def searched(pair: Pair, wanted: Wanted = ANY, told: list[str] | None = None) -> Search:
    said = told if told is not None else []
    adapter = LoopAdapter(pair)
    return run(search("sim", DRIVERS, wanted, lambda en, zh: said.append(en), adapter.attach))


def test_two_machines_at_unusual_settings() -> None:
    serial = Serial(4800, "odd")
    told: list[str] = []
    pair = Pair([unit("haier_atw_r290", 3, serial), unit("lg_therma_v", 33, serial)])
    found = searched(pair, told=told)
    assert found.setting == Setting(4800, "odd")
    drivers = {one.unit_id: one.verdict.driver for one in found.units}
    assert drivers == {3: "haier_atw_r290", 33: "lg_therma_v"}
    shown = {one.unit_id: {r.point for r in one.values} for one in found.units}
    assert {"water_supply_temp", "water_return_temp"} <= shown[3]
    assert pair.writes == 0
    assert found.seconds <= 300
    assert any("4800 8O1" in text for text in told)


def test_a_machine_with_two_ids_is_one() -> None:
    pair = Pair([unit("itho_amber", 2, Serial(19200, "even"))])
    found = searched(pair, Wanted(19200, "even", ids=(2, 11, 12)))
    assert [(one.unit_id, one.verdict.driver) for one in found.units] == [(2, "itho_amber")]


def test_a_slow_answer_is_known_by_its_id() -> None:
    serial = Serial(9600)
    pair = Pair([unit("haier_atw_r290", 5, serial, delay_s=0.125)])
    found = searched(pair, Wanted(9600, "none", ids=tuple(range(1, 12))))
    assert [one.unit_id for one in found.units] == [5]


def test_a_stranger_is_found_and_not_named() -> None:
    pair = Pair([Unit(frozenset({9}), AddressWords(), Serial(9600))])
    (one,) = searched(pair, Wanted(9600, "none", ids=tuple(range(1, 12)))).units
    assert (one.unit_id, one.verdict.driver) == (9, None)


def test_time_ends_the_search() -> None:
    found = searched(Pair([]), Wanted(within_s=5.0))
    assert found.ended_early
    assert not found.units
    assert found.seconds < 8
    assert found.tried < found.settings


def test_settings_come_in_the_order_of_the_maps() -> None:
    settings = order(DRIVERS)
    assert settings[0] == Setting(9600, "none")
    assert len(settings) == len(set(settings)) == 21
    assert order(DRIVERS, 1200, "odd") == (Setting(1200, "odd"),)


def test_every_id_is_asked_once() -> None:
    parts = rounds(likely_ids(DRIVERS))
    asked = [one for part in parts for one in part]
    assert sorted(asked) == list(range(1, 248))
    assert {1, 2, 33} <= set(parts[0])


def test_both_parities_are_searched() -> None:
    parities: set[Parity] = {setting.parity for setting in order(DRIVERS, 9600)}
    assert parities == {"none", "even", "odd"}
