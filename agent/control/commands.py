"""Commands: the demand each becomes, its one end, and the fields of journal and log. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from agent.control.override import HOLD_S
from agent.facts import Effect, Journal, Keep, Note
from agent.model import Check, Command, Demand, Origin, Outcome, PointId, Result, Stamp, Value
from agent.records import Lane

ORIGIN_OF_ROLE = {
    "resident": Origin.RESIDENT,
    "platform": Origin.PLATFORM,
    "vendor": Origin.PLATFORM,
    "service": Origin.PLATFORM,
}


def demand_of(command: Command, stamp: Stamp) -> Demand:
    """What a command wants, by its role and for as long as it holds."""
    hold_s = command.hold_s if command.hold_s is not None else HOLD_S
    return Demand(
        command.device,
        command.point,
        command.value,
        ORIGIN_OF_ROLE.get(command.role, Origin.PLATFORM),
        f"command by {command.issuer}",
        stamp.mono + hold_s,
        command.id,
    )


def asked(command: Command, stamp: Stamp, **more: Value) -> Journal:
    """The line of the journal that every order leaves before anything is decided."""
    fields: dict[str, Value | None] = {
        "id": command.id,
        "issuer": command.issuer,
        "role": command.role,
        "device": command.device,
        "point": command.point,
        "value": command.value,
    }
    return Journal("command", {**fields, **more}, stamp)


def ended(result: Result, stamp: Stamp) -> Iterator[Effect]:
    """A command has come to its one end."""
    yield Keep(Lane.RESULT, result, stamp)
    fields = {"id": result.command_id, "outcome": result.outcome.value, "why": result.why}
    yield Journal("result", fields, stamp)
    yield Note("info", "command ended", fields)


def result_of(
    command: Command,
    outcome: Outcome,
    why: str,
    read_back: Value | None = None,
    checks: tuple[Check, ...] = (),
) -> Result:
    """The one end of a command."""
    return Result(
        command.id,
        command.device,
        command.point,
        outcome,
        why,
        command.value,
        read_back,
        command.issuer,
        checks,
    )


def fields_of(device: str, point: PointId, value: Value, origin: Origin) -> dict[str, Value | None]:
    """A write or a wish as fields of journal and log."""
    return {"device": device, "point": point, "value": value, "origin": origin.value}
