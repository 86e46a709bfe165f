"""Dialogues of a write: what is asked, what comes back, and how it ends. Tables, no wire."""

from __future__ import annotations

import pytest

from agent.drivers import Cost, Device, ReadRequest, Request, WriteRequest, load
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.writing import LOOK_AGAIN_S, WriteSequence, same
from agent.model import Origin, Outcome, PointValue, Value, Write

MAP = """
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: [sheet of Acme]
grade: draft
points:
  water_setpoint: {at: 40103, scale: 0.5, write: {at: 40003, low: 25, high: 55, step: 0.5}}
  power_on: {at: 0, bits: 1, write: {}}
  curve_index: {at: 6, bits: 8..15, low: 1, high: 9, write: {low: 1, high: 9, step: 1}}
  quiet_mode: {table: coil, at: 9, write: {}}
  x_total: {at: 300, type: u32, en: a, zh: b, write: {function: 16, low: 0, high: 99999}}
  outdoor_temp: {at: 5}
"""


def device() -> Device:
    return Device("pump", load(MAP, "m"), 7, Cost.of_line(9600, 0.02))


def sequence(
    point: str, value: Value, before: tuple[PointValue, ...] = (), **more: float
) -> WriteSequence:
    deadline = more.get("deadline_mono")
    write = Write("pump", point, value, Origin.PLATFORM, "c1", deadline, before)
    return WriteSequence(device(), write, 0.0)


def write(at: int, *words: int, function: int = 6) -> Request:
    return WriteRequest(7, function, at, words)


def read(at: int, count: int = 1, table: str = "holding") -> Request:
    return ReadRequest(7, table, at, count)


def play(found: WriteSequence, script: list[tuple[Request, Reply]], each_s: float = 0.1) -> float:
    """Give each reply where its request is asked; the monotonic second after the last."""
    mono = 0.0
    for request, reply in script:
        step = found.step(mono)
        assert step is not None, found.ended
        assert step.request == request
        mono = max(mono, step.not_before) + each_s
        found.take(reply, mono)
    return mono


def end(found: WriteSequence, mono: float = 0.0) -> tuple[Outcome, str, Value | None]:
    assert found.step(mono) is None
    assert found.ended is not None
    return found.ended.outcome, found.ended.why, found.ended.read_back


SET = write(40003, 90)
SEE = read(40103)


@pytest.mark.parametrize(
    ("point", "value", "script", "shown"),
    [
        ("water_setpoint", 45.0, [(SET, Answer((90,))), (SEE, Answer((90,)))], 45.0),
        ("water_setpoint", 45, [(SET, Silence()), (SEE, Answer((90,)))], 45.0),
        ("water_setpoint", 45, [(SET, Garbled("cut")), (SEE, Answer((90,)))], 45.0),
        # Accepted and still at it; the bridge saw no answer: what the machine shows decides.
        ("water_setpoint", 45, [(SET, Refused(5)), (SEE, Answer((90,)))], 45.0),
        ("water_setpoint", 45, [(SET, Refused(11)), (SEE, Answer((90,)))], 45.0),
        # A read-back that is lost, refused or slow to follow is asked again.
        (
            "water_setpoint",
            45,
            [(SET, Answer((90,))), (SEE, Silence()), (SEE, Answer((90,)))],
            45.0,
        ),
        (
            "water_setpoint",
            45,
            [(SET, Answer((90,))), (SEE, Refused(6)), (SEE, Answer((90,)))],
            45.0,
        ),
        (
            "water_setpoint",
            45,
            [(SET, Answer((90,))), (SEE, Answer((60,))), (SEE, Answer((90,)))],
            45.0,
        ),
        ("water_setpoint", 45, [(SET, Refused(6)), (SEE, Answer((90,)))], 45.0),
        (
            "power_on",
            True,
            [
                (read(0), Silence()),
                (read(0), Answer((0xA5FD,))),
                (write(0, 0xA5FF), Answer((0xA5FF,))),
                (read(0), Answer((0xA5FF,))),
            ],
            True,
        ),
        # Other bits of the word are the machine's own, read a moment ago.
        (
            "power_on",
            True,
            [
                (read(0), Answer((0xA5FD,))),
                (write(0, 0xA5FF), Answer((0xA5FF,))),
                (read(0), Answer((0xA5FF,))),
            ],
            True,
        ),
        (
            "power_on",
            False,
            [
                (read(0), Answer((0xFFFF,))),
                (write(0, 0xFFFD), Answer((0xFFFD,))),
                (read(0), Answer((0x0000,))),
            ],
            False,
        ),
        (
            "curve_index",
            9,
            [
                (read(6), Answer((0x0142,))),
                (write(6, 0x0942), Silence()),
                (read(6), Answer((0x0942,))),
            ],
            9,
        ),
        (
            "quiet_mode",
            True,
            [(write(9, 1, function=5), Answer((1,))), (read(9, 1, "coil"), Answer((1,)))],
            True,
        ),
        (
            "x_total",
            70000,
            [
                (write(300, 1, 4464, function=16), Answer((1, 4464))),
                (read(300, 2), Answer((1, 4464))),
            ],
            70000,
        ),
    ],
)
def test_what_the_machine_shows_afterwards_is_the_proof(
    point: str, value: Value, script: list[tuple[Request, Reply]], shown: Value
) -> None:
    found = sequence(point, value)
    assert end(found, play(found, script)) == (Outcome.VERIFIED, "read back and equal", shown)


@pytest.mark.parametrize(
    ("acknowledgement", "told"),
    [(Answer((90,)), "acknowledged"), (Silence(), "no acknowledgement"), (Garbled("cut"), "cut")],
)
def test_another_value_shown_brings_a_second_try_and_then_the_end(
    acknowledgement: Reply, told: str
) -> None:
    found = sequence("water_setpoint", 45.0)
    requests: list[Request] = []
    mono = 0.0
    while (step := found.step(mono)) is not None:
        requests.append(step.request)
        mono = max(mono, step.not_before) + 0.1
        found.take(acknowledgement if step.request == SET else Answer((60,)), mono)
    assert requests.count(SET) == 2
    assert set(requests) == {SET, SEE}
    assert requests[0] == requests[len(requests) // 2] == SET
    # Two confirmation times of 5 s, with a look every 0.4 s and not in a rush.
    assert 10.0 <= mono < 11.5
    assert len(requests) < 2 * (2 + 5 / LOOK_AGAIN_S)
    why = f"water_setpoint shows 30.0 instead of 45.0 (write: {told})"
    assert end(found, mono) == (Outcome.FAILED, why, 30.0)


def test_the_second_try_reads_the_word_fresh_again() -> None:
    found = sequence("power_on", True)
    mono = play(found, [(read(0), Answer((0x10,))), (write(0, 0x12), Silence())])
    found.take(Answer((0x10,)), mono + 6)
    step = found.step(mono + 6)
    assert step is not None
    assert step.request == read(0)
    found.take(Answer((0x20,)), mono + 7)
    step = found.step(mono + 7)
    assert step is not None
    assert step.request == write(0, 0x22)


BLOCKS = "blocks: [{unit_id: 9, at: 100, count: 9}, {at: 100, count: 10}]\npoints:"


@pytest.mark.parametrize(
    ("at", "write_at", "look", "see"),
    [
        (102, 102, (100, 10), (100, 10)),
        # A word that is written elsewhere is looked at where it is written.
        (102, 105, (100, 10), (100, 10)),
        (102, 205, (205, 1), (100, 10)),
        (202, 105, (100, 10), (202, 1)),
    ],
)
def test_a_look_asks_for_the_block_the_machine_knows(
    at: int, write_at: int, look: tuple[int, int], see: tuple[int, int]
) -> None:
    rule = f"{{at: {at}, bits: 1, write: {{at: {write_at}}}}}"
    text = MAP.replace("{at: 0, bits: 1, write: {}}", rule).replace("points:", BLOCKS)
    pump = Device("pump", load(text, "m"), 7, Cost.of_line(9600, 0.02))
    found = WriteSequence(pump, Write("pump", "power_on", True, Origin.PLATFORM), 0.0)
    before = dict.fromkeys(range(300), 0xFFFF) | {write_at: 0xA5FD}
    after = before | {at: 0xA5FF}
    script: list[tuple[Request, Reply]] = [
        (read(*look), Answer(tuple(before[look[0] + i] for i in range(look[1])))),
        (write(write_at, 0xA5FF), Answer((0xA5FF,))),
        (read(*see), Answer(tuple(after[see[0] + i] for i in range(see[1])))),
    ]
    assert end(found, play(found, script))[0] is Outcome.VERIFIED


def test_a_machine_that_shows_nothing_any_more_has_not_proved_anything() -> None:
    found = sequence("water_setpoint", 45.0)
    mono = 0.0
    while (step := found.step(mono)) is not None:
        mono = max(mono, step.not_before) + 1.5
        found.take(Silence(), mono)
    outcome, why, shown = end(found, mono)
    assert (outcome, shown) == (Outcome.FAILED, None)
    assert why == "water_setpoint shows None instead of 45.0 (write: no acknowledgement)"


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_an_exception_ends_it_at_once(code: int) -> None:
    found = sequence("water_setpoint", 45.0)
    mono = play(found, [(SET, Refused(code))])
    assert end(found, mono) == (Outcome.FAILED, f"the machine refused it: exception {code}", None)


@pytest.mark.parametrize(
    ("reply", "times", "told"),
    [
        (Silence(), 2, "no acknowledgement"),
        (Garbled("cut"), 2, "cut"),
        (Refused(6), 2, "exception 6"),
        (Refused(2), 1, "exception 2"),
    ],
)
def test_without_the_other_bits_nothing_is_written(reply: Reply, times: int, told: str) -> None:
    found = sequence("power_on", True)
    mono = play(found, [(read(0), reply)] * times)
    assert end(found, mono) == (
        Outcome.FAILED,
        f"the word could not be read before changing part of it: {told}",
        None,
    )
    assert not found.sent


def test_what_expired_before_it_was_sent_is_not_sent() -> None:
    found = sequence("water_setpoint", 45.0, deadline_mono=10.0)
    assert found.step(9.9) is not None
    assert end(found, 10.0) == (Outcome.EXPIRED, "it expired before the line was free", None)


def test_a_look_at_the_word_is_not_sending() -> None:
    found = sequence("power_on", True, deadline_mono=10.0)
    play(found, [(read(0), Answer((0,)))])
    assert end(found, 10.0)[0] is Outcome.EXPIRED


def test_what_was_sent_is_proved_even_after_its_time() -> None:
    found = sequence("water_setpoint", 45.0, deadline_mono=0.05)
    play(found, [(SET, Silence())])
    step = found.step(2.0)
    assert step is not None
    found.take(Answer((90,)), 2.1)
    assert end(found, 2.1)[0] is Outcome.VERIFIED


@pytest.mark.parametrize(
    ("point", "value", "why"),
    [
        ("water_setpoint", 60.0, "water_setpoint cannot be 60.0: the highest is 55"),
        ("water_setpoint", 45.2, "water_setpoint cannot be 45.2; nearest are 45 and 45.5"),
        ("outdoor_temp", 5, "outdoor_temp cannot be written"),
        ("nonsense", 5, "pump has no point nonsense"),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_sent(
    point: str, value: Value, why: str
) -> None:
    assert end(sequence(point, value)) == (Outcome.REFUSED, why, None)


def test_what_the_driver_wants_first_is_written_and_proved_first() -> None:
    found = sequence("water_setpoint", 45.0, (("quiet_mode", True), ("curve_index", 3)))
    coil, coil_read = write(9, 1, function=5), read(9, 1, "coil")
    mono = play(
        found,
        [
            (coil, Answer((1,))),
            (coil_read, Answer((1,))),
            (read(6), Answer((0x0101,))),
            (write(6, 0x0301), Answer((0x0301,))),
            (read(6), Answer((0x0301,))),
            (SET, Answer((90,))),
            (SEE, Answer((90,))),
        ],
    )
    assert end(found, mono) == (Outcome.VERIFIED, "read back and equal", 45.0)


def test_the_write_itself_is_not_sent_when_one_before_it_fails() -> None:
    found = sequence("water_setpoint", 45.0, (("quiet_mode", True),))
    mono = play(found, [(write(9, 1, function=5), Refused(3))])
    assert end(found, mono) == (Outcome.FAILED, "the machine refused it: exception 3", None)


def test_each_point_has_two_tries_of_its_own() -> None:
    found = sequence("water_setpoint", 45.0, (("quiet_mode", True),))
    coil, coil_read = write(9, 1, function=5), read(9, 1, "coil")
    play(found, [(coil, Silence()), (coil_read, Answer((0,)))], each_s=6.0)
    play(found, [(coil, Silence()), (coil_read, Answer((1,))), (SET, Silence())])
    found.take(Answer((60,)), 100.0)
    step = found.step(100.0)
    assert step is not None
    assert step.request == SET


def test_unfit_after_something_was_sent_is_a_failure() -> None:
    found = sequence("water_setpoint", 99.0, (("quiet_mode", True),))
    coil, coil_read = write(9, 1, function=5), read(9, 1, "coil")
    mono = play(found, [(coil, Answer((1,))), (coil_read, Answer((1,)))])
    assert end(found, mono) == (
        Outcome.FAILED,
        "water_setpoint cannot be 99.0: the highest is 55",
        None,
    )


def test_a_lost_line_ends_it() -> None:
    found = sequence("water_setpoint", 45.0)
    play(found, [(SET, Answer((90,)))])
    found.abandon("unplugged")
    assert end(found) == (Outcome.FAILED, "unplugged", None)
    found.abandon("again")
    assert end(found) == (Outcome.FAILED, "unplugged", None)


@pytest.mark.parametrize(
    ("shown", "wanted", "equal"),
    [
        (45.0, 45, True),
        (45.00000001, 45.0, True),
        (45.1, 45.0, False),
        (True, True, True),
        (False, True, False),
        ("heat", "heat", True),
        ("heat", "cool", False),
        ("45", 45, False),
    ],
)
def test_equal_is_equal_as_the_machine_shows_it(shown: Value, wanted: Value, equal: bool) -> None:
    assert same(shown, wanted) is equal
