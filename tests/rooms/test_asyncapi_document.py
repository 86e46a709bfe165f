"""The contract as a document, judged by a validator that is not ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, FormatChecker

from agent import reference
from agent.uplink import SIGNED_TYPE, messages
from agent.uplink.topics import Topics
from tests.rooms.test_asyncapi import ACK, COMMAND

DOCUMENT: dict[str, Any] = json.loads(json.dumps(reference.asyncapi()))
SCHEMAS = DOCUMENT["components"]["schemas"]
STATE = (
    b'{"gateway":"g","state":"online","at":"2026-01-14T04:00:00Z","boot":"b","version":"1",'
    b'"epoch":"e","health":{"clock_trusted":true,"running_s":5.0,"waiting":{"alarm":0},'
    b'"oldest_s":null,"buffer_bytes":4096,"lost":0,"thinned":0,"disk_error":null,'
    b'"alarms_open":1,"silences":{"bus1":3}}}'
)


def refs(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from ([tree["$ref"]] if isinstance(tree.get("$ref"), str) else [])
        for one in tree.values():
            yield from refs(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from refs(one)


def validator(name: str) -> Draft7Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft7Validator(whole, format_checker=FormatChecker())


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])


def test_every_reference_leads_somewhere() -> None:
    found = list(refs(DOCUMENT))
    assert found
    for pointer in found:
        tree: Any = DOCUMENT
        for part in pointer.removeprefix("#/").split("/"):
            tree = tree[part]


def test_the_document_has_what_asyncapi_3_asks_for() -> None:
    assert DOCUMENT["asyncapi"].startswith("3.")
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for channel in DOCUMENT["channels"].values():
        assert channel["messages"]
        assert "{gateway}" in channel["address"]
        assert "gateway" in channel["parameters"]
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in DOCUMENT["channels"]


@pytest.mark.parametrize(
    ("channel", "name"), [("command", "SignedCommand"), ("forecast", "SignedForecast")]
)
def test_what_must_be_signed_somewhere_is_named_in_its_signed_form(channel: str, name: str) -> None:
    assert name in DOCUMENT["channels"][channel]["messages"]
    message = DOCUMENT["components"]["messages"][name]
    assert message["contentType"] == "application/jose"
    assert SIGNED_TYPE in message["payload"]["description"]


def test_every_topic_of_the_gateway_is_a_channel_but_the_one_not_accepted() -> None:
    addresses = {one["address"] for one in DOCUMENT["channels"].values()}
    topics = Topics("g")
    known = [topics.state, topics.ack, topics.command]
    assert {topic.replace("/g/", "/{gateway}/") for topic in known} <= addresses
    assert topics.config.replace("/g/", "/{gateway}/") not in addresses


def test_a_state_with_health_is_one_by_the_contract_and_by_the_program() -> None:
    assert not list(validator("State").iter_errors(json.loads(STATE)))
    state = msgspec.json.decode(STATE, type=messages.State)
    assert state.health is not None
    broken = json.loads(STATE)
    broken["health"]["lost"] = "none"
    assert list(validator("State").iter_errors(broken))


@pytest.mark.parametrize(("name", "value"), [("Ack", ACK), ("CommandMessage", COMMAND)])
def test_what_a_platform_sends_is_judged_alike(name: str, value: dict[str, Any]) -> None:
    assert not list(validator(name).iter_errors(value))
    for key in value:
        cut = {k: v for k, v in value.items() if k != key}
        assert list(validator(name).iter_errors(cut)), key
