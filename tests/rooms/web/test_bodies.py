"""How the body of a request becomes the record that a route takes."""

from __future__ import annotations

import msgspec
import pytest

from agent.web.installer import DecideUnit
from agent.web.routes import FORM, JSON, Answer, Asked, Need, Route, read_body


async def nobody(_: Asked) -> Answer:
    return Answer()


DECIDE = Route("POST", "/unit", Need.NOTHING, nobody, "Decide.", DecideUnit)
TAKEN = DecideUnit(101, True)


@pytest.mark.parametrize("number", ["101", "101.0", "1.01e2"])
def test_a_whole_number_is_one_however_it_is_written(number: str) -> None:
    body = f'{{"unit_id": {number}, "taken": true}}'.encode()
    said = read_body(DECIDE, JSON, body, {})
    assert said == TAKEN
    assert isinstance(said, DecideUnit)
    assert type(said.unit_id) is int


@pytest.mark.parametrize(
    "body",
    [
        '{"unit_id": 101.5, "taken": true}',
        '{"unit_id": "101", "taken": true}',
        '{"unit_id": 101, "taken": 1}',
        '{"unit_id": 1e400, "taken": true}',
        '{"unit_id": 101',
    ],
)
def test_what_is_none_is_refused(body: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_body(DECIDE, JSON, body.encode(), {})


def test_a_form_knows_only_text() -> None:
    assert read_body(DECIDE, FORM, b"", {"unit_id": "101", "taken": "true"}) == TAKEN
