"""What a convention shows of alarms: what stands and is in sight; and whether a machine answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.model import Alarm, AlarmState, Change, Life
from agent.records import Lane
from agent.uplink.adapters.cards import DeviceCard
from agent.uplink.adapters.convention import Picture
from agent.uplink.adapters.homeassistant import HomeAssistant
from agent.uplink.adapters.kept import Kept
from agent.uplink.adapters.settings import HomeAssistantSettings, LinkSettings
from tests.rooms.adapters.hub import BEGIN, silence, telemetry

RAISED = silence("hp1", AlarmState.RAISED)


def seen(*records: Alarm, readings: int = 0) -> Picture:
    picture = Picture()
    for record in records:
        picture.see(Kept(Lane.ALARM, 1, record, BEGIN))
    for _ in range(readings):
        picture.see(Kept(Lane.TELEMETRY, 1, telemetry("hp1", outdoor_temp=1.0), BEGIN))
    return picture


@pytest.mark.parametrize(
    ("life", "shown", "silent"),
    [
        (Life.UNACKNOWLEDGED, True, True),
        (Life.ACKNOWLEDGED, True, True),
        (Life.SUPPRESSED, False, True),
        (Life.SHELVED, False, True),
        (Life.OUT_OF_SERVICE, False, True),
    ],
)
def test_a_hidden_alarm_is_not_shown_and_its_machine_still_silent(
    life: Life, shown: bool, silent: bool
) -> None:
    picture = seen(replace(RAISED, life=life))
    assert (bool(picture.alarms("hp1")), picture.silent("hp1")) == (shown, silent)


def test_of_a_shelved_silence_a_reading_tells_the_end() -> None:
    shelved = replace(RAISED, life=Life.SHELVED, change=Change.SHELVED)
    assert not seen(RAISED, shelved, readings=1).silent("hp1")
    assert seen(RAISED, readings=1).silent("hp1")


def test_what_returned_before_a_restart_is_no_longer_shown() -> None:
    gone = replace(RAISED, state=AlarmState.CLEARED, life=Life.RETURNED, active=False)
    assert Picture((gone,)).alarms("hp1") == ()


def test_a_household_reads_what_it_can_do_and_nothing_of_what_is_over() -> None:
    worded = replace(RAISED, resident_zh="请合上空气开关")
    latched = replace(RAISED, id="a2", active=False, life=Life.LATCHED)
    settings = HomeAssistantSettings(LinkSettings("mqtt://127.0.0.1:1"), "gw1", language="zh")
    picture = seen(worded, latched)
    house = HomeAssistant(settings, (DeviceCard("hp1", "d", "b", "m", {}),), picture, "1")
    state, alarms, _ = house.kept(Kept(Lane.ALARM, 1, worded, BEGIN), BEGIN)
    assert json.loads(state.payload)["alarm"] == "ON"
    assert json.loads(alarms.payload)["alarms"] == ["请合上空气开关"]
