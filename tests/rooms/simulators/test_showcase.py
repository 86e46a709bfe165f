"""Every installed map can be played: all it reads is plausible, and it lives."""

from __future__ import annotations

import pytest

from agent.drivers import Cost, Device, RegisterMap, driver, names
from agent.model import Quality, Snapshot
from simulators.showcase import machine
from simulators.unit import PumpUnit


def seen(found: RegisterMap, unit: PumpUnit, unit_id: int) -> tuple[Device, Snapshot]:
    """One round of reads through the program's own driver."""
    device, snapshot = Device("hp", found, unit_id, Cost(0.01, 0.001)), Snapshot("hp")
    for block in device.plan():
        request = block.request
        words = unit.image.read(request.unit_id, request.table, request.at, request.count)
        assert not isinstance(words, int), f"{request} refused with {words}"
        readings = device.decode(block, words)
        assert not isinstance(readings, str), readings
        snapshot = snapshot.with_readings(readings, 0.0)
    return device, snapshot


@pytest.mark.parametrize("name", names())
def test_a_machine_of_every_map_is_plausible_and_well(name: str) -> None:
    found = driver(name).map
    unit_id = found.line.unit_id or 1
    device, snapshot = seen(found, machine(found, unit_id), unit_id)
    assert snapshot.readings.keys() == found.points.keys()
    bad = (Quality.OUT_OF_RANGE, Quality.UNDEFINED_CODE, Quality.NOT_READY)
    wrong = {n: r.value for n, r in snapshot.readings.items() if r.quality in bad}
    assert not wrong
    assert not device.vendor_faults(snapshot)
    if found.kind == "heat_pump":
        supply, back = snapshot.number("water_supply_temp"), snapshot.number("water_return_temp")
        assert supply is not None
        assert back is not None
        assert supply >= back


def test_its_values_move_and_a_write_is_kept() -> None:
    found = driver("haier_atw_r290").map
    unit = machine(found, 1)
    before = seen(found, unit, 1)[1]
    unit.image.set("water_setpoint", 50.0)
    unit.advance(600.0)
    after = seen(found, unit, 1)[1]
    assert after.number("water_setpoint") == 50.0
    moved = [n for n in found.points if before.value(n) != after.value(n)]
    assert len(moved) > 10
