"""Recorded words and golden readings as files: a trace of `record`, or a dump of registers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import msgspec

from agent.cli.targets import read_text
from agent.drivers import ReadRequest, RegisterMap
from agent.dump import words_of
from agent.errors import FileError, Mistake
from agent.kit.replay import Recorded
from agent.line.answers import Answer
from agent.line.trace import Exchange, read_trace
from agent.yamltext import parse


def recorded_of(
    path: Path, found: RegisterMap, unit_id: int | None
) -> tuple[int, tuple[Recorded, ...]]:
    """The unit id and what was read of it, in order. Raises FileError.

    Without a unit id that of the map is taken, else the one that answered most.
    """
    text = read_text(path)
    if not text.lstrip().startswith('{"at"'):
        mine = unit_id or found.line.unit_id or 1
        return mine, tuple(_from_dump(text, str(path), found, mine))
    exchanges = exchanges_of(path)
    units = Counter(exchange.unit for exchange in exchanges)
    usual = found.line.unit_id if found.line.unit_id in units else None
    mine = unit_id or usual or units.most_common(1)[0][0]
    own = {mine} | {rule.unit_id for rule in found.points.values() if rule.unit_id}
    return mine, tuple(
        (exchange.request, exchange.reply.words)
        for exchange in exchanges
        if exchange.unit in own
        and isinstance(exchange.request, ReadRequest)
        and isinstance(exchange.reply, Answer)
    )


def exchanges_of(path: Path) -> tuple[Exchange, ...]:
    """Every exchange of a trace. Raises FileError."""
    return tuple(_exchanges(read_text(path), str(path)))


def _exchanges(text: str, file: str) -> Iterator[Exchange]:
    for number, line in enumerate(text.splitlines(), 1):
        try:
            yield from read_trace(iter([line]))
        except msgspec.DecodeError as error:
            raise FileError([Mistake(file, number, "", f"not an exchange: {error}")]) from None


def _from_dump(text: str, file: str, found: RegisterMap, unit_id: int) -> Iterator[Recorded]:
    """Runs of neighbours as one read each, for every unit id of the map."""
    words = words_of(parse(text, file))
    units = {unit_id} | {rule.unit_id for rule in found.points.values() if rule.unit_id}
    places = sorted(words)
    runs = groupby(enumerate(places), key=lambda item: (item[1][0], item[1][1] - item[0]))
    for (table, _), run in runs:
        addresses = [place[1] for _, place in run]
        values = tuple(words[table, at] for at in addresses)
        for one in sorted(units):
            yield ReadRequest(one, table, addresses[0], len(addresses)), values


def golden_of(path: Path) -> Mapping[str, str]:
    """Golden readings: point -> what the display showed, as text. Raises FileError."""
    document = parse(read_text(path), str(path))
    tree = document.tree
    if not isinstance(tree, dict) or any(isinstance(v, dict | list) for v in tree.values()):
        allowed = "water_supply_temp: 41.2"
        raise FileError([document.mistake((), "is no list of golden readings", allowed)])
    return {str(name): str(value) for name, value in tree.items() if value is not None}
