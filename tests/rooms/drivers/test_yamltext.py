"""YAML scalars stay the text they look like, and every mistake of a file is told at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from agent.errors import FileError
from agent.yamltext import Duration, Ratio, Span, parse


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    port: Annotated[int, Meta(ge=1, le=65535)]
    words: tuple[int, ...] = ()


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    text: str = ""
    number: int = 0
    real: float = 0.0
    exact: Decimal = Decimal(0)
    flag: bool = False
    wait: Duration = Duration(0)
    span: Span = Span(0, 0)
    ratio: Ratio = Ratio(1)
    parity: Literal["none", "even"] = "none"
    codes: dict[int, str] = {}
    maybe: int | None = None
    inner: Inner | None = None
    rows: tuple[Inner, ...] = ()


def field(name: str, text: str) -> Any:
    return getattr(parse(f"{name}: {text}\n", "f.yaml").read(Outer), name)


def mistakes(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        parse(text, "f.yaml").read(Outer)
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text", "22:00", "22:00"),
        ("text", "on", "on"),
        ("text", "010", "010"),
        ("text", "2024-03-01", "2024-03-01"),
        ("text", "1e3", "1e3"),
        ("text", "'0x1F'", "0x1F"),
        ("number", "0x1F", 31),
        ("number", "-0x10", -16),
        ("number", "42", 42),
        ("real", "0.1", 0.1),
        ("exact", "0.10", Decimal("0.10")),
        ("flag", "true", True),
        ("maybe", "null", None),
        ("maybe", "~", None),
        ("codes", "{0x1F: a, 2: b}", {31: "a", 2: "b"}),
        ("wait", "200 ms", 0.2),
        ("wait", "10 s", 10.0),
        ("wait", "15 min", 900.0),
        ("wait", "4h", 14400.0),
        ("wait", "2 d", 172800.0),
        ("wait", "0.5 s", 0.5),
        ("span", "7", Span(7, 7)),
        ("span", "22..99", Span(22, 99)),
        ("span", "0x10..0x1F", Span(16, 31)),
        ("ratio", "0.1", Ratio("1/10")),
        ("ratio", "1/6", Ratio("1/6")),
        ("ratio", "10", Ratio(10)),
    ],
)
def test_what_a_scalar_means(name: str, text: str, value: object) -> None:
    got = field(name, text)
    assert got == value
    assert type(got) is type(value) or isinstance(got, Duration)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("number: 010", "a whole number"),
        ("number: '0x1F'", "a whole number"),
        ("number: 1_000", "a whole number"),
        ("number: 22:00", "a whole number"),
        ("flag: on", "true or false"),
        ("flag: yes", "true or false"),
        ("real: nan", "a number"),
        ("real: inf", "a number"),
        ("exact: NaN", "a number"),
        ("wait: 10", "a number with ms, s, min, h or d"),
        ("wait: 10 hours", "a number with ms, s, min, h or d"),
        ("wait: -1 s", "a number with ms, s, min, h or d"),
        ("span: 9..7", "a whole number or a range"),
        ("span: 1..2..3", "a whole number or a range"),
        ("ratio: 1/0", "an exact number"),
        ("ratio: tenth", "an exact number"),
        ("parity: odd", "none, even"),
        ("codes: {x: a}", "a whole number"),
        ("inner: {port: 0}", "a whole number from 1 to 65535"),
        ("inner: {port: 1, words: [1, two]}", "a whole number"),
        ("inner: 502", "port, words"),
        ("inner: {}", "port: a whole number from 1 to 65535"),
        ("number:", "a whole number"),
    ],
)
def test_a_wrong_value_is_answered_with_the_allowed_ones(text: str, allowed: str) -> None:
    (message,) = mistakes(text)
    assert message.startswith("f.yaml:1: ")
    assert f"; allowed: {allowed}" in message


def test_an_unknown_key_gets_a_suggestion() -> None:
    (message,) = mistakes("text: a\nnumbr: 1\n")
    assert message.startswith("f.yaml:2: numbr: unknown key; did you mean number?; allowed: text,")


def test_a_repeated_key_is_refused_and_names_both_lines() -> None:
    (message,) = mistakes("text: a\nnumber: 1\ntext: b\n")
    assert message.startswith("f.yaml:3: text: key repeated (first in line 1)")


def test_keys_that_are_the_same_number_are_repeated_too() -> None:
    (message,) = mistakes("codes:\n  16: a\n  0x10: b\n")
    assert message.startswith("f.yaml:3: codes.0x10: key repeated")


def test_all_mistakes_come_together_with_their_lines() -> None:
    found = mistakes(
        "number: ten\n"
        "flag: on\n"
        "inner:\n"
        "  port: 70000\n"
        "  prot: 1\n"
        "rows:\n"
        "  - port: 1\n"
        "  - words: [1]\n"
        "  - {port: 2, words: [1, x]}\n"
        "wait: soon\n"
    )
    lines = sorted(int(message.split(":")[1]) for message in found)
    assert lines == [1, 2, 4, 5, 8, 9, 10]
    assert any("rows[2].words[1]" in message for message in found)
    assert any("rows[1]: port is missing" in message for message in found)


def test_an_alias_is_text_used_twice_and_a_merge_is_not_known() -> None:
    text = "rows:\n  - &one {port: 7, words: [1]}\n  - *one\n"
    assert [row.port for row in parse(text, "f.yaml").read(Outer).rows] == [7, 7]
    (message,) = mistakes("rows:\n  - &one {port: 7}\n  - {<<: *one, port: 8}\n")
    assert message.startswith("f.yaml:3: rows[1].<<: unknown key")


def test_a_mistake_in_an_anchor_is_told_where_it_stands() -> None:
    found = mistakes("rows:\n  - &one\n    port: x\n  - *one\n")
    assert [message.split(":")[1] for message in found] == ["3", "3"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1\nb: 2\n", 2), ("a: 'x\n", 2), ("a: *nowhere\n", 1), ("a: &me [*me]\n", 1)],
)
def test_broken_yaml_names_its_line(text: str, line: int) -> None:
    (message,) = mistakes(text)
    assert message.startswith(f"f.yaml:{line}: ")


def test_an_empty_file_is_an_empty_record() -> None:
    assert parse("# nothing\n", "f.yaml").read(Outer) == Outer()
