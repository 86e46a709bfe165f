"""What is kept of an exchange is what is read again, with the words that name a household gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.drivers import ReadRequest, Request, WriteRequest
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.trace import Trace, read_trace
from agent.model import Stamp

NOW = Stamp(datetime(2024, 3, 1, 22, 0, 0, 123456, UTC), 1234.56789)

reads = st.builds(
    ReadRequest,
    st.integers(1, 247),
    st.sampled_from(["coil", "discrete", "input", "holding"]),
    st.integers(0, 0xFFFF),
    st.integers(1, 125),
)
words = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=8).map(tuple)
writes = st.builds(
    WriteRequest,
    st.integers(1, 247),
    st.sampled_from([5, 6, 15, 16]),
    st.integers(0, 0xFFFF),
    words,
)
replies: st.SearchStrategy[Reply] = st.one_of(
    st.builds(Answer, words),
    st.builds(Refused, st.integers(0, 255)),
    st.builds(Garbled, st.text(min_size=1)),
    st.just(Silence()),
)


@given(st.lists(st.tuples(reads | writes, replies), max_size=5))
def test_what_is_kept_is_what_is_read(exchanges: list[tuple[Request, Reply]]) -> None:
    lines: list[str] = []
    trace = Trace(lines.append)
    for request, reply in exchanges:
        trace.keep(NOW, "cellar", request, reply)
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    found = list(read_trace(iter([*lines, "\n"])))
    assert [(exchange.request, exchange.reply) for exchange in found] == exchanges
    assert {(e.at, e.mono, e.line) for e in found} <= {
        ("2024-03-01T22:00:00.123+00:00", 1234.5679, "cellar")
    }


def test_a_line_says_no_more_than_it_must() -> None:
    lines: list[str] = []
    Trace(lines.append).keep(NOW, "cellar", ReadRequest(7, "input", 100, 2), Answer((1, 0)))
    assert json.loads(lines[0]) == {
        "at": "2024-03-01T22:00:00.123+00:00",
        "mono": 1234.5679,
        "line": "cellar",
        "unit": 7,
        "fn": 4,
        "addr": 100,
        "count": 2,
        "words": [1, 0],
    }


def test_masked_words_never_reach_the_file() -> None:
    lines: list[str] = []

    def mask(line: str, request: Request, found: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(0 if request.at + i == 101 else word for i, word in enumerate(found))

    trace = Trace(lines.append, mask)
    trace.keep(NOW, "cellar", ReadRequest(7, "holding", 100, 3), Answer((1, 4242, 3)))
    trace.keep(NOW, "cellar", WriteRequest(7, 6, 101, (4242,)), Answer((4242,)))
    trace.keep(NOW, "cellar", WriteRequest(7, 6, 101, (4242,)), Silence())
    found = list(read_trace(iter(lines)))
    assert found[0].words == (1, 0, 3)
    assert [exchange.write for exchange in found[1:]] == [(0,), (0,)]
    assert "4242" not in "".join(lines)


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"at": 1}', "[]"])
def test_what_is_no_exchange_is_told(line: str) -> None:
    with pytest.raises((msgspec.ValidationError, msgspec.DecodeError)):
        list(read_trace(iter([line])))
