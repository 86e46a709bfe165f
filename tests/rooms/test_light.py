"""One status: what is shown first, in which words, and that no two lights look alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.lamp import MIXED
from agent.light import LOOKS, SETTLE_S, Light, Seen, answers_within_s, light

WELL = Seen(
    running_s=600.0, lines=(True, True), pumps=((4.0, 30.0), (9.0, 30.0)), alarm=False,
    connected=True, acknowledged_s=20.0, oldest_s=5.0, due_s=660.0,
)  # fmt: skip
NEW = replace(WELL, running_s=5.0)


@pytest.mark.parametrize(
    ("seen", "shows"),
    [
        (WELL, Light.GREEN),
        (NEW, Light.GREEN),  # as soon as all is well
        (replace(WELL, oldest_s=None), Light.GREEN),
        (replace(WELL, acknowledged_s=800.0, oldest_s=None), Light.GREEN),  # nothing was due
        (replace(WELL, acknowledged_s=20.0, oldest_s=90_000.0), Light.GREEN),  # a backlog goes up
        (replace(WELL, acknowledged_s=800.0, oldest_s=700.0), Light.NO_PLATFORM),
        (replace(WELL, acknowledged_s=None), Light.NO_PLATFORM),
        (replace(WELL, connected=False), Light.NO_PLATFORM),
        (replace(WELL, acknowledged_s=None, sends=False), Light.GREEN),  # the household said no
        (replace(WELL, connected=False, sends=False), Light.NO_PLATFORM),
        (replace(WELL, alarm=True), Light.ALARM),
        (replace(WELL, alarm=True, connected=False), Light.ALARM),
        (replace(WELL, pumps=((4.0, 30.0), (31.0, 30.0))), Light.NO_ANSWER),
        (replace(WELL, pumps=((4.0, 30.0), (None, 30.0)), alarm=True), Light.NO_ANSWER),
        (replace(WELL, lines=(True, False), pumps=((None, 30.0),)), Light.NO_BUS),
        (replace(NEW, lines=(True, False)), Light.NO_BUS),
        (replace(NEW, lines=(None, None), pumps=((None, 30.0),)), Light.STARTING),
        (replace(NEW, acknowledged_s=None, connected=False), Light.STARTING),
        (replace(NEW, connected=False), Light.NO_PLATFORM),  # it was there, and left
        (replace(NEW, pumps=((31.0, 30.0),)), Light.NO_ANSWER),
        (replace(NEW, running_s=SETTLE_S, pumps=((None, 30.0),)), Light.NO_ANSWER),
        (replace(NEW, running_s=SETTLE_S, acknowledged_s=None), Light.NO_PLATFORM),
    ],
)
def test_what_is_shown(seen: Seen, shows: Light) -> None:
    assert light(seen) is shows


def test_a_pump_that_is_read_seldom_may_be_silent_longer() -> None:
    assert [answers_within_s(every_s) for every_s in (1.0, 10.0, 60.0)] == [30.0, 30.0, 180.0]


def test_every_light_has_words_colour_and_flashes_of_its_own() -> None:
    assert set(LOOKS) == set(Light)
    assert len({look.colour for look in LOOKS.values()}) == len(Light)
    assert len({look.flashes for look in LOOKS.values()}) == len(Light)
    for look in LOOKS.values():
        assert look.colour in MIXED
        assert look.en.isascii()
        assert not look.zh.isascii()
        assert len(look.flashes) % 2 == 0
        assert all(seconds >= 0.2 for seconds in look.flashes)  # what an eye can count
