"""The messages: what goes out comes back, and what is wrong with a command is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Alarm, AlarmState, Command, Outcome, Result, Severity
from agent.records import Lane, Record, Stored, Telemetry
from agent.uplink import messages
from agent.uplink.commands import CommandMessage, RefusedCommand, parse_command
from agent.uplink.topics import Topics

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
GOOD: dict[str, object] = {
    "id": "c-1",
    "issuer": "dispatch",
    "role": "platform",
    "device": "pump1",
    "point": "water_setpoint",
    "value": 41.5,
    "issued_at": "2026-01-15T05:59:00Z",
    "expires_at": "2026-01-15T07:00:00+01:00",
}


def command(**changes: object) -> bytes:
    return json.dumps(GOOD | {"expires_at": "2026-01-15T06:10:00Z"} | changes).encode()


def test_a_good_command_is_a_command() -> None:
    parsed = parse_command(command(hold_s=3600), False, NOW, True)
    assert isinstance(parsed, Command)
    assert (parsed.id, parsed.role, parsed.value, parsed.hold_s) == ("c-1", "platform", 41.5, 3600)
    assert parsed.expires_at == datetime(2026, 1, 15, 6, 10, tzinfo=UTC)


def test_an_order_of_alarms_is_a_command_with_a_reason() -> None:
    order = command(point="alarm_shelve", value="hp2:low_flow:x", hold_s=3600, why="part ordered")
    parsed = parse_command(order, False, NOW, True)
    assert isinstance(parsed, Command)
    assert (parsed.point, parsed.value, parsed.why) == (
        "alarm_shelve", "hp2:low_flow:x", "part ordered",
    )  # fmt: skip


@pytest.mark.parametrize("value", [True, 3, 41.5, "heating"])
def test_values_keep_their_kind(value: object) -> None:
    parsed = parse_command(command(value=value), False, NOW, True)
    assert isinstance(parsed, Command)
    assert type(parsed.value) is type(value)
    assert parsed.value == value


REFUSALS = [
    (command(id=""), None, "id"),
    (command(id="a b"), None, "id"),
    (command(id="a\n"), None, "letters"),
    (command(id="x" * 65), None, "id"),
    (command(role="god"), "c-1", "role"),
    (command(value=None), "c-1", "value"),
    (command(value=[1]), "c-1", "value"),
    (command(hold_s=0), "c-1", "hold_s"),
    (command(why="x" * 201), "c-1", "why"),
    (command(hold_S=5), "c-1", "hold_S"),
    (command(issued_at="2026-01-15T05:59:00"), "c-1", "issued_at"),
    (command(issued_at="2026-01-15T06:06:00Z"), "c-1", "future"),
    (command(issued_at="2026-01-15T06:20:00Z"), "c-1", "not after"),
    (command(expires_at="2026-01-16T05:59:01Z"), "c-1", "24 h"),
    (command(issuer="x" * 20_000), None, "longer than"),
    (b'{"id": ' + b"[" * 15_000, None, "not a command"),
    (b'{"id": "c-1", "device": "pump1"}', "c-1", "issuer"),
    (b"", None, "not a command"),
    (b"\xff\xfe", None, "not a command"),
]


@pytest.mark.parametrize(("payload", "command_id", "word"), REFUSALS)
def test_a_wrong_command_is_refused_with_the_reason(
    payload: bytes, command_id: str | None, word: str
) -> None:
    refused = parse_command(payload, False, NOW, True)
    assert isinstance(refused, RefusedCommand)
    assert refused.outcome is Outcome.REFUSED
    assert refused.command_id == command_id
    assert word in refused.why


def test_the_answer_to_a_refused_command_knows_its_sender() -> None:
    refused = parse_command(command(role="god"), False, NOW, True)
    assert isinstance(refused, RefusedCommand)
    assert (refused.device, refused.point, refused.issuer) == (
        "pump1",
        "water_setpoint",
        "dispatch",
    )


@pytest.mark.parametrize("meant", [None, "gw-1", "gw-2"])
def test_a_command_that_names_another_gateway_is_refused(meant: str | None) -> None:
    parsed = parse_command(command(gateway=meant), False, NOW, True, "gw-1")
    if meant != "gw-2":
        assert isinstance(parsed, Command)
        return
    assert isinstance(parsed, RefusedCommand)
    assert (parsed.command_id, parsed.outcome) == ("c-1", Outcome.REFUSED)
    assert parsed.why == "it is for gateway gw-2, this is gw-1"


def test_a_retained_command_is_refused() -> None:
    refused = parse_command(command(), True, NOW, True)
    assert isinstance(refused, RefusedCommand)
    assert "retained" in refused.why
    assert (refused.command_id, refused.outcome) == ("c-1", Outcome.REFUSED)


def test_a_command_expires_at_its_second() -> None:
    expires_at = datetime(2026, 1, 15, 6, 10, tzinfo=UTC)
    before = parse_command(command(), False, expires_at - timedelta(microseconds=1), True)
    after = parse_command(command(), False, expires_at, True)
    assert isinstance(before, Command)
    assert isinstance(after, RefusedCommand)
    assert (after.command_id, after.outcome) == ("c-1", Outcome.EXPIRED)


def test_without_a_trusted_clock_no_age_can_be_judged() -> None:
    refused = parse_command(command(), False, NOW, False)
    assert isinstance(refused, RefusedCommand)
    assert "clock" in refused.why


@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_no_bytes_break_the_parser(payload: bytes, retained: bool, trusted: bool) -> None:
    assert isinstance(parse_command(payload, retained, NOW, trusted), RefusedCommand)


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "hold_s"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text("a:\n é冷", max_size=80),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_no_field_breaks_the_parser(changes: dict[str, object]) -> None:
    parsed = parse_command(command(**changes), False, NOW, True)
    assert isinstance(parsed, Command | RefusedCommand)
    if isinstance(parsed, RefusedCommand):
        assert parsed.why


RECORDS: list[tuple[Lane, Record]] = [
    (
        Lane.TELEMETRY,
        Telemetry("pump1", {"water_supply_temp": 40.5, "power_on": True}, {"x": "no"}),
    ),
    (Lane.RESULT, Result("c-1", "pump1", "mode", Outcome.VERIFIED, "done", "heating", "heating")),
    (
        Lane.ALARM,
        Alarm(
            id="a1",
            rule="frost",
            device="pump1",
            state=AlarmState.RAISED,
            severity=Severity.S1,
            text_en="cold",
            text_zh="冷",
            opened_at=NOW,
            code="E1",
            evidence={"t": 2.5},
        ),
    ),
]


@pytest.mark.parametrize(("lane", "record"), RECORDS)
def test_a_body_comes_back_as_it_was(lane: Lane, record: Record) -> None:
    assert messages.decode_body(lane, messages.encode_body(record)) == record


def test_a_body_of_another_lane_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        messages.decode_body(Lane.RESULT, messages.encode_body(RECORDS[0][1]))


def test_read_only_mappings_can_be_sent() -> None:
    record = Telemetry("pump1", MappingProxyType({"mode": "heating"}), MappingProxyType({}))
    assert json.loads(messages.encode_body(record))["values"] == {"mode": "heating"}


def test_a_batch_carries_the_bodies_as_they_lie() -> None:
    body = b'{"device":"pump1",  "values":{"water_supply_temp":40.50},"missing":{}}'
    stored = Stored(Lane.TELEMETRY, 7, "2026-01-15T06:00:00Z", 12.5, "b1", False, body)
    payload = messages.encode_batch("g1", "e1", Lane.TELEMETRY, NOW, (stored,))
    assert body in payload
    assert json.loads(payload) == {
        "gateway": "g1",
        "epoch": "e1",
        "lane": "telemetry",
        "sent_at": "2026-01-15T06:00:00Z",
        "records": [
            {
                "seq": 7,
                "at": "2026-01-15T06:00:00Z",
                "mono": 12.5,
                "boot": "b1",
                "trusted": False,
                "body": json.loads(body),
            }
        ],
    }


def test_an_ack_is_read() -> None:
    ack = messages.parse_ack(b'{"epoch":"e","lane":"alarm","ranges":[[1,3],[5,5]],"new":1}')
    assert ack.ranges == ((1, 3), (5, 5))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"epoch":"e","lane":"other","ranges":[]}',
        b'{"epoch":"e","lane":"alarm","ranges":[[3,1]]}',
        b'{"epoch":"e","lane":"alarm","ranges":[[0,1]]}',
        b'{"epoch":"e","lane":"alarm","ranges":[[1]]}',
    ],
)
def test_a_wrong_ack_is_an_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        messages.parse_ack(payload)


@pytest.mark.parametrize(
    "kind",
    [messages.Batch, messages.BatchRecord, messages.Ack, CommandMessage, messages.State],
)
def test_every_field_is_described(kind: type[msgspec.Struct]) -> None:
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    assert schema["description"]
    undescribed = [name for name, one in schema["properties"].items() if not _described(one)]
    assert undescribed == []


def _described(schema: dict[str, object]) -> bool:
    return "description" in schema


def test_topics() -> None:
    topics = Topics("gw-001")
    assert topics.up(Lane.RESULT) == "hp/1/gw-001/up/result"
    assert (topics.ack, topics.command) == ("hp/1/gw-001/down/ack", "hp/1/gw-001/down/command")
    assert (topics.config, topics.state) == ("hp/1/gw-001/down/config", "hp/1/gw-001/up/state")


@pytest.mark.parametrize("gateway", ["", "a/b", "+", "#", "a b", "x" * 65, "a\n"])
def test_an_id_that_cannot_stand_in_a_topic_is_refused(gateway: str) -> None:
    with pytest.raises(ValueError, match="gateway id"):
        Topics(gateway)
