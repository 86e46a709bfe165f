"""Ten polls looked at: what is said of late, damaged and missing answers, and of the values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from agent.drivers import Cost, Device, driver
from agent.facts import LATE, BlockFailed, BlockRead, Effect, Failure, Keep, Save
from agent.model import Check, Command, Quality, Reading, Result, Stamp, Value
from agent.pollcheck import ORDER, PollChecks
from agent.selftest import Report

AT = datetime(2026, 1, 10, tzinfo=UTC)
EVERY_S = 10.0


class Bench:
    """A heat pump that is polled every ten seconds in two blocks."""

    def __init__(self) -> None:
        cost = Cost.of_line(9600, 0.005)
        pump = Device("hp", driver("midea_mthermal_r290").map, 1, cost)
        meter = Device("m", driver("eastron_sdm120").map, 2, cost)
        self.checks = PollChecks({"hp": pump, "m": meter}, {"hp": EVERY_S, "m": EVERY_S})
        self.mono = 1000.0
        self.results: list[Result] = []
        self.saved: dict[str, Report] = {}

    @property
    def stamp(self) -> Stamp:
        return Stamp(AT + timedelta(seconds=self.mono), self.mono)

    def do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Keep) and isinstance(effect.record, Result):
                self.results.append(effect.record)
            if isinstance(effect, Save):
                (self.saved[effect.key],) = effect.value  # type: ignore[misc]

    def order(self, value: Value = True, role: str = "service", device: str = "hp") -> None:
        until = self.stamp.at + timedelta(hours=1)
        wish = Command("t", "crew-7", role, device, ORDER, value, self.stamp.at, until)
        self.do(self.checks.command(wish, self.stamp))

    def poll(self, *failures: tuple[Failure, str], supply_c: float | None = 41.0) -> None:
        """One round: a block that is read, then those that are not, then the last one."""
        quality = Quality.ABSENT if supply_c is None else Quality.GOOD
        first = (Reading("water_supply_temp", supply_c, quality),)
        self.mono += EVERY_S
        self.do(self.checks.see(BlockRead("hp", first, self.stamp)))
        for failure, why in failures:
            self.do(self.checks.see(BlockFailed("hp", failure, why, self.stamp)))
        self.do(self.checks.see(BlockRead("hp", (), self.stamp, sweep_end=True)))

    def polled(self, *rounds: tuple[Failure, str], supplies_c: tuple[float, ...] = ()) -> Result:
        """A poll already under way, then the rounds that fail, then good ones up to ten."""
        self.order()
        self.poll()
        for one in rounds:
            self.poll(one)
        for n in range(10 - len(rounds)):
            assert not self.results
            self.poll(supply_c=supplies_c[n] if n < len(supplies_c) else 41.0)
        (result,) = self.results
        return result


SILENT, LATER = (Failure.SILENCE, "no answer"), (Failure.SILENCE, LATE)
BROKEN, HOLE = (Failure.GARBLED, "checksum"), (Failure.REFUSED, "code 2")


def first(result: Result) -> Check:
    return result.checks[0]


def test_ten_good_polls_are_good_and_their_spread_is_told() -> None:
    bench = Bench()
    result = bench.polled(supplies_c=(40.5, 42.0))
    assert (result.outcome, result.read_back) == ("verified", "good")
    assert first(result).values == {
        "polls": 10, "answered": 10, "late": 0, "garbled": 0, "silent": 0,
    }  # fmt: skip
    assert result.checks[1].values == {"water_supply_temp": "40.5..42"}
    assert bench.saved["poll_check hp"].checks == result.checks
    assert bench.checks.running == ()


@pytest.mark.parametrize(
    ("rounds", "verdict", "step"),
    [
        ((HOLE,) * 5, "good", "polls"),
        ((LATER,), "fair", "late"),
        ((BROKEN, BROKEN), "fair", "garbled"),
        ((SILENT,) * 3, "bad", "silent"),
        ((BROKEN, BROKEN, LATER), "bad", "garbled"),
    ],
)
def test_what_does_not_come_is_counted_and_named(
    rounds: tuple[tuple[Failure, str], ...], verdict: str, step: str
) -> None:
    result = Bench().polled(*rounds)
    assert (result.read_back, first(result).step) == (verdict, step)
    lost = 0 if step == "polls" else len(rounds)
    assert first(result).values["answered"] == 10 - lost


def test_a_poll_that_was_under_way_does_not_count() -> None:
    bench = Bench()
    bench.order()
    bench.poll(SILENT, supply_c=60.0)
    for _ in range(10):
        bench.poll()
    (result,) = bench.results
    assert result.read_back == "good"
    assert first(result).values["silent"] == 0


def test_a_value_that_leaps_is_told() -> None:
    result = Bench().polled(supplies_c=(41.0, 52.0))
    assert (result.read_back, result.checks[1].step) == ("fair", "leaps")
    assert result.checks[1].values == {"water_supply_temp": "41..52"}


def test_a_machine_without_a_temperature_is_only_fair() -> None:
    bench = Bench()
    bench.order()
    for _ in range(11):
        bench.poll(supply_c=None)
    (result,) = bench.results
    assert [one.step for one in result.checks] == ["polls", "none", "absent"]
    assert result.read_back == "fair"


def test_a_silent_machine_does_not_hold_it_up() -> None:
    bench = Bench()
    bench.order()
    bench.do(bench.checks.tick(bench.stamp))
    assert bench.results == []
    bench.mono += 2 * 11 * EVERY_S + 60.0
    bench.do(bench.checks.tick(bench.stamp))
    (result,) = bench.results
    assert (result.read_back, first(result).step) == ("bad", "silent")
    assert first(result).values["silent"] == 10


@pytest.mark.parametrize(
    ("value", "role", "device", "why"),
    [
        (True, "resident", "hp", "a resident begins no check"),
        (False, "service", "hp", "poll_check is true"),
        (True, "service", "attic", "no device is named attic"),
    ],
)
def test_who_and_what_is_refused(value: Value, role: str, device: str, why: str) -> None:
    bench = Bench()
    bench.order(value, role, device)
    assert [(one.outcome, one.why) for one in bench.results] == [("refused", why)]
    assert bench.checks.running == ()


def test_one_at_a_time_and_the_end_of_the_program_is_its_end() -> None:
    bench = Bench()
    bench.order()
    bench.order()
    assert bench.results.pop().why == "a check runs already"
    bench.do(bench.checks.stop(bench.stamp))
    assert [one.outcome for one in bench.results] == ["failed"]
