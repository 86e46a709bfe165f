"""R21: a missing acknowledgement is neither success nor failure; a silent refusal is "rejected"."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.drivers.wire import WriteRequest
from agent.facts import WriteRepeated
from agent.model import Outcome
from simulators.registers import RegisterImage
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

LINE = "line: {answer_within: 80 ms, worst_lateness: 40 ms, refusal_is_silent: SILENT}"
POINTS = """
water_setpoint: {at: 40, write: {low: 20, high: 60, step: 1, confirm_within: 100 ms}}
outdoor_temp: {at: 42, type: s16}
"""


class Stubborn:
    """A machine that takes the first `deaf` writes or none, without a word either way."""

    def __init__(self, pump: Pump, takes: bool, silent: int) -> None:
        self.takes, self.silent, self.seen = takes, silent, 0
        self._write = pump.image.write
        pump.image.write = self.write  # type: ignore[method-assign]

    def write(self, unit_id: int, function: int, at: int, words: tuple[int, ...]) -> int | None:
        self.seen += 1
        if self.takes:
            self._write(unit_id, function, at, words)
        return 0 if self.seen <= self.silent else None


@pytest.mark.parametrize("says_no_by_silence", [True, False])
async def test_r21_a_write_that_was_taken_without_a_word_is_verified(
    tmp_path: Path, says_no_by_silence: bool
) -> None:
    top = LINE.replace("SILENT", str(says_no_by_silence).lower())
    async with polled(tmp_path, map_of(POINTS, top)) as pump:
        machine = Stubborn(pump, takes=True, silent=9)
        done = await pump.write("water_setpoint", 50)
        assert (done.outcome, done.read_back) == (Outcome.VERIFIED, 50)
        assert machine.seen == 1


@pytest.mark.parametrize(("says_no_by_silence", "word"), [(True, "rejected: "), (False, "")])
async def test_r21_silence_is_tried_once_more_and_then_told(
    tmp_path: Path, says_no_by_silence: bool, word: str
) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("water_setpoint", 45)

    top = LINE.replace("SILENT", str(says_no_by_silence).lower())
    async with polled(tmp_path, map_of(POINTS, top), set_up=furnish) as pump:
        machine = Stubborn(pump, takes=False, silent=9)
        done = await pump.write("water_setpoint", 50)
        assert done.outcome is Outcome.FAILED
        shows = "water_setpoint shows 45 instead of 50 (write: no acknowledgement)"
        assert done.why == word + shows
        assert machine.seen == 2
        assert sum(isinstance(fact, WriteRepeated) for fact in pump.facts) == 1


async def test_r21_a_machine_that_refuses_in_silence_is_not_taken_for_dead(tmp_path: Path) -> None:
    top = LINE.replace("SILENT", "true")
    async with polled(tmp_path, map_of(POINTS, top)) as pump:
        Stubborn(pump, takes=False, silent=99)
        await pump.sweeps(1)
        for value in (50, 51, 52):  # six writes without an answer
            await pump.write("water_setpoint", value)
        assert not pump.failures()
        unit = pump.line.scheduler._units["hp"]
        assert unit.silences == 0


def test_r21_the_families_that_refuse_in_silence_say_so() -> None:
    for name in ("sprsun_chico", "kolant_greenbro"):
        assert device_of(name).map.line.refusal_is_silent
    assert RegisterImage(device_of("sprsun_chico").map, 1).write(1, 6, 60000, (1,)) == 0
    assert WriteRequest(1, 6, 60000, (1,)).function == 6
