"""Recorded days through the same core: values by CSV and JSONL, and traces of a bus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent import config
from agent.config import Config
from agent.drivers import ReadRequest
from agent.errors import FileError
from agent.line import Answer, Refused, Reply, Silence
from agent.line.trace import Trace
from agent.replay import Event, replay
from tests.rooms.control.testpump import stamp

HEAD = "at,water_supply_temp,fault_code"


def minute(number: int) -> str:
    return f"2026-01-14T04:{number:02}:00Z"


def events(folder: Path, text: str, found: Config | None = None) -> list[Event]:
    path = folder / "recorded"
    path.write_text(text, "utf-8")
    return [one for one in replay(path, found) if one["kind"] not in ("rules_off", "file")]


def example() -> Config:
    return config.read(Path(__file__).with_name("replayed.yaml"))


def brief(found: list[Event]) -> list[tuple[object, ...]]:
    return [(one["kind"], one.get("rule"), one.get("state"), one["at"]) for one in found]


def test_a_csv_of_values(tmp_path: Path) -> None:
    rows = [f"{minute(n)},{'' if 5 <= n < 9 else 41},{33 if n in (2, 3) else 0}" for n in range(12)]
    found = events(tmp_path, "\n".join([HEAD, *rows]))
    assert brief(found) == [
        ("alarm", "vendor_fault", "raised", "2026-01-14T04:03:00+00:00"),
        ("alarm", "vendor_fault", "cleared", "2026-01-14T04:05:00+00:00"),
        ("alarm", "sensor_absent", "raised", "2026-01-14T04:06:00+00:00"),
        ("alarm", "sensor_absent", "cleared", "2026-01-14T04:10:00+00:00"),
    ]
    assert found[0]["text_en"] == "Unknown code 33 of replay"


def test_jsonl_says_the_same_as_csv(tmp_path: Path) -> None:
    csv = "\n".join([HEAD, *(f"{minute(n)},41,{33 if n > 1 else 0}" for n in range(5))])
    jsonl = "\n".join(
        json.dumps(
            {
                "at": minute(n),
                "values": {"water_supply_temp": 41, "fault_code": 33 if n > 1 else 0},
            }
        )
        for n in range(5)
    )
    assert events(tmp_path, jsonl) == events(tmp_path, csv) != []


def test_with_a_configuration_control_acts_and_says_so_the_same_way_every_time(
    tmp_path: Path,
) -> None:
    head = "at,device,water_setpoint,indoor_temp,weather_curve_on"
    rows = [f"{minute(n)},hp2,50,20.5,direct" for n in range(3)]
    text = "\n".join([head, *rows])
    found = events(tmp_path, text, example())
    assert [(one["kind"], one.get("value")) for one in found] == [("demand", 47)]
    assert found == events(tmp_path, text, example())


def alarms(found: list[Event]) -> list[Event]:
    return [one for one in found if one["kind"] == "alarm"]


def trace(reply_of: dict[int, Reply]) -> str:
    said: list[str] = []
    kept = Trace(said.append)
    for second, reply in reply_of.items():
        request = ReadRequest(2, "holding", 40205, 1)
        kept.keep(stamp(float(second)), "bus1", request, reply)
    return "".join(said)


def test_a_trace_of_a_bus(tmp_path: Path) -> None:
    fault = trace({0: Answer((0,)), 30: Answer((14,)), 60: Answer((14,))})
    (alarm,) = alarms(events(tmp_path, fault, example()))
    assert (alarm["device"], alarm["code"], alarm["state"]) == ("hp2", "E14", "raised")
    assert alarm["text_en"] == "E14: low pressure switch open"


def test_silence_in_a_trace_is_a_lost_machine_and_refusals_are_not(tmp_path: Path) -> None:
    silent = trace({0: Silence(), 30: Silence(), 61: Silence()})
    assert [one["rule"] for one in alarms(events(tmp_path, silent, example()))] == [
        "communication_lost"
    ]
    refused = trace({0: Refused(2), 30: Refused(2), 61: Refused(2)})
    assert alarms(events(tmp_path, refused, example())) == []


GOOD_EXCHANGE = '{"at":"2026-01-14T04:00:00Z","mono":0,"line":"bus1","unit":2,"fn":3,"addr":1}'
WRONG: dict[str, tuple[str, str]] = {
    "empty": ("", ":1: is empty"),
    "no time column": ("water_supply_temp\n41\n", ":1: has no time; allowed: at, time, timestamp"),
    "no time": ("at,mode\nsoon,heat\n", ":2: at: 'soon' is no time; allowed: ISO 8601"),
    "broken JSON": ('{"at": 1}\n{"at": \n', ":2: not JSON"),
    "a list": ('{"at": "2026-01-14"}\n[1]\n', ":2: is no row"),
    "values no mapping": ('{"at": "2026-01-14", "values": 7}\n', ":1: is no row"),
    "unknown device": (
        f"at,device,mode\n{minute(0)},hp9,heat\n",
        ":2: device: no device is named hp9; allowed: hp1, hp2, hp3",
    ),
    "trace cut short": (f'{GOOD_EXCHANGE}\n{{"at":"2026", "fn":', ":2: not an exchange"),
    "trace with a strange function": (GOOD_EXCHANGE.replace("3,", "99,"), ":1: not an exchange"),
    "trace with a strange time": (GOOD_EXCHANGE.replace("2026", "year"), ":1: not an exchange"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    case: tuple[str, str], tmp_path: Path
) -> None:
    with pytest.raises(FileError) as caught:
        events(tmp_path, case[0], example())
    assert case[1] in str(caught.value)


def test_a_trace_needs_a_configuration_and_text_must_be_text(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="needs --config"):
        events(tmp_path, trace({0: Silence()}))
    (tmp_path / "binary").write_bytes(b"at,mode\n\xff\xfe")
    with pytest.raises(FileError, match="is not UTF-8"):
        list(replay(tmp_path / "binary", None))


def test_points_the_machine_does_not_have_are_passed_over(tmp_path: Path) -> None:
    table = f"at,device,x_own,indoor_humidity,dhw_temp\n{minute(0)},hp3,1,50,48\n"
    assert events(tmp_path, table) == []
    assert {one["device"] for one in events(tmp_path, table, example())} == {"hp2"}  # not read


@pytest.mark.parametrize("word", ["inf", "-nan", "1e999"])
def test_what_is_no_number_is_no_value(word: str, tmp_path: Path) -> None:
    rows = [f"{minute(n)},{41 if n < 2 else word},35" for n in range(5)]
    found = events(tmp_path, "\n".join(["at,water_supply_temp,water_return_temp", *rows]))
    assert [one["rule"] for one in found] == ["sensor_absent"]


def test_numbers_that_json_does_not_know(tmp_path: Path) -> None:
    assert events(tmp_path, f'{{"at": "{minute(0)}", "dhw_temp": NaN}}') == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        list(replay(tmp_path, None))
