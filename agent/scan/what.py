"""Asking one machine, word by word, until it is known which driver fits it."""

from __future__ import annotations

from collections.abc import Sequence

from agent.drivers import Driver
from agent.line import Answer, Refused
from agent.scan.expect import Place
from agent.scan.recognise import Recogniser, Surroundings, Verdict, expectations
from agent.scan.wire import Tell, Wire

TRIES = 2
_SILENT = (4, 6, 0x0A, 0x0B)  # refusals of a bridge or a busy machine: they tell nothing of a word


async def what_is(wire: Wire, unit_id: int, drivers: Sequence[Driver], tell: Tell) -> Verdict:
    """Which of the drivers fits this unit; PortError when the port is gone."""
    setting = wire.setting
    about = Surroundings(
        unit_id, setting.baudrate if setting else None, setting.parity if setting else None
    )
    recogniser = Recogniser(expectations(drivers), about)
    while (place := recogniser.next_place()) is not None:
        tell(f"unit {unit_id}: {place[0]} {place[1]}", f"地址 {unit_id}：{place[0]} {place[1]}")
        await _word(wire, recogniser, unit_id, place)
    return recogniser.verdict()


async def _word(wire: Wire, recogniser: Recogniser, unit_id: int, place: Place) -> None:
    """Ask for one word; a damaged answer is asked for once more."""
    for _ in range(TRIES):
        reply = (await wire.ask(unit_id, *place)).reply
        if isinstance(reply, Answer):
            recogniser.take(place, reply.words[0])
            return
        if isinstance(reply, Refused):
            recogniser.take(place, None, silent=reply.code in _SILENT)
            return
    recogniser.take(place, None, silent=True)
