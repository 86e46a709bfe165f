"""Forecasts: what is taken, what is not and why, and what it does to a home on the road."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from agent.uplink import ForecastMessage, parse_forecast

NOW = datetime(2026, 1, 14, 4, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "start": "2026-01-14T12:00:00+08:00",
    "outdoor_c": [-3.0, -4, -5.5],
    "issued_at": "2026-01-14T11:30:00+08:00",
}


def parsed(trusted: bool = True, **changes: Any) -> ForecastMessage:
    return parse_forecast(json.dumps({**GOOD, **changes}).encode(), NOW, trusted)


def test_a_good_forecast() -> None:
    found = parsed()
    assert (found.start, found.outdoor_c) == (NOW, (-3.0, -4.0, -5.5))


@pytest.mark.parametrize(
    "more",
    [
        {"outdoor_c": [-10.0] * 168},
        {"start": (NOW - timedelta(hours=2, minutes=59)).isoformat()},
        {"start": (NOW + timedelta(hours=5)).isoformat()},
        {"gateway": "gw-1"},
        {"outdoor_c": [0.0, -15.0]},
    ],
)
def test_what_is_taken(more: dict[str, Any]) -> None:
    parsed(**more)


def test_a_forecast_that_names_another_gateway_is_not_taken() -> None:
    payload = json.dumps({**GOOD, "gateway": "gw-2"}).encode()
    with pytest.raises(ValueError, match="for gateway gw-2, this is gw-1"):
        parse_forecast(payload, NOW, True, "gw-1")
    assert parse_forecast(payload, NOW, True, "gw-2").gateway == "gw-2"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no values": ({"outdoor_c": []}, "length >= 1"),
    "more than a week": ({"outdoor_c": [0.0] * 169}, "length <= 168"),
    "colder than any village": ({"outdoor_c": [-55.1]}, ">= -55"),
    "hotter than any": ({"outdoor_c": [50.1]}, "<= 50"),
    "a leap": ({"outdoor_c": [0.0, -15.1]}, "a step of 15.1 K within an hour is no weather"),
    "text": ({"outdoor_c": ["cold"]}, "Expected `float`"),
    "no zone": ({"start": "2026-01-14T12:00:00"}, "timezone component"),
    "all over": ({"start": (NOW - timedelta(hours=3)).isoformat()}, "all its hours are over"),
    "from the future": ({"issued_at": (NOW + timedelta(minutes=6)).isoformat()}, "in the future"),
    "made for another week": ({"start": (NOW + timedelta(days=8)).isoformat()}, "a week from"),
    "another field": ({"value": 1}, "unknown field"),
    "too long": ({"gateway": "g" * 17_000}, "longer than"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_is_not_taken_says_why(case: tuple[dict[str, Any], str]) -> None:
    more, why = case
    with pytest.raises(ValueError, match=why):
        parsed(**more)


def test_without_a_clock_the_hours_are_judged_later() -> None:
    assert parsed(trusted=False, start="2020-01-14T12:00:00Z", issued_at="2020-01-14T11:00:00Z")


def test_every_field_is_described() -> None:
    schema = msgspec.json.schema(ForecastMessage)["$defs"]["ForecastMessage"]
    assert all("description" in str(one) for one in schema["properties"].values())
