"""R20: a word is changed in part only from what was read of it a moment ago, never from nothing."""

from __future__ import annotations

from pathlib import Path

from agent.drivers import ReadRequest, WriteRequest
from agent.line.answers import Answer, Silence
from agent.line.writing import WriteSequence
from agent.model import Origin, Outcome, Write
from agent.yamltext import Span
from simulators.faults import Fault
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

POINTS = """
power_on: {at: 0, bits: 0, write: {confirm_within: 200 ms}}
x_zone2: {at: 0, bits: 1, en: zone 2, zh: 二区}
x_panel: {at: 0, bits: 8..15, en: panel, zh: 面板}
"""


async def test_r20_after_a_start_the_bits_of_others_survive(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("x_zone2", True)
        pump.image.set("x_panel", 0x5A)

    async with polled(tmp_path, map_of(POINTS), set_up=furnish) as pump:
        done = await pump.write("power_on", True)  # before anything was polled
        assert done.outcome is Outcome.VERIFIED
        assert pump.image.get("x_zone2") is True
        assert pump.image.get("x_panel") == 0x5A


async def test_r20_what_the_panel_changed_since_the_last_poll_survives(tmp_path: Path) -> None:
    async with polled(tmp_path, map_of(POINTS)) as pump:
        await pump.sweeps(1)
        pump.image.set("x_panel", 0x77)
        done = await pump.write("power_on", True)
        assert done.outcome is Outcome.VERIFIED
        assert pump.image.get("x_panel") == 0x77


async def test_r20_a_word_that_cannot_be_read_is_not_written(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.peer.faults[1] = (Fault(kind="exception_2", at=(Span(0, 0),)),)

    async with polled(tmp_path, map_of(POINTS), set_up=furnish) as pump:
        done = await pump.write("power_on", True)
        assert done.outcome is Outcome.FAILED
        assert "could not be read before changing part of it" in done.why
        assert not pump.image.log


def test_r20_a_word_that_grew_old_while_the_line_was_busy_is_read_again() -> None:
    device = device_of(map_of(POINTS), every_s=10.0)
    sequence = WriteSequence(device, Write("hp", "power_on", True, Origin.PLATFORM), 0.0)
    look = sequence.step(0.0)
    assert look is not None
    assert look.request == ReadRequest(1, "holding", 0, 1)
    sequence.take(Answer((0xA500,)), 0.1)
    late = sequence.step(11.0)
    assert late is not None
    assert late.request == look.request
    sequence.take(Answer((0x7702,)), 11.1)
    write = sequence.step(11.2)
    assert write is not None
    assert write.request == WriteRequest(1, 6, 0, (0x7703,))
    sequence.take(Silence(), 11.3)
