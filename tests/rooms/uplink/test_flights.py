"""The window of one lane: nothing is lost from it, and repeats become rarer."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.flights import RESEND_MAX_S, WINDOW, Flights


def window(count: int, ack_timeout_s: float = 10.0) -> Flights:
    flights = Flights(ack_timeout_s)
    for index in range(count):
        flight = flights.start({2 * index + 1, 2 * index + 2}, float(index))
        flights.landed(flight, float(index), refused=False)
    return flights


def test_four_messages_fill_the_window() -> None:
    flights = window(WINDOW - 1)
    assert not flights.full
    flights.start({100}, 9.0)
    assert (flights.full, flights.cursor) == (True, 100)


def test_nothing_is_repeated_while_its_puback_is_awaited() -> None:
    flights = Flights(10.0)
    flight = flights.start({1}, 0.0)
    assert (flights.due(1e9, 0.0), flights.next_due(0.0)) == ([], inf)
    flights.landed(flight, 5.0, refused=False)
    assert flights.next_due(0.0) == 15.0


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    flights = window(1)
    waits, mono = [], 0.0
    for _ in range(9):
        mono = flights.next_due(0.0)
        (flight,) = flights.due(mono, 0.0)
        assert flights.again(flight, {1, 2}, mono)
        flights.landed(flight, mono, refused=False)
        waits.append(flights.next_due(0.0) - mono)
    assert waits == [20, 40, 80, 160, 320, 640, RESEND_MAX_S, RESEND_MAX_S, RESEND_MAX_S]


def test_a_silent_platform_is_tried_with_the_oldest_message_only() -> None:
    flights = window(4)
    assert flights.due(100.0, heard=0.0) == flights.flying[:1]
    assert flights.due(100.0, heard=2.5) == flights.flying[:3]
    assert flights.due(100.0, heard=50.0) == flights.flying


def test_a_platform_that_speaks_shortens_long_waits_but_not_those_of_refused_ones() -> None:
    flights = window(2)
    patient, refused = flights.flying
    for flight in (patient, refused):
        flight.attempts = 6
    flights.landed(patient, 0.0, refused=False)
    flights.landed(refused, 0.0, refused=True)
    flights.hurry(100.0)
    assert (patient.due, refused.due) == (110.0, 640.0)


def test_what_the_buffer_no_longer_has_is_not_waited_for() -> None:
    flights = window(2)
    first, second = flights.flying
    assert not flights.again(first, set(), 20.0)
    assert flights.flying == [second]
    assert not flights.again(first, {1, 2}, 20.0)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=WINDOW),
    st.lists(st.tuples(st.integers(1, 24), st.integers(0, 8)), max_size=12),
)
def test_exactly_the_unacknowledged_numbers_stay(
    sizes: list[int], acks: list[tuple[int, int]]
) -> None:
    flights, wanted = Flights(10.0), set[int]()
    for size in sizes:
        numbers = set(range(flights.cursor + 1, flights.cursor + size + 1))
        flights.start(numbers, 0.0)
        wanted |= numbers
    for first, more in acks:
        flights.acknowledge(first, first + more)
        wanted -= set(range(first, first + more + 1))
    assert set[int]().union(*(flight.numbers for flight in flights.flying)) == wanted
    assert all(flight.numbers for flight in flights.flying)
