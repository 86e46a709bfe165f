"""R16: contradictory scales are configuration, with a physical check."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.drivers.saturation import PERSISTS, PressureCheck, fits
from agent.errors import FileError
from agent.model import Quality, Reading
from agent.refrigerants import saturation_bar
from tests.rooms.quirks.testquirk import Pump, polled

GATEWAY = """
gateway: gw
platform: {{broker: "mqtt://127.0.0.1:1"}}
lines:
  - name: bus
    port: /dev/ttyUSB0
    devices: [{{name: hp1, driver: sprsun_chico{more}}}]
"""


@pytest.mark.parametrize(
    ("refrigerant", "celsius", "bar"),
    [
        ("R32", -30.0, 2.73),
        ("R32", 30.0, 19.28),
        ("R32", 50.0, 31.41),
        ("R290", 10.0, 6.37),
        ("R290", 50.0, 17.13),
        ("R290", 70.0, 25.9),
        ("R410A", 30.0, 18.9),
        ("R410A", 50.0, 30.7),
    ],
)
def test_r16_saturation_pressures(refrigerant: str, celsius: float, bar: float) -> None:
    """Between the points of the table; well within the 10 % that are asked for."""
    assert saturation_bar(refrigerant, celsius) == pytest.approx(bar, rel=0.015)


@pytest.mark.parametrize(
    ("bar", "right"),
    [(24.8, True), (23.8, True), (26.9, True), (2.48, False), (248.0, False), (24.8 * 1.2, False)],
)
def test_r16_absolute_and_gauge_are_both_right_and_tens_are_not(bar: float, right: bool) -> None:
    assert fits("R32", 40.0, bar) is right


def readings(bar: float, hertz: float = 60.0) -> tuple[Reading, ...]:
    return (
        Reading("condensing_temp", 40.0),
        Reading("high_pressure", bar),
        Reading("low_pressure", 8.0),
        Reading("compressor_frequency", hertz),
    )


def qualities(check: PressureCheck, bar: float, hertz: float = 60.0) -> list[Quality]:
    return [r.quality for r in check.judge(readings(bar, hertz)) if r.point.endswith("pressure")]


GOOD, OUT = [Quality.GOOD] * 2, [Quality.OUT_OF_RANGE] * 2


def test_r16_both_pressures_are_doubted_after_three_contradictions_and_believed_again() -> None:
    check = PressureCheck("R32")
    assert [qualities(check, 2.48) for _ in range(PERSISTS)] == [GOOD] * (PERSISTS - 1) + [OUT]
    assert qualities(check, 24.8) == GOOD


def test_r16_a_compressor_at_rest_proves_nothing() -> None:
    check = PressureCheck("R32")
    assert all(qualities(check, 9.0, hertz=0.0) == GOOD for _ in range(9))


async def test_r16_on_the_wire_a_wrong_scale_is_never_published_for_long(tmp_path: Path) -> None:
    def furnish(pump: Pump) -> None:
        pump.image.set("compressor_frequency", 60)
        pump.image.set("condensing_temp", 40.0)
        pump.image.poke("high_pressure", 248)  # a machine that counts in tenths

    async with polled(tmp_path, "sprsun_chico", set_up=furnish) as pump:
        await pump.sweeps(PERSISTS + 1)
        assert pump.quality("high_pressure") is Quality.OUT_OF_RANGE
        assert pump.readings["high_pressure"].raw == 248
        pump.image.poke("high_pressure", 2480)
        await pump.sweeps(1)
        assert pump.value("high_pressure") == 24.8


def test_r16_the_installer_sets_the_scale_of_a_doubtful_point(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(more=", scales: {high_pressure: 0.1}"), "utf-8")
    (device,) = config.read(path).lines[0].devices
    block = device.read_back("high_pressure")
    found = device.decode(block, [248])
    assert not isinstance(found, str)
    assert found[0].value == 24.8


@pytest.mark.parametrize("scales", ["water_supply_temp: 0.2", "high_pressure: 0", "no_point: 1"])
def test_r16_a_scale_that_nobody_doubts_is_not_changed(tmp_path: Path, scales: str) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(more=f", scales: {{{scales}}}"), "utf-8")
    with pytest.raises(FileError, match="scale"):
        config.read(path)
