"""The lamp, in a folder that stands for /sys/class/leds, in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.lamp import TRY_AGAIN_S, Lamp, LampSettings
from agent.light import Light
from simulators.loop import run

STEP_S = 0.05


def lights(folder: Path, *colours: str) -> dict[str, str]:
    """Lights as the kernel shows them, each with a trigger of its own."""
    for colour in colours:
        place = folder / f"heatpump:{colour}"
        place.mkdir()
        (place / "brightness").write_text("1")
        (place / "max_brightness").write_text("255\n")
        (place / "trigger").write_text("none timer [mmc0] heartbeat")
    return {colour: f"heatpump:{colour}" for colour in colours}


def lit(folder: Path, names: dict[str, str]) -> str:
    """The colours that are lit now."""
    found = {colour: (folder / name / "brightness").read_text() for colour, name in names.items()}
    assert set(found.values()) <= {"0", "255"}
    return "+".join(colour for colour, level in found.items() if level == "255")


def watch(folder: Path, names: dict[str, str], light: Light, seconds: float = 2.0) -> list[str]:
    """What is lit every twentieth of a second, from the first change to `light` on."""

    async def work() -> list[str]:
        lamp = asyncio.create_task(Lamp(LampSettings(names, folder), lambda: light).run())
        seen = []
        await asyncio.sleep(STEP_S / 2)
        for _ in range(round(seconds / STEP_S)):
            seen.append(lit(folder, names))
            await asyncio.sleep(STEP_S)
        lamp.cancel()
        await asyncio.wait({lamp})
        return seen

    return run(work())


def flashes(seen: list[str]) -> int:
    """How often it came on."""
    return sum(now != "" and before == "" for before, now in zip(["", *seen], seen, strict=False))


@pytest.mark.parametrize(
    ("light", "colours", "count"),
    [
        (Light.STARTING, "red+green+blue", 1),
        (Light.NO_BUS, "red+blue", 1),
        (Light.NO_ANSWER, "blue", 2),
        (Light.NO_PLATFORM, "red+green", 3),
        (Light.ALARM, "red", 4),
        (Light.GREEN, "green", 1),
    ],
)
def test_three_colours(tmp_path: Path, light: Light, colours: str, count: int) -> None:
    names = lights(tmp_path, "red", "green", "blue")
    seen = watch(tmp_path, names, light)
    assert {one for one in seen if one} == {colours}
    assert flashes(seen) == count
    assert (light is Light.GREEN) == ("" not in seen)
    assert (tmp_path / "heatpump:red" / "trigger").read_text() == "none"


@pytest.mark.parametrize("colour", ["red", "green", "blue"])
def test_one_colour_tells_by_flashes(tmp_path: Path, colour: str) -> None:
    names = lights(tmp_path, colour)
    shown = {}
    for light in Light:
        seen = watch(tmp_path, names, light)
        assert set(seen) <= {"", colour}
        shown[light] = (flashes(seen), seen.count(colour))
    assert len(set(shown.values())) == len(Light)
    assert shown[Light.GREEN] == (1, 40)


def test_two_colours_show_what_they_can(tmp_path: Path) -> None:
    names = lights(tmp_path, "red", "green")
    for light, colours in ((Light.NO_ANSWER, "red+green"), (Light.NO_BUS, "red")):
        assert set(watch(tmp_path, names, light)) == {"", colours}


def test_a_gateway_that_ended_is_dark(tmp_path: Path) -> None:
    names = lights(tmp_path, "red", "green")
    assert set(watch(tmp_path, names, Light.GREEN)) == {"green"}
    assert lit(tmp_path, names) == ""


def test_a_lamp_that_is_not_there_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> str:
        settings = LampSettings({"green": "heatpump:green"}, tmp_path)
        lamp = asyncio.create_task(Lamp(settings, lambda: Light.GREEN).run())
        await asyncio.sleep(3 * TRY_AGAIN_S)
        names = lights(tmp_path, "green")
        await asyncio.sleep(2 * TRY_AGAIN_S)
        shown = lit(tmp_path, names)
        lamp.cancel()
        await asyncio.wait({lamp})
        return shown

    assert run(work()) == "green"
    said = [record.message for record in caplog.records if "cannot be used" in record.message]
    assert len(said) == 1
    assert "heatpump:green" in said[0]
