"""R15: the order of two words is a property of driver, direction and firmware."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.drivers import Encoded
from agent.model import Outcome
from tests.rooms.quirks.testquirk import Pump, device_of, map_of, polled

TOTAL = """
x_limit:
  {at: 10, type: u32, en: a, zh: b, write: {low: 0, high: 99999999, step: 1, function: 16}}
"""
LINE = "line: {answer_within: 80 ms, worst_lateness: 40 ms}"
GATEWAY = """
gateway: gw
platform: {{broker: "mqtt://127.0.0.1:1"}}
lines:
  - name: bus
    port: tcp://127.0.0.1:502
    devices: [{{name: hp1, driver: {driver}{more}}}]
"""


@pytest.mark.parametrize("read", ["low-first", "high-first"])
@pytest.mark.parametrize("written", ["low-first", "high-first"])
async def test_r15_each_direction_has_its_order(tmp_path: Path, read: str, written: str) -> None:
    top = f"words: {read}\nwords_written: {written}\n{LINE}"

    def furnish(pump: Pump) -> None:
        pump.image.set("x_limit", 70000)

    async with polled(tmp_path, map_of(TOTAL, top), set_up=furnish) as pump:
        await pump.sweeps(1)
        assert pump.value("x_limit") == 70000
        done = await pump.write("x_limit", 0x00020001)
        assert (done.outcome, done.read_back) == (Outcome.VERIFIED, 0x00020001)
        sent = pump.image.log[-1].words
        assert sent == ((2, 1) if written == "high-first" else (1, 2))


def test_r15_nibe_reads_low_first_and_writes_high_first() -> None:
    found = device_of("nibe_s_series").map
    assert (found.words, found.words_written) == ("low-first", "high-first")


@pytest.mark.parametrize(
    ("more", "kwh"), [("", 65.536), (", words: low-first", 0.001), (", words: high-first", 65.536)]
)
def test_r15_a_firmware_that_exchanged_the_words_is_configured(
    tmp_path: Path, more: str, kwh: float
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(driver="lambda_eul", more=more), "utf-8")
    (device,) = config.read(path).lines[0].devices
    readings = device.decode(device.read_back("energy_total"), [1, 0])
    assert not isinstance(readings, str)
    assert readings[0].value == kwh


def test_r15_an_order_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(driver="lambda_eul", more=", words: backwards"), "utf-8")
    with pytest.raises(Exception, match="high-first, low-first"):
        config.read(path)


def test_r15_encoding_follows_the_direction_of_writing() -> None:
    device = device_of(map_of(TOTAL, f"words: low-first\nwords_written: high-first\n{LINE}"))
    encoded = device.encode("x_limit", 0x00020001)
    assert isinstance(encoded, Encoded)
    assert encoded.request.words == (2, 1)
