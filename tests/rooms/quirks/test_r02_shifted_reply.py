"""R2: a shifted reply of the right length is caught by words that never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.drivers.belief import ALIKE, Constants
from agent.facts import Failure
from agent.model import Reading
from simulators.faults import Fault
from simulators.tcp import TcpLine
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

TOP = "constant: [model_id]\nline: {answer_within: 80 ms, worst_lateness: 40 ms, max_words: 4}"
POINTS = """
model_id: {at: 0}
water_supply_temp: {at: 1, type: s16, scale: 0.1}
outdoor_temp: {at: 2, type: s16, scale: 0.1}
compressor_frequency: {at: 100}
fan_speed: {at: 101}
eev_steps: {at: 102}
"""


def told(pump: Pump) -> list[str]:
    return [failure.why for failure in pump.failures() if failure.failure is Failure.GARBLED]


@pytest.mark.parametrize("way", ["pty", "tcp"])
async def test_r02_a_reply_to_an_earlier_question_is_rejected(tmp_path: Path, way: str) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("model_id", 116)
        pump.image.set("water_supply_temp", 41.5)
        pump.image.set("compressor_frequency", 60)

    async with polled(tmp_path, map_of(POINTS, TOP), way, set_up=furnish) as pump:
        await pump.sweeps(1)
        pump.readings.clear()
        pump.peer.faults[1] = (Fault(kind="shifted"),)
        await pump.until(lambda: told(pump))
        assert "a shifted reply" in told(pump)[0]
        pump.readings.clear()  # of the same round, before the shift could be seen
        at = len(told(pump))
        await pump.until(lambda: len(told(pump)) >= at + 3)
        assert not pump.readings, "a block without a constant word was believed after the shift"
        pump.peer.faults[1] = ()
        await pump.until(lambda: pump.value("model_id") == 116)
        await pump.sweeps(1)
        assert pump.value("water_supply_temp") == 41.5
        assert pump.value("compressor_frequency") == 60
        if isinstance(pump.peer, TcpLine):
            assert pump.peer.connections > 1, "what was owed on the old connection is still owed"


def test_r02_every_map_that_names_constant_words_reads_them() -> None:
    for name in ("sprsun_chico", "hitachi_atw_mbs_02", "midea_mthermal_r290", "kolant_greenbro"):
        device = device_of(name)
        read = {point for block in device.plan() for point in block.points}
        assert device.map.constant
        assert set(device.map.constant) <= read


def model(raw: int) -> list[Reading]:
    return [Reading("model_id", raw, raw=raw)]


def test_r02_a_machine_that_was_really_changed_is_believed_in_the_end() -> None:
    constants = Constants(["model_id"])
    assert constants.doubt(model(1)) is None
    doubts = [constants.doubt(model(2)) for _ in range(ALIKE)]
    assert all(doubts[:-1])
    assert doubts[-1] is None
    assert constants.doubt(model(2)) is None
    assert constants.doubt(model(1)) is not None


def test_r02_different_strange_words_are_never_believed() -> None:
    constants = Constants(["model_id"])
    assert constants.doubt(model(1)) is None
    assert all(constants.doubt(model(2 + i)) for i in range(3 * ALIKE))
    assert constants.doubt([]) is not None
    assert constants.doubt(model(1)) is None
    assert constants.doubt([]) is None


def test_r02_after_a_restart_of_the_machine_other_words_are_believed_at_once() -> None:
    constants = Constants(["model_id"])
    assert constants.doubt(model(1)) is None
    constants.forget()
    assert constants.doubt(model(2)) is None


def version(raw: int) -> list[Reading]:
    return [Reading("x_version", raw, raw=raw)]


def test_r02_constant_words_in_two_replies_are_believed_each_for_itself() -> None:
    """After an update of the firmware one has changed and the other has not; or both have."""
    constants = Constants(["model_id", "x_version"])
    assert constants.doubt([*model(1), *version(7)]) is None
    for now in ((1, 8), (2, 9)):
        doubts = [
            [constants.doubt(model(now[0])), constants.doubt(version(now[1]))] for _ in range(ALIKE)
        ]
        assert any(doubts[0])
        assert doubts[-1] == [None, None]
    assert constants.doubt([*model(2), *version(9)]) is None


def test_r02_what_a_shifted_reply_shows_is_not_kept() -> None:
    constants = Constants(["model_id", "x_version"])
    assert constants.doubt(model(1)) is None
    assert constants.doubt([*model(5), *version(1)]) is not None
    assert constants.doubt([*model(1), *version(7)]) is None
