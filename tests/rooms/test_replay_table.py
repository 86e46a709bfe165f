"""Tables as recorders leave them: holes, stamps twice, clocks that jump, missing points."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import FileError
from agent.replay import Event, replay
from agent.replay.stamps import HOLE_POLLS, Stamps, usual_poll_s
from agent.replay.table import ROWS, blocks

START = datetime(2026, 1, 14, tzinfo=UTC)
POLL_S = 30.0
HEAD = "at,water_supply_temp,water_return_temp,fault_code"


def played(folder: Path, lines: Iterable[str]) -> list[Event]:
    path = folder / "recorded"
    path.write_text("\n".join(lines), "utf-8")
    return list(replay(path))


def kinds(found: list[Event], kind: str) -> list[Event]:
    return [one for one in found if one["kind"] == kind]


def opened(found: list[Event], rule: str) -> list[object]:
    """When alarms of this rule were raised."""
    return [
        one["at"]
        for one in kinds(found, "alarm")
        if (one["rule"], one["change"]) == (rule, "raised")
    ]


def coded(found: list[Event]) -> list[Event]:
    """The alarms of the code 33, whatever else is said of such a table."""
    return [one for one in kinds(found, "alarm") if one["rule"] == "vendor_fault"]


def row(second: float, code: int = 0) -> str:
    return f"{(START + timedelta(seconds=second)).isoformat()},41,36,{code}"


def monos(at: Iterable[float]) -> list[float]:
    stamps = Stamps(POLL_S)
    return [stamps.mono_of(START.timestamp() + one) for one in at]


CLOCKS: dict[str, tuple[list[float], list[float]]] = {
    "good": ([0, 30, 60], [0, 30, 60]),
    "a hole": ([0, 30, 3630, 3660], [0, 30, 3630, 3660]),
    "twice, then the hole it left": ([0, 30, 30, 94], [0, 30, 60, 94]),
    "stands still": ([0, 0, 0, 90], [0, 30, 60, 90]),
    "falls back and stays": ([3600, 3630, 60, 90], [0, 30, 60, 90]),
    "falls back and comes right": ([3600, 3630, 60, 90, 3720, 3750], [0, 30, 60, 90, 120, 150]),
    "set at last": ([-9e8, -9e8 + 30, 0, 30], [0, 30, 60, 90]),
}


@pytest.mark.parametrize("case", CLOCKS.values(), ids=CLOCKS)
def test_time_goes_forward_whatever_the_clock_does(
    case: tuple[list[float], list[float]],
) -> None:
    assert monos(case[0]) == case[1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_no_clock_makes_time_go_back(at: list[float]) -> None:
    found = monos(at)
    assert found[0] == 0.0
    assert all(later > earlier for earlier, later in pairwise(found))


def test_the_usual_poll_is_the_median_of_the_steps() -> None:
    assert usual_poll_s([0, 10, 20, 20, 30, 7230, 7240]) == 10.0
    assert usual_poll_s([5.0]) == POLL_S


def test_what_was_odd_is_told_and_the_rest_is_judged(tmp_path: Path) -> None:
    seconds = [30.0 * n for n in range(40)]
    odd = [row(second, 33 if second >= 900 else 0) for second in seconds]
    odd[5] = row(seconds[4])  # stamped twice
    odd[10] = odd[10].split(",")[0] + ",,,"  # nobody answered
    odd[20] = row(-7200.0)  # the clock falls back for one poll
    del odd[12]
    found = played(tmp_path, [HEAD, *odd, row(30.0 * (45 + HOLE_POLLS), 33)])
    assert opened(found, "vendor_fault") == [(START + timedelta(seconds=930)).isoformat()]
    assert opened(found, "clock_wrong")
    (told,) = kinds(found, "file")
    assert (told["rows"], told["unanswered"], told["holes"]) == (40, 1, 1)
    assert (told["stamps_repeated"], told["clock_fell_back"]) == (1, 1)


def test_an_alarm_opens_at_the_same_second_without_and_with_a_clock_that_jumps(
    tmp_path: Path,
) -> None:
    good = [row(30.0 * n, 33 if n >= 20 else 0) for n in range(30)]
    jumping = [*good[:10], *(row(30.0 * n - 86400.0) for n in range(10, 15)), *good[15:]]
    found = [opened(played(tmp_path, [HEAD, *rows]), "vendor_fault") for rows in (good, jumping)]
    assert len(found[0]) == 1
    assert found[0] == found[1]


def test_points_that_are_missing_switch_rules_off_and_are_named(tmp_path: Path) -> None:
    (off,) = kinds(played(tmp_path, [HEAD, row(0.0), row(30.0)]), "rules_off")
    assert off["points"] == ["water_supply_temp", "water_return_temp", "fault_code"]
    rules = off["rules"]
    assert isinstance(rules, dict)
    assert rules
    assert all(str(why).startswith("needs ") for why in rules.values())
    assert "sensor_absent" not in rules


def test_a_column_that_comes_to_life_later_is_a_point_from_then_on(tmp_path: Path) -> None:
    blank = [f"{(START + timedelta(seconds=30.0 * n)).isoformat()},41,,0" for n in range(ROWS)]
    late = [row(30.0 * n) for n in range(ROWS, ROWS + 10)]
    first, second = kinds(played(tmp_path, [HEAD, *blank, *late]), "rules_off")
    assert "water_return_temp" not in str(first["points"])
    assert "water_return_temp" in str(second["points"])


def test_devices_of_one_file_are_kept_apart_and_in_order(tmp_path: Path) -> None:
    lines = [
        f"{(START + timedelta(seconds=30.0 * n)).isoformat()},{name},41,{33 if n > when else 0}"
        for n in range(12)
        for name, when in (("hp1", 2), ("hp2", 5))
    ]
    found = played(tmp_path, ["at,device,water_supply_temp,fault_code", *lines])
    raised = [(one["device"], one["at"]) for one in kinds(found, "alarm")]
    assert raised == [
        ("hp1", (START + timedelta(seconds=120)).isoformat()),
        ("hp2", (START + timedelta(seconds=210)).isoformat()),
    ]
    assert {one["device"]: one["rows"] for one in kinds(found, "file")} == {"hp1": 12, "hp2": 12}


def test_a_point_that_a_json_row_leaves_out_is_as_it_was(tmp_path: Path) -> None:
    def line(second: int, **values: object) -> str:
        at = (START + timedelta(seconds=second)).isoformat()
        return json.dumps({"at": at, "values": values})

    whole = line(0, water_supply_temp=41, water_return_temp=36)
    kept = played(tmp_path, [whole, *(line(n, water_supply_temp=41) for n in range(30, 300, 30))])
    assert kinds(kept, "alarm") == []
    gone = line(30, water_supply_temp=41, water_return_temp=None)
    lost = played(
        tmp_path, [whole, gone, *(line(n, water_supply_temp=41) for n in range(60, 300, 30))]
    )
    assert [one["rule"] for one in kinds(lost, "alarm")] == ["sensor_absent"]


def test_seconds_of_a_clock_that_never_jumps_are_believed(tmp_path: Path) -> None:
    rows = [f"{START.isoformat()},{30 * n},41,{33 if n > 3 else 0}" for n in range(9)]
    found = played(tmp_path, ["at,mono,water_supply_temp,fault_code", *rows])
    assert len(opened(found, "vendor_fault")) == 1
    assert len(opened(found, "clock_wrong")) == 1  # the other clock stands still


WRONG: dict[str, tuple[str, str]] = {
    "a word": (
        f"{HEAD}\n{row(0)}\n{START.isoformat()},hot,36,0",
        ":3: water_supply_temp: 'hot' is",
    ),
    "a time": (f"{HEAD}\n{row(0)}\nsoon,41,36,0", ":3: at: 'soon' is no time; allowed: ISO 8601"),
    "too many cells": (f"{HEAD}\n{row(0)},7", ":2: has 5 cells, the head 4"),
    "a name twice": (f"at,dhw_temp,dhw_temp\n{START.isoformat()},1,2", ":1: dhw_temp: two columns"),
    "a blank line before": (f"{HEAD}\n\n{START.isoformat()},41,hot,0", ":3: water_return_temp:"),
    "milliseconds": (
        f"{HEAD}\n1768348800000,41,36,0",
        ":2: at: '1768348800000' is no time; allowed: ISO 8601, or seconds since 1970",
    ),
    "not a number": ('{"at": NaN, "dhw_temp": 4}', ":1: at: nan is no time; allowed: ISO 8601"),
    "a list of rows": ('[{"at": 1768348800, "dhw_temp": 4}]', ":1: has no time; allowed: at, time"),
    "an object": (
        '{"at": 1768348800, "dhw_temp": {"value": 5}}',
        ":1: dhw_temp: {'value': 5} is no number",
    ),
    "no CSV": ('at,"' + "x" * 200_000, ":1: not CSV: field larger"),
    "mono": (
        f"at,mono,dhw_temp\n{START.isoformat()},x,4",
        ":2: mono: 'x' is no time; allowed: sec",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_cannot_be_read_is_told_with_line_and_column(
    case: tuple[str, str], tmp_path: Path
) -> None:
    with pytest.raises(FileError) as caught:
        played(tmp_path, [case[0]])
    assert case[1] in str(caught.value)


@pytest.mark.parametrize("at", ["1768348800", "1768348800.5", "2026-01-14T00:00:00Z"])
def test_time_is_iso_8601_or_seconds_since_1970(at: str, tmp_path: Path) -> None:
    path = tmp_path / "recorded"
    path.write_text(f"at,dhw_temp\n{at},41\n", "utf-8")
    (block,) = blocks(path)
    assert block.at[0] == pytest.approx(1_768_348_800.0, abs=0.5)


def test_a_last_row_cut_short_is_no_reason_to_stop(tmp_path: Path) -> None:
    found = played(tmp_path, [HEAD, row(0.0), row(30.0)[:30]])
    assert kinds(found, "file")[0]["rows"] == 2


def test_progress_tells_the_share_of_the_file(tmp_path: Path) -> None:
    path, shares = tmp_path / "recorded", list[float]()
    path.write_text("\n".join([HEAD, *(row(30.0 * n) for n in range(2 * ROWS))]), "utf-8")
    for _ in replay(path, progress=shares.append):
        pass
    assert shares == sorted(shares)
    assert len(shares) == 2
    assert shares[-1] == 1.0
