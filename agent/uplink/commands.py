"""`down/command`: a wish of the platform, or why it ends at the door."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.model import Command, Outcome, Value
from agent.uplink.messages import CLOCK_SLACK, COMMAND_BYTES, Instant, Name

COMMAND_LIFE = timedelta(hours=24)
_ID = r"^[A-Za-z0-9_.:-]{1,64}$"


class CommandMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`down/command`: one wish. It is answered by exactly one Result; never send it retained."""

    id: Annotated[str, Meta(pattern=_ID, description="Unique for ever; repeats are ignored.")]
    issuer: Annotated[Name, Meta(description="Who asks: an account or a service, for the journal.")]
    role: Annotated[
        Literal["platform", "resident", "vendor", "service"],
        Meta(description="In which role; decides the precedence."),
    ]
    device: Annotated[Name, Meta(description="Id of the device as in the gateway's configuration.")]
    point: Annotated[
        Name,
        Meta(
            description="Id of the point to set; or an order: emergency, alarm_acknowledge, "
            "alarm_shelve, alarm_unshelve, out_of_service, in_service, repaired, self_test, "
            "test_write, poll_check; of the household: wanted, as_planned, week_plan, "
            "household_mode."
        ),
    ]
    value: Annotated[
        float | int | bool | Annotated[str, Meta(max_length=300)],
        Meta(
            description="The wanted value, in the unit of the point; of an order the id of an "
            "alarm, or a rule, a fault or `all`."
        ),
    ]
    issued_at: Annotated[Instant, Meta(description="When it was issued, with time zone.")]
    expires_at: Annotated[
        Instant, Meta(description="Do not begin later than this; at most 24 h after issued_at.")
    ]
    hold_s: Annotated[
        Annotated[float, Meta(gt=0, le=7 * 86_400)] | None,
        Meta(
            description="How many seconds the wish keeps the schedule away (absent: 4 h), or an "
            "alarm stays shelved or out of service (which need it)."
        ),
    ] = None
    gateway: Annotated[
        Name | None,
        Meta(description="Id of the gateway it is for; must stand in a signed command."),
    ] = None
    why: Annotated[
        str,
        Meta(
            max_length=200,
            description="A reason in words, which shelving and taking out of service need; no "
            "names of people.",
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class RefusedCommand:
    """A command that ends at the door: its id if one could be read, the outcome, and why."""

    command_id: str | None
    why: str
    outcome: Literal[Outcome.REFUSED, Outcome.EXPIRED]
    device: str = ""
    point: str = ""
    issuer: str = ""


class _Sender(msgspec.Struct, frozen=True):
    """What can still be read of a command that does not fit; only to answer it."""

    id: object = None
    device: object = ""
    point: object = ""
    issuer: object = ""


_COMMAND = msgspec.json.Decoder(CommandMessage)
_SENDER = msgspec.json.Decoder(_Sender)


def parse_command(
    payload: bytes, retained: bool, now: datetime, trusted: bool, gateway: str = ""
) -> Command | RefusedCommand:
    """The command, or why it ends here. `now` is aware UTC, `trusted` whether it is believed.

    A command that names another gateway than `gateway` was put on the wrong topic.
    """
    try:
        if len(payload) > COMMAND_BYTES:
            raise ValueError(f"longer than {COMMAND_BYTES} bytes")
        message = _COMMAND.decode(payload)
    except (ValueError, RecursionError) as error:
        return _refuse(payload, f"not a command: {error}")
    if retained:
        return _refuse(payload, "retained: an old wish must not come back with every connection")
    why = _unfit(message, now, trusted, gateway)
    if why:
        return _refuse(payload, why)
    if now >= message.expires_at:
        return _refuse(payload, f"expired at {message.expires_at.isoformat()}", Outcome.EXPIRED)
    return _command(message)


def _unfit(message: CommandMessage, now: datetime, trusted: bool, gateway: str) -> str:
    if not re.fullmatch(_ID, message.id):  # `$` alone lets a final line feed pass
        return "id may hold letters, digits and _.:- only"
    if gateway and message.gateway not in (None, gateway):
        return f"it is for gateway {message.gateway}, this is {gateway}"
    if message.expires_at <= message.issued_at:
        return "expires_at is not after issued_at"
    if message.expires_at - message.issued_at > COMMAND_LIFE:
        return "expires_at is more than 24 h after issued_at"
    if not trusted:
        return "the gateway's clock is not trusted yet, so the command's age cannot be judged"
    if message.issued_at - now > CLOCK_SLACK:
        return f"issued_at {message.issued_at.isoformat()} is in the future"
    return ""


def _command(message: CommandMessage) -> Command:
    value: Value = message.value
    return Command(
        message.id,
        message.issuer,
        message.role,
        message.device,
        message.point,
        value,
        message.issued_at,
        message.expires_at,
        message.hold_s,
        message.why,
    )


def _refuse(
    payload: bytes, why: str, outcome: Literal[Outcome.REFUSED, Outcome.EXPIRED] = Outcome.REFUSED
) -> RefusedCommand:
    """Refuse, with as much of the sender as can be read, so that the answer finds its way."""
    try:
        sender = _SENDER.decode(payload) if len(payload) <= COMMAND_BYTES else _Sender()
    except (ValueError, RecursionError):
        sender = _Sender()
    known = isinstance(sender.id, str) and re.fullmatch(_ID, sender.id) is not None
    return RefusedCommand(
        str(sender.id) if known else None,
        why,
        outcome,
        _short(sender.device),
        _short(sender.point),
        _short(sender.issuer),
    )


def _short(text: object) -> str:
    return text[:64] if isinstance(text, str) else ""
