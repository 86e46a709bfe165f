"""The contract as a receiver uses it: AsyncAPI 3 in its own dialect, true for every message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import config, reference
from agent.model import Alarm, AlarmState, Outcome, Result, Severity
from agent.records import DayAccount, Lane, Notice, NoticeKind, Record, Stored, Telemetry
from agent.uplink import Encoding, RefusedCommand, messages, parse_command
from agent.uplink.encoding import encode
from agent.uplink.topics import Topics

AT = datetime(2026, 1, 14, 4, 0, tzinfo=UTC)
DOCUMENT: dict[str, Any] = json.loads(json.dumps(reference.asyncapi()))
BODIES: dict[Lane, Record] = {
    Lane.TELEMETRY: Telemetry("hp", {"dhw_temp": 48.5, "power_on": True}, {"indoor_temp": "stale"}),
    Lane.ALARM: Alarm(
        "a", "vendor_fault", "hp", AlarmState.RAISED, Severity.S2, "en", "zh", AT, "33",
        code="E33", evidence={"raw": 33, "why": None},
    ),
    Lane.RESULT: Result("c", "hp", "power_on", Outcome.VERIFIED, "equal", True, True, "ops"),
    Lane.NOTICE: Notice(NoticeKind.THINNED, Lane.TELEMETRY, 1, 60, 50, 60),
    Lane.ACCOUNT: DayAccount(
        "east", "hp", "2026-01-13", "Beijing rural heating", "yuan", 41.5, {"valley": 41.5}, 16.5,
        {"city": 2.0, "district": 2.0}, 0.0, {"schedule": 24.0}, 18.2, -4.0, 40.5, 0.1, 7,
    ),
}  # fmt: skip
COMMAND = {
    "id": "c-1", "issuer": "ops", "role": "platform", "device": "hp", "point": "water_setpoint",
    "value": 44, "issued_at": "2026-01-14T04:00:00Z", "expires_at": "2026-01-14T04:05:00Z",
}  # fmt: skip
ACK = {"epoch": "e", "lane": "alarm", "ranges": [[1, 41], [44, 60]]}
KINDS = {
    "object": dict, "array": list, "string": str, "boolean": bool, "number": int | float,
    "integer": int, "null": type(None),
}  # fmt: skip
ENFORCED = {
    "$ref", "type", "enum", "const", "anyOf", "properties", "required", "additionalProperties",
    "items", "additionalItems", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
    "minLength", "maxLength", "pattern",
}  # fmt: skip
SAID = {"title", "description", "default", "format"}


def example() -> config.Config:
    return config.read(Path(__file__).parents[2] / "configs" / "gateway.example.yaml")


def at(pointer: str) -> Any:
    tree: Any = DOCUMENT
    for part in pointer.removeprefix("#/").split("/"):
        tree = tree[part]
    return tree


def faults(value: Any, schema: Any, where: str = "") -> Iterator[str]:
    """Where a value breaks a schema of draft 07, as far as our schemas use it."""
    if isinstance(schema, bool):
        if not schema:
            yield f"{where}: nothing is allowed"
        return
    if "$ref" in schema:  # under draft 07 its neighbours do not count
        yield from faults(value, at(schema["$ref"]), where)
        return
    if "anyOf" in schema and all(any(faults(value, one, where)) for one in schema["anyOf"]):
        yield f"{where}: none of {len(schema['anyOf'])}"
    kind = schema.get("type")
    if kind and (
        not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        yield f"{where}: no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not listed"
    if isinstance(value, dict):
        yield from faults_of_object(value, schema, where)
    elif isinstance(value, list):
        yield from faults_of_list(value, schema, where)
    elif isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{where}: length {len(value)}"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: not like {schema['pattern']}"
    elif isinstance(value, int | float) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
    ):
        yield f"{where}: {value} is beyond"


def faults_of_object(value: dict[str, Any], schema: Any, where: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (
        f"{where}.{name}: missing" for name in schema.get("required", ()) if name not in value
    )
    for name, one in value.items():
        rule = properties.get(name, schema.get("additionalProperties", True))
        yield from faults(one, rule, f"{where}.{name}")


def faults_of_list(value: list[Any], schema: Any, where: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{where}: {len(value)} items"
    items, more = schema.get("items", True), schema.get("additionalItems", True)
    for i, one in enumerate(value):
        rule = (items[i] if i < len(items) else more) if isinstance(items, list) else items
        yield from faults(one, rule, f"{where}[{i}]")


def payload(channel: str) -> Any:
    """The schema of the one message of a channel that is JSON."""
    found = [at(one["$ref"]) for one in DOCUMENT["channels"][channel]["messages"].values()]
    (message,) = [one for one in found if one["contentType"] == "application/json"]
    return message["payload"]


@pytest.mark.parametrize("lane", list(Lane))
def test_a_batch_is_named_in_every_encoding_that_exists(lane: Lane) -> None:
    found = [at(one["$ref"]) for one in DOCUMENT["channels"][lane]["messages"].values()]
    named = {Encoding(one["bindings"]["mqtt"]["contentType"]): one for one in found}
    assert named.keys() == set(Encoding)
    stored = Stored(lane, 7, AT.isoformat(), 12.5, "boot", True, messages.encode_body(BODIES[lane]))
    for encoding, message in named.items():
        sent = encode(encoding, "gw", "epoch", lane, AT, (stored,))
        plain = sent.startswith(b"{")
        assert plain == (message["contentType"] == "application/json")
        assert plain or sent.startswith(f"#{encoding}\n".encode())
        assert plain or f"`#{encoding}`" in message["payload"]["description"]


def batch(lane: Lane) -> Any:
    body = messages.encode_body(BODIES[lane])
    stored = Stored(lane, 7, AT.isoformat(), 12.5, "boot", True, body)
    return json.loads(messages.encode_batch("gw", "epoch", lane, AT, (stored,)))


def schemas(tree: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if not isinstance(tree, dict):
        return
    yield tree
    inner = [*tree.get("properties", {}).values(), *tree.get("anyOf", ())]
    items = tree.get("items", ())
    inner += items if isinstance(items, list) else [items]
    inner += [tree.get("additionalProperties"), tree.get("additionalItems")]
    for one in inner:
        yield from schemas(one)


def test_channels_and_operations_are_as_asyncapi_3_wants_them() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        assert at(operation["channel"]["$ref"]) is DOCUMENT["channels"][name]
    for name, channel in DOCUMENT["channels"].items():
        assert set(re.findall(r"{(.+?)}", channel["address"])) == channel["parameters"].keys()
        assert payload(name)["$ref"].startswith("#/components/schemas/"), name


def test_channels_are_the_topics() -> None:
    topics = Topics("gw")
    said = {name: one["address"].format(gateway="gw") for name, one in DOCUMENT["channels"].items()}
    lanes = {lane.value: topics.up(lane) for lane in Lane}
    up = {"state": topics.state, "devices": topics.devices}
    assert said == {
        **lanes,
        **up,
        "ack": topics.ack,
        "command": topics.command,
        "forecast": topics.forecast,
    }


def test_schemas_keep_to_the_dialect_of_asyncapi() -> None:
    found = [one for top in DOCUMENT["components"]["schemas"].values() for one in schemas(top)]
    assert len(found) > 60
    assert {key for one in found for key in one} <= ENFORCED | SAID
    assert not [text for one in found if "\n " in (text := one.get("description", ""))]


@pytest.mark.parametrize("lane", Lane)
def test_a_batch_of_each_kind_fits(lane: Lane) -> None:
    found = batch(lane)
    assert list(faults(found, payload(lane.value))) == []
    found["records"][0]["body"] = {"odd": 1}
    assert list(faults(found, payload(lane.value))) == [".records[0].body: none of 5"]


def test_a_state_fits() -> None:
    state = messages.State("gw", "online", AT, "boot", "0.1.0", "epoch")
    found = json.loads(messages.encode_state(state))
    assert list(faults(found, payload("state"))) == []
    assert list(faults({**found, "state": "asleep"}, payload("state")))


def test_what_stands_on_the_lines_fits() -> None:
    found = json.loads(messages.encode_devices("gw", AT, example().uplink.inventory))
    assert list(faults(found, payload("devices"))) == []
    wrong = {**found, "drivers": [{**found["drivers"][0], "grade": "perfect"}]}
    assert list(faults(wrong, payload("devices")))


@pytest.mark.parametrize("more", [{}, {"hold_s": 60}, {"hold_s": None}, {"value": "heat"}])
def test_a_command_that_fits_is_taken(more: dict[str, Any]) -> None:
    text = {**COMMAND, **more}
    assert list(faults(text, payload("command"))) == []
    parsed = parse_command(json.dumps(text).encode(), False, AT, True)
    assert not isinstance(parsed, RefusedCommand)


@pytest.mark.parametrize(
    "wrong",
    [{"id": "a b"}, {"role": "me"}, {"hold_s": 0}, {"value": []}, {"extra": 1}, {"issuer": ""}],
)
def test_a_command_that_does_not_fit_is_not_taken(wrong: dict[str, Any]) -> None:
    text = {**COMMAND, **wrong}
    assert list(faults(text, payload("command")))
    parsed = parse_command(json.dumps(text).encode(), False, AT, True)
    assert isinstance(parsed, RefusedCommand)


def test_an_acknowledgement_that_fits_is_taken() -> None:
    assert list(faults(ACK, payload("ack"))) == []
    assert messages.parse_ack(json.dumps(ACK).encode()).ranges == ((1, 41), (44, 60))


@pytest.mark.parametrize("ranges", [[[1]], [[1, 2, 3]], [[0, 1]], [1, 2], "1-2"])
def test_an_acknowledgement_that_does_not_fit_is_not_taken(ranges: Any) -> None:
    text = {**ACK, "ranges": ranges}
    assert list(faults(text, payload("ack")))
    with pytest.raises(ValueError, match="Expected"):
        messages.parse_ack(json.dumps(text).encode())
