"""Whose turn it is: tables, and days on a line whose time is only counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.drivers import Cost, Device, Hooks, ReadRequest, load
from agent.facts import BlockFailed, BlockRead, Fact, Failure, HolesFound, WriteDone, WriteRepeated
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.scheduler import PROBE_S, Idle, Scheduler, Turn
from agent.line.unit import DARK_S, HOLE_KEPT_S, REST_MAX_S, REST_S
from agent.model import Origin, Outcome, PointId, Quality, Reading, Snapshot, Stamp, Write

START = datetime(2024, 1, 1, tzinfo=UTC)
RTU = Cost.of_line(9600, 0.02)
TEN = "".join(f"  x_{i}: {{at: {100 + i}, en: a, zh: b}}\n" for i in range(10))
APART = "".join(f"  x_{i}: {{at: {1000 * i}, en: a, zh: b}}\n" for i in range(4))
SET = "  water_setpoint: {at: 50, scale: 0.1, write: {low: 25, high: 55, step: 0.5}}\n"
LINE = "every: 10 s\nline: {answer_within: 1 s, worst_lateness: 0.5 s, gap: 0.05 s}\n"


def device(name: str, points: str = TEN, unit_id: int = 1, top: str = LINE) -> Device:
    head = "map: acme\napi: 1\ncovers: [{brand: Acme, model: One}]\nsource: [sheet]\ngrade: draft\n"
    return Device(name, load(f"{head}{top}points:\n{points}", "m"), unit_id, RTU)


def stamp(mono: float) -> Stamp:
    return Stamp(START + timedelta(seconds=mono), mono)


def good(turn: Turn) -> Reply:
    if isinstance(turn.request, ReadRequest):
        return Answer(tuple(range(turn.request.at, turn.request.at + turn.request.count)))
    return Answer(turn.request.words)


def wire_s(turn: Turn, reply: Reply) -> float:
    """The time an exchange takes at 9600 baud, its drain included."""
    count = turn.request.count if isinstance(turn.request, ReadRequest) else 1
    if isinstance(reply, Silence) and reply.late_s is None:
        return 0.02 + turn.answer_within_s + turn.worst_lateness_s
    if isinstance(reply, Silence):
        return 0.02 + turn.answer_within_s + (reply.late_s or 0.0)
    return turn.gap_s + 0.03 + (13 + 2 * count) * 10 / 9600


Says = Callable[[Turn, float], Reply]


def exchanges(
    scheduler: Scheduler, says: Says, until: float, start: float = 0.0
) -> Iterator[tuple[float, Turn, Reply, tuple[Fact, ...]]]:
    """Let the line work until a monotonic second; each exchange with the time of its end."""
    mono, idles = start, 0
    while mono < until:
        turn = scheduler.next(mono)
        if isinstance(turn, Idle):
            assert turn.until >= mono
            assert not scheduler.ended(stamp(mono))
            idles += 1
            mono = turn.until + 0.001 * (3 - idles % 3)  # nobody wakes on time
            continue
        reply = says(turn, mono)
        mono += wire_s(turn, reply)
        yield mono, turn, reply, scheduler.done(turn, reply, stamp(mono))


def sweeps(facts: tuple[Fact, ...]) -> int:
    return sum(isinstance(f, BlockRead | BlockFailed) and f.sweep_end for f in facts)


def turn_of(scheduler: Scheduler, mono: float) -> Turn:
    turn = scheduler.next(mono)
    assert isinstance(turn, Turn)
    return turn


def idle_until(scheduler: Scheduler, mono: float) -> float:
    idle = scheduler.next(mono)
    assert isinstance(idle, Idle)
    return idle.until


# --- order ----------------------------------------------------------------------------------


def test_a_command_goes_before_reads() -> None:
    scheduler = Scheduler([device("a", TEN + SET), device("b", unit_id=2)])
    first = turn_of(scheduler, 0.0)
    assert first.block is not None
    scheduler.done(first, good(first), stamp(0.2))
    scheduler.send(Write("b", "x_0", 1, Origin.SCHEDULE), 0.2)  # unfit: ends without the wire
    scheduler.send(Write("a", "water_setpoint", 45.0, Origin.SCHEDULE), 0.2)
    assert scheduler.next(0.2) == Idle(0.2)
    assert [
        fact.outcome for fact in scheduler.ended(stamp(0.2)) if isinstance(fact, WriteDone)
    ] == [Outcome.REFUSED]
    turn = turn_of(scheduler, 0.2)
    assert (turn.block, turn.request.function, turn.request.at) == (None, 6, 50)
    assert scheduler.writing


def test_reads_go_on_while_a_write_waits_to_look_again() -> None:
    scheduler = Scheduler([device("a", SET)])
    scheduler.send(Write("a", "water_setpoint", 45.0, Origin.SCHEDULE), 0.0)
    turn = turn_of(scheduler, 0.0)
    scheduler.done(turn, good(turn), stamp(0.1))
    turn = turn_of(scheduler, 0.1)
    scheduler.done(turn, Answer((300,)), stamp(0.2))
    read = turn_of(scheduler, 0.2)
    assert read.block is not None
    scheduler.done(read, Answer((450,)), stamp(0.3))
    assert idle_until(scheduler, 0.3) == pytest.approx(0.5)
    turn = turn_of(scheduler, 0.5)
    (done,) = scheduler.done(turn, Answer((450,)), stamp(0.6))
    assert isinstance(done, WriteDone)
    assert (done.outcome, done.read_back) == (Outcome.VERIFIED, 45.0)


def test_two_writes_to_one_device_do_not_undo_each_other() -> None:
    scheduler = Scheduler([device("a", SET)])
    scheduler.send(Write("a", "water_setpoint", 40.0, Origin.SCHEDULE), 0.0)
    scheduler.send(Write("a", "water_setpoint", 45.0, Origin.RESIDENT), 0.0)
    word, shown, mono = 300, 300, 0.0
    ended: list[Fact] = []
    while scheduler.writing:
        turn = scheduler.next(mono)
        if isinstance(turn, Idle):
            mono = turn.until
            continue
        if isinstance(turn.request, ReadRequest):
            reply = Answer((shown,))
            shown = word  # it shows a new value from the second look on
        else:
            (word,) = turn.request.words
            reply = Answer((word,))
        mono += 0.1
        ended += scheduler.done(turn, reply, stamp(mono))
    results = [(f.write.value, f.outcome) for f in ended if isinstance(f, WriteDone)]
    assert results == [(40.0, Outcome.VERIFIED), (45.0, Outcome.VERIFIED)]


def test_the_most_overdue_goes_first() -> None:
    fast = device("fast", top="every: 5 s\n")
    slow = device("slow", unit_id=2, top="every: 8 s\n")
    scheduler = Scheduler([slow, fast])
    for mono in (0.0, 0.1):
        turn = turn_of(scheduler, mono)
        scheduler.done(turn, good(turn), stamp(mono))
    assert scheduler.next(0.2) == Idle(5.0)  # from 0.0: the start of the round before
    assert [turn_of(scheduler, 9.0).device] == ["fast"]


def test_each_round_has_one_end() -> None:
    scheduler = Scheduler([device("a", APART), device("b", APART, 2)])
    rounds: dict[str, list[list[bool]]] = defaultdict(lambda: [[]])
    for _, turn, _, facts in exchanges(scheduler, lambda turn, _: good(turn), 100.0):
        (fact,) = facts
        assert isinstance(fact, BlockRead)
        rounds[turn.device][-1].append(fact.sweep_end)
        if fact.sweep_end:
            rounds[turn.device].append([])
    for name in ("a", "b"):
        assert rounds[name].pop() == []
        assert rounds[name] == [[False, False, False, True]] * 10


def test_rounds_missed_in_an_overload_are_not_made_up_for() -> None:
    scheduler = Scheduler([device("a")])
    turn = turn_of(scheduler, 0.0)
    scheduler.done(turn, good(turn), stamp(0.1))
    turn = turn_of(scheduler, 95.0)  # the line was busy elsewhere for nine rounds
    scheduler.done(turn, good(turn), stamp(95.1))
    turn = turn_of(scheduler, 95.1)  # the one that is due
    scheduler.done(turn, good(turn), stamp(95.2))
    assert idle_until(scheduler, 95.2) == pytest.approx(105.1)


@pytest.mark.parametrize(("base_s", "slow_s"), [(10, 600), (30, 60), (7, 60)])
def test_slow_points_are_read_at_their_own_pace(base_s: int, slow_s: int) -> None:
    points = "  x_a: {at: 0, en: a, zh: b}\n" + (
        f"  x_b: {{at: 900, en: a, zh: b, every: {slow_s} s}}\n"
    )
    scheduler = Scheduler([device("a", points, top=f"every: {base_s} s\n")])
    at: dict[int, list[float]] = {0: [], 900: []}

    def says(turn: Turn, mono: float) -> Reply:
        at[turn.request.at].append(mono)
        return good(turn)

    list(exchanges(scheduler, says, 4000.0))
    assert len(at[0]) == pytest.approx(4000 / base_s, abs=1)
    between = [b - a for a, b in pairwise(at[900])]
    assert between
    assert all(abs(gap - slow_s) <= base_s / 2 + 0.5 for gap in between)


def test_an_unanswered_slow_point_is_asked_again_in_the_next_round() -> None:
    points = "  x_a: {at: 0, en: a, zh: b}\n  x_b: {at: 900, en: a, zh: b, every: 10 min}\n"
    scheduler = Scheduler([device("a", points)])
    asked: list[float] = []

    def says(turn: Turn, mono: float) -> Reply:
        if turn.request.at == 900:
            asked.append(mono)
            return Garbled("cut") if len(asked) == 1 else good(turn)
        return good(turn)

    list(exchanges(scheduler, says, 500.0))
    assert len(asked) == 2
    assert asked[1] - asked[0] < 11


# --- silence --------------------------------------------------------------------------------


def test_a_silent_unit_rests_5_s_doubling_to_300_s_with_one_short_probe() -> None:
    every_second = LINE.replace("10 s", "1 s")
    scheduler = Scheduler([device("a", APART, top=every_second)])
    probes: list[tuple[float, Turn]] = []
    for mono, turn, _, facts in exchanges(scheduler, lambda *_: Silence(), 2500.0):
        probes.append((mono, turn))
        (fact,) = facts
        assert isinstance(fact, BlockFailed)
        assert fact.failure is Failure.SILENCE
        assert fact.sweep_end == (len(probes) >= 3)
    rests = [after[0] - before[0] for before, after in pairwise(probes[2:])]
    awake = 0.02 + PROBE_S + probes[3][1].worst_lateness_s
    expected = [min(REST_S * 2**i, REST_MAX_S) + awake for i in range(len(rests))]
    assert len(rests) > 8
    assert rests == pytest.approx(expected, abs=0.01)
    assert [turn.answer_within_s for _, turn in probes] == [1.0] * 3 + [PROBE_S] * len(rests)
    # A unit that is no slower than its map says is still heard in the drain.
    assert PROBE_S + probes[3][1].worst_lateness_s >= 1.0


@pytest.mark.parametrize(
    "sign", [Answer((0,)), Silence(late_s=0.2), Refused(6), Garbled("wrong checksum")]
)
def test_any_sign_of_life_wakes_a_resting_unit_and_the_whole_round_follows(sign: Reply) -> None:
    scheduler = Scheduler([device("a", APART)])
    *_, (mono, *_) = exchanges(scheduler, lambda *_: Silence(), 30.0)
    probe = turn_of(scheduler, mono + REST_MAX_S)
    mono += REST_MAX_S + 1
    (fact,) = scheduler.done(probe, sign, stamp(mono))
    assert isinstance(fact, BlockRead | BlockFailed)
    assert not fact.sweep_end
    ends = []
    asked = {probe.request.at}
    for _ in range(3):
        turn = turn_of(scheduler, mono)
        assert turn.answer_within_s == 1.0
        asked.add(turn.request.at)
        ends.append(sweeps(scheduler.done(turn, good(turn), stamp(mono))))
    assert (ends, asked) == ([0, 0, 1], {0, 1000, 2000, 3000})
    assert isinstance(scheduler.next(mono), Idle)


def test_after_a_rest_the_words_that_give_others_their_meaning_are_read_again() -> None:
    points = (
        "  x_tenths: {at: 900, en: a, zh: b, every: 10 min, values: {0: whole, 1: tenths}}\n"
        "  x_a: {at: 0, en: a, zh: b, switch: {point: x_tenths, equals: tenths, scale: 0.1}}\n"
    )
    scheduler = Scheduler([device("a", points)])
    dead = False
    shown: list[tuple[float, Quality]] = []
    for mono, _, _, facts in exchanges(
        scheduler, lambda turn, mono: Silence() if 50 < mono < 90 else Answer((1,)), 200.0
    ):
        for fact in facts:
            dead |= isinstance(fact, BlockFailed)
            if isinstance(fact, BlockRead) and fact.readings[0].point == "x_a":
                shown.append((mono, fact.readings[0].quality))
    assert dead
    assert shown[-1][0] > 190
    assert {quality for _, quality in shown} == {Quality.GOOD}


@pytest.mark.parametrize("code", [0x0A, 0x0B])
def test_a_bridge_without_its_unit_is_a_silent_unit(code: int) -> None:
    scheduler = Scheduler([device("a", APART)])
    seen = list(exchanges(scheduler, lambda *_: Refused(code), 60.0))
    assert len(seen) < 9  # it rests
    for *_, (fact,) in seen:
        assert isinstance(fact, BlockFailed)
        assert fact.failure is Failure.SILENCE
    # No hole was remembered: everything is read once it is back.
    asked = {turn.request.at for _, turn, *_ in exchanges(scheduler, _good, 700.0, 600.0)}
    assert asked == {0, 1000, 2000, 3000}


def _good(turn: Turn, _: float) -> Reply:
    return good(turn)


def test_one_dead_unit_of_four_costs_the_others_nothing() -> None:
    units = [device(name, unit_id=i + 1) for i, name in enumerate("abcd")]
    rounds: dict[str, int] = defaultdict(int)
    spent = 0.0
    before = 0.0
    for mono, turn, _, facts in exchanges(
        Scheduler(units), lambda turn, _: Silence() if turn.device == "d" else good(turn), 3660.0
    ):
        if mono > 60:
            rounds[turn.device] += sweeps(facts)
            spent += (mono - before) * (turn.device == "d")
        before = mono
    assert all(rounds[name] >= 0.95 * 360 for name in "abc"), dict(rounds)


def test_one_dead_unit_of_four_on_a_full_line_still_leaves_95_percent() -> None:
    def run(dead: str) -> dict[str, int]:
        units = [device(n, APART, i + 1, "every: 1 s\n") for i, n in enumerate("abcd")]
        rounds: dict[str, int] = defaultdict(int)
        for mono, turn, _, facts in exchanges(
            Scheduler(units),
            lambda turn, _: Silence() if turn.device in dead else good(turn),
            1260.0,
        ):
            rounds[turn.device] += sweeps(facts) * (mono > 60)
        return rounds

    whole, hurt = run(""), run("d")
    assert all(hurt[name] >= 0.95 * whole[name] for name in "abc"), (dict(whole), dict(hurt))


def test_after_a_silence_another_length_is_asked_for() -> None:
    points = (
        "  x_a: {at: 0, en: a, zh: b}\n  x_b: {at: 1000, en: a, zh: b}\n"
        "  x_c: {at: 2000, type: u32, en: a, zh: b}\n"
    )
    scheduler = Scheduler([device("a", points)])
    first = turn_of(scheduler, 0.0)
    assert isinstance(first.request, ReadRequest)
    assert first.request.count == 1
    scheduler.done(first, Silence(), stamp(1.5))
    after = turn_of(scheduler, 1.5)
    assert isinstance(after.request, ReadRequest)
    assert (after.request.at, after.request.count) == (2000, 2)
    scheduler.done(after, good(after), stamp(1.6))
    assert turn_of(scheduler, 1.6).request.at == 1000


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1, 2, 3])
@pytest.mark.parametrize("hole", [0, 4, 9])
def test_a_refused_block_is_halved_and_the_hole_never_asked_again(code: int, hole: int) -> None:
    scheduler = Scheduler([device("a")])
    refused: list[tuple[int, int]] = []
    answered: list[set[str]] = []
    ends = 0

    def says(turn: Turn, _: float) -> Reply:
        assert isinstance(turn.request, ReadRequest)
        request = turn.request
        if request.at <= 100 + hole < request.at + request.count:
            refused.append((request.at, request.count))
            return Refused(code)
        return good(turn)

    for _, _, _, facts in exchanges(scheduler, says, 100.0):
        for fact in (one for one in facts if not isinstance(one, HolesFound)):
            assert isinstance(fact, BlockRead | BlockFailed)
            if ends == len(answered):
                answered.append(set())
            if isinstance(fact, BlockRead):
                answered[-1] |= {reading.point for reading in fact.readings}
            ends += fact.sweep_end
    assert len(refused) == len(set(refused)) <= 5
    assert ends == 10
    assert answered == [{f"x_{i}" for i in range(10)} - {f"x_{hole}"}] * 10


def test_busy_is_a_failed_block_and_no_hole() -> None:
    scheduler = Scheduler([device("a")])
    seen = list(exchanges(scheduler, lambda *_: Refused(6), 100.0))
    assert [turn.request for _, turn, *_ in seen] == [seen[0][1].request] * 10
    (fact,) = seen[0][3]
    assert fact == BlockFailed("a", Failure.REFUSED, "exception 6", stamp(seen[0][0]), True)


def test_a_unit_that_refuses_everything_leaves_the_line_idle() -> None:
    scheduler = Scheduler([device("a"), device("b", unit_id=2)])
    for _ in exchanges(
        scheduler, lambda turn, _: Refused(2) if turn.device == "a" else good(turn), 400.0
    ):
        pass
    idle = scheduler.next(405.0)
    while isinstance(idle, Turn):
        scheduler.done(idle, good(idle), stamp(405.0))
        idle = scheduler.next(405.0)
    assert idle.until > 405.0


def test_a_machine_that_refused_everything_is_asked_again() -> None:
    """As it may while it starts up; that must not last for ever, and is told once."""
    scheduler = Scheduler([device("a")])
    refused = list(exchanges(scheduler, lambda *_: Refused(2), 10.0))
    assert len(refused) == 19, "ten points: one block, halved down to ten single places"
    assert sum(isinstance(fact, HolesFound) for *_, facts in refused for fact in facts) == 1
    idle = scheduler.next(1000.0)
    assert isinstance(idle, Idle)
    assert DARK_S <= idle.until < DARK_S + 60.0
    asked = [
        turn.request
        for _, turn, *_ in exchanges(scheduler, lambda t, _: good(t), idle.until + 5.0, idle.until)
    ]
    assert asked[0] == refused[0][1].request


def test_a_machine_that_refused_everything_is_asked_at_once_after_a_restart() -> None:
    machine = device("a")
    machine.unsupported.update(machine.map.points)
    scheduler = Scheduler([machine])
    turn = turn_of(scheduler, 7.0)
    (told,) = [f for f in scheduler.done(turn, good(turn), stamp(7.2)) if isinstance(f, HolesFound)]
    assert told.points == ()


def test_what_was_refused_is_asked_again_after_hours() -> None:
    scheduler = Scheduler([device("a")])

    def says(turn: Turn, mono: float) -> Reply:
        assert isinstance(turn.request, ReadRequest)
        last = turn.request.at + turn.request.count - 1
        return Refused(2) if last == 109 and mono < HOLE_KEPT_S else good(turn)

    asked = [
        (mono, turn.request.count)
        for mono, turn, *_ in exchanges(scheduler, says, HOLE_KEPT_S + 60.0)
        if isinstance(turn.request, ReadRequest)
    ]
    whole = [mono for mono, count in asked if count == 10]
    assert len(whole) > 1
    assert whole[0] < 1.0
    assert HOLE_KEPT_S <= whole[1] < HOLE_KEPT_S + 60.0


def test_a_write_met_by_a_closed_connection_is_made_again_and_knows_its_limits() -> None:
    top = "every: 10 s\n"
    points = """
  x_high: {at: 2000, scale: 0.1, unit: degC, en: a, zh: b}
  water_setpoint: {at: 50, scale: 0.1, write: {low: 25, high: 55, step: 0.5, high_from: x_high}}
"""
    for sent in (False, True):
        scheduler = Scheduler([device("a", points, top=top)])
        for _ in range(2):
            turn = turn_of(scheduler, 0.0)
            scheduler.done(turn, Answer((500,)), stamp(0.1))
        due = idle_until(scheduler, 1.0)
        scheduler.send(Write("a", "water_setpoint", 45.0, Origin.SCHEDULE), 1.0)
        turn = turn_of(scheduler, 1.0)
        assert turn.request.function == 6
        assert scheduler.renewed(turn, sent, stamp(1.0)) == ()
        first = turn_of(scheduler, 1.0)
        assert (first.block is not None, first.request.at) == (True, 2000)
        facts = scheduler.done(first, Answer((500,)), stamp(1.1))
        assert not any(fact.sweep_end for fact in facts if isinstance(fact, BlockRead))
        then = turn_of(scheduler, 1.2)
        assert then.request.function == (3 if sent else 6)  # whether it arrived is seen first
        if not sent:
            scheduler.done(then, Answer(then.request.words), stamp(1.3))
            then = turn_of(scheduler, 1.3)
        (end,) = scheduler.done(then, Answer((450,)), stamp(1.4))
        assert isinstance(end, WriteDone)
        assert end.outcome is Outcome.VERIFIED
        assert idle_until(scheduler, 1.5) == due, "the rhythm of the rounds is as it was"


def test_a_look_before_a_write_met_by_a_closed_connection_is_made_again() -> None:
    points = "  power_on: {at: 50, bits: 3, write: {}}\n"
    scheduler = Scheduler([device("a", points)])
    turn = turn_of(scheduler, 0.0)
    scheduler.done(turn, Answer((0,)), stamp(0.1))
    scheduler.send(Write("a", "power_on", True, Origin.SCHEDULE), 1.0)
    look = turn_of(scheduler, 1.0)
    assert look.request.function == 3
    assert scheduler.renewed(look, True, stamp(1.0)) == ()
    assert turn_of(scheduler, 1.1).request == look.request


# --- the line itself ------------------------------------------------------------------------


def test_a_lost_line_fails_everybody_and_gives_up_writes() -> None:
    scheduler = Scheduler([device("a", APART + SET), device("b", APART, 2)])
    turn = turn_of(scheduler, 0.0)
    scheduler.done(turn, good(turn), stamp(0.1))
    under_way = Write("a", "water_setpoint", 45.0, Origin.PLATFORM, "c1")
    unfit = Write("a", "water_setpoint", 99.0, Origin.PLATFORM, "c2")
    scheduler.send(under_way, 0.1)
    scheduler.send(unfit, 0.1)
    down = stamp(0.2)
    writes: list[Fact] = []
    fails: list[Fact] = []
    for fact in scheduler.line_down("unplugged", down):
        (writes if isinstance(fact, WriteDone) else fails).append(fact)
    assert fails == [
        BlockFailed(name, Failure.LINE_DOWN, "unplugged", down, sweep_end=True) for name in "ab"
    ]
    told = [(f.write, f.outcome) for f in writes if isinstance(f, WriteDone)]
    assert told == [(under_way, Outcome.FAILED), (unfit, Outcome.REFUSED)]
    assert not scheduler.writing


def test_a_line_that_is_back_asks_everybody_at_once() -> None:
    scheduler = Scheduler([device("a"), device("b", unit_id=2)])
    list(exchanges(scheduler, lambda *_: Silence(), 60.0))
    scheduler.line_down("unplugged", stamp(60.0))
    scheduler.line_up(61.0)
    turns = []
    for _ in "ab":
        turn = turn_of(scheduler, 61.0)
        turns.append((turn.device, turn.answer_within_s))
        assert sweeps(scheduler.done(turn, good(turn), stamp(61.0))) == 1
    assert sorted(turns) == [("a", 1.0), ("b", 1.0)]


# --- properties -----------------------------------------------------------------------------

ODD: list[Reply] = [
    Silence(),
    Silence(late_s=0.1),
    Garbled("cut"),
    Refused(2),
    Refused(6),
    Refused(11),
]
REPLIES = st.sampled_from([None, None, None, *ODD])


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 5),
    every=st.sampled_from([1, 2, 10]),
    habits=st.lists(st.lists(REPLIES, min_size=1, max_size=6), min_size=5, max_size=5),
)
@example(count=5, every=1, habits=[[None]] * 5)
def test_no_device_starves(count: int, every: int, habits: list[list[Reply | None]]) -> None:
    """Whatever its neighbours do, a unit is asked at least once per rest and line round."""
    units = [
        device(f"d{i}", APART, i + 1, f"every: {every} s\nline: {{answer_within: 1 s}}\n")
        for i in range(count)
    ]
    scheduler = Scheduler(units)
    numbers: dict[str, int] = defaultdict(int)
    asked: dict[str, list[float]] = {unit.name: [0.0] for unit in units}
    gone: set[str] = set()
    rounds: dict[str, int] = defaultdict(int)

    def says(turn: Turn, mono: float) -> Reply:
        habit = habits[int(turn.device[1])]
        reply = habit[numbers[turn.device] % len(habit)]
        numbers[turn.device] += 1
        asked[turn.device].append(mono)
        return reply if reply is not None else good(turn)

    end = 600.0
    for _, turn, _, facts in exchanges(scheduler, says, end):
        assert len([fact for fact in facts if not isinstance(fact, HolesFound)]) == 1
        rounds[turn.device] += sweeps(facts)
    for unit in units:
        if len(unit.unsupported) == len(unit.map.points):
            gone.add(unit.name)  # it has refused every point
    for name in asked.keys() - gone:
        times = [*asked[name], end]
        widest = max(b - a for a, b in pairwise(times))
        longest_round = count * (4 * 1.6) + every
        silent = all(r in (Silence(), Refused(0x0B)) for r in habits[int(name[1])])
        assert widest <= (REST_MAX_S if silent else 4 * REST_S) + longest_round
        assert rounds[name] > 0


def test_a_second_try_is_told_before_it_goes_out() -> None:
    """The wear of the machine is counted from what is told, so it must be told first."""
    scheduler = Scheduler([device("a", SET)])
    scheduler.send(Write("a", "water_setpoint", 40.0, Origin.PLATFORM), 0.0)
    wrote: list[float] = []
    told: list[float] = []

    def says(turn: Turn, mono: float) -> Reply:
        if not isinstance(turn.request, ReadRequest):
            wrote.append(mono)
            assert len(wrote) == 1 + len(told)
            return good(turn)
        return Answer((300,) * turn.request.count)  # the machine stays at 30.0

    ends = []
    for mono, _, _, facts in exchanges(scheduler, says, 60.0):
        told += [mono for fact in facts if isinstance(fact, WriteRepeated)]
        ends += [fact for fact in facts if isinstance(fact, WriteDone)]
    assert len(wrote) == 2
    assert len(told) == 1
    assert [end.outcome for end in ends] == [Outcome.FAILED]


def test_a_write_that_may_be_tried_once_is_not_tried_again() -> None:
    scheduler = Scheduler([device("a", SET)])
    scheduler.send(Write("a", "water_setpoint", 40.0, Origin.PLATFORM, tries=1), 0.0)
    seen = [
        turn.request
        for _, turn, *_ in exchanges(
            scheduler,
            lambda t, _: Answer((300,) * getattr(t.request, "count", 1)),
            60.0,
        )
        if not isinstance(turn.request, ReadRequest)
    ]
    assert len(seen) == 1


class Forgetful(Hooks):
    """A vendor's mistake: nothing is given back."""

    def after_decode(
        self, readings: tuple[Reading, ...], known: Mapping[PointId, Reading]
    ) -> tuple[Reading, ...]:
        return None  # type: ignore[return-value]


class Wrong(Hooks):
    """Another: values where readings are wanted."""

    def after_decode(
        self, readings: tuple[Reading, ...], known: Mapping[PointId, Reading]
    ) -> tuple[Reading, ...]:
        return tuple(one.value for one in readings)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("hooks", "why"),
    [(Forgetful(), "'NoneType' object is not iterable"), (Wrong(), "something else than readings")],
)
def test_a_hook_that_fails_costs_its_own_device_only(hooks: Hooks, why: str) -> None:
    mistaken, well = device("a"), device("b", unit_id=2)
    mistaken.hooks = hooks
    scheduler = Scheduler([mistaken, well])
    told = [
        fact
        for *_, facts in exchanges(scheduler, lambda turn, _: good(turn), 35.0)
        for fact in facts
    ]
    failed = [fact for fact in told if isinstance(fact, BlockFailed)]
    assert {fact.device for fact in failed} == {"a"}
    assert all("after_decode of the driver acme failed" in fact.why for fact in failed)
    assert all(why in fact.why for fact in failed)
    assert {fact.device for fact in told if isinstance(fact, BlockRead)} == {"b"}
    assert not scheduler.out_of_step


class Broken(Hooks):
    """A vendor's mistake in what only looks."""

    def alarms(self, snapshot: Snapshot) -> tuple[str, ...]:
        raise KeyError("fault_code")


def test_an_alarms_hook_that_fails_is_told_beside_what_the_map_knows() -> None:
    found = load(
        "map: acme\napi: 1\ncovers: [{brand: Acme, model: One}]\nsource: [sheet]\ngrade: draft\n"
        "points:\n  fault_code: {at: 1}\n"
        "faults: {point: fault_code, codes: {5: {label: E5, en: pressure, zh: 压力}}}\n",
        "m",
    )
    machine = Device("a", found, 1, RTU, Broken())
    seen = Snapshot("a").with_readings((Reading("fault_code", "code E5", raw=5),), 0.0)
    known, own = machine.vendor_faults(seen)
    assert (known.code, known.sends) == ("E5", True)
    assert (own.code, own.sends) == ("driver", False)
    assert "alarms of the driver acme failed: KeyError('fault_code')" in own.en
