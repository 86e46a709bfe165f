"""A search as a file: what stands in it before stays, and what was not seen is not said."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.model import Reading
from agent.scan import Choice, Found, Search, Setting, configuration, is_free
from agent.scan.recognise import Guess, Verdict
from agent.yamltext import parse

GUESSES = (
    Guess("phnix_khx_r290", 0.5, ("its words fit",)),
    Guess("sprsun_carel", 0.44, ("its words fit",)),
)
UNIT = Found(1, Verdict(GUESSES, 20), (Reading("water_supply_temp", 41.5),))
SEEN = Search("/dev/ttyUSB0", Setting(9600, "none"), (UNIT,), 1, 8, 40, 9.0, False, 0)
FRESH = """# From the box.
gateway: gateway-1
lines: []   # nobody yet
page: {listen: "0.0.0.0:8080"}
"""


def written(before: str, driver: str = "phnix_khx_r290") -> str:
    chosen = {1: Choice(driver, "hp", confirmed=True)}
    return configuration(SEEN, chosen, "gw-7", "mqtt://10.0.0.1:1883", before=before)


@pytest.mark.parametrize(
    "before", ["", FRESH, FRESH.replace("lines: []   # nobody yet\n", ""), "# From the box.\n"]
)
def test_what_stood_there_stays_and_the_lines_are_put_in(before: str) -> None:
    assert is_free(before)
    text = written(before)
    made = config.build(parse(text, "gateway.yaml"), Path())
    assert made.gateway == "gw-7"
    assert [device.name for line in made.lines for device in line.devices] == ["hp"]
    for line in before.splitlines():
        assert line.startswith(("gateway", "lines")) or line in text
    assert not is_free(text)


@pytest.mark.parametrize(
    ("driver", "said"),
    [("phnix_khx_r290", ", compared with"), ("sprsun_carel", ", NOT yet compared with")],
)
def test_only_values_of_this_driver_were_compared(driver: str, said: str) -> None:
    assert said in written("", driver)
