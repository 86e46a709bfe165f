"""R3: no request crosses a declared gap; a refused block is halved once and the hole remembered."""

from __future__ import annotations

from pathlib import Path

from agent.drivers import names
from agent.facts import HolesFound
from agent.line.scheduler import Scheduler, Turn
from agent.line.unit import HOLE_KEPT_S
from agent.remembered import recall_holes
from agent.yamltext import Span
from simulators.faults import Fault
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled
from tests.rooms.spool.testspool import spool_at

POINTS = "\n".join(f"x_r{i}: {{at: {200 + i}, en: a, zh: b}}" for i in range(16))


def refusing(pump: Pump) -> None:
    """A unit without words 205 and 206, as one of the field lacks 200 to 290."""
    pump.peer.faults[1] = (Fault(kind="exception_2", at=(Span(205, 206),)),)


def reads(pump: Pump, at: int) -> int:
    """How many requests have covered this address so far."""
    asked = [exchange.request for exchange in pump.peer.exchanges]  # type: ignore[union-attr]
    spans = [(int.from_bytes(r[2:4], "big"), int.from_bytes(r[4:6], "big")) for r in asked]
    return sum(first <= at < first + count for first, count in spans)


async def test_r03_the_rest_is_read_and_the_hole_is_not_asked_every_cycle(tmp_path: Path) -> None:
    async with polled(tmp_path, map_of(POINTS), set_up=refusing) as pump:
        await pump.until(lambda: pump.device.unsupported == {"x_r5", "x_r6"})
        await pump.sweeps(1)
        assert len(pump.readings) == 14
        before = reads(pump, 205), reads(pump, 206)
        await pump.sweeps(5)
        assert (reads(pump, 205), reads(pump, 206)) == before
        found = [fact for fact in pump.facts if isinstance(fact, HolesFound)]
        assert found[-1].points == ("x_r5", "x_r6")


async def test_r03_holes_are_remembered_over_a_restart_and_asked_again_after_hours(
    tmp_path: Path,
) -> None:
    async with spool_at(tmp_path / "spool.db") as spool:
        await spool.save_state("holes hp", b'["x_r5","x_r6","x_gone_from_the_map"]')
        device = device_of(map_of(POINTS))
        await recall_holes(spool, [device])
    assert device.unsupported == {"x_r5", "x_r6"}
    scheduler = Scheduler([device])
    asked: set[str] = set()
    for mono in (0.0, HOLE_KEPT_S - 1):
        turn = scheduler.next(mono)
        assert isinstance(turn, Turn)
        assert turn.block is not None
        assert not {"x_r5", "x_r6"} & set(turn.block.points)
        scheduler._units["hp"].pending.clear()
    scheduler.next(HOLE_KEPT_S + 1)
    asked |= {p for block in scheduler._units["hp"].pending for p in block.points}
    assert {"x_r5", "x_r6"} <= asked


def test_r03_no_plan_crosses_a_declared_gap() -> None:
    for name in names():
        device = device_of(name)
        for block in device.plan():
            first, last = block.request.at, block.request.at + block.request.count - 1
            for hole in device.map.holes.get(block.request.table, ()):  # type: ignore[call-overload]
                named = {at for p in block.points for at in device.map.points[p].addresses}
                inside = {at for at in range(first, last + 1) if at in hole}
                assert inside <= named, f"{name}: {block.request}"
