"""The comfort part of a controlled point: room temperatures by day and hour, checked."""

from __future__ import annotations

from datetime import date, time

from agent.account.tariff import Tariff
from agent.account.valley import valleys_of
from agent.config.sections import ComfortSection, ControlSection
from agent.control import DAYS, HEATING_WATER, Away, Comfort, Daily, Period, Valley, WeekSchedule
from agent.errors import Mistake
from agent.yamltext import Document

DAYS_ALLOWED = ", ".join((*DAYS, "every", "weekdays", "weekend"))
Path = tuple[str | int, ...]


def comfort_of(
    section: ControlSection, doc: Document, i: int, tariff: Tariff, mistakes: list[Mistake]
) -> Comfort | None:
    """What the household wants; what is wrong stands in `mistakes`.

    Without hours of its own the valley is when the tariff is cheapest.
    """
    path: Path = ("control", i, "comfort")
    said = section.comfort
    if said is None:
        return None
    if section.point not in HEATING_WATER:
        message = f"{section.point} does not heat rooms"
        mistakes.append(doc.mistake(("control", i, "point"), message, ", ".join(HEATING_WATER)))
    given = tuple((time.fromisoformat(v.start), time.fromisoformat(v.end)) for v in said.valley)
    valleys = valleys_of(tariff, given)
    if said.mode == "bill" and not any(one.hours for one in valleys):
        message = "mode bill needs the hours of cheap electricity"
        allowed = "valley: a start and an end, or a tariff with more than one price"
        mistakes.append(doc.mistake(path, message, allowed))
    periods = tuple(
        Period(
            days_of(one.days, doc, (*path, "rooms", j, "days"), mistakes),
            time.fromisoformat(one.start),
            one.value,
        )
        for j, one in enumerate(said.rooms)
    )
    return Comfort(
        WeekSchedule(periods),
        frozenset(_dates(said, doc, path, mistakes)),
        _away(said, doc, path, mistakes),
        said.mode,
        tuple(
            Valley(one.first_day, tuple(Daily(*piece) for piece in one.hours), one.share)
            for one in valleys
        ),
        said.preheat,
        said.protected,
        said.emitter,
        said.outlast,
    )


def days_of(
    words: tuple[str, ...], doc: Document, path: Path, mistakes: list[Mistake]
) -> frozenset[int]:
    """Days of the week by name or group; 0 is Monday."""
    groups = {"every": set(range(7)), "weekdays": set(range(5)), "weekend": {5, 6}}
    groups |= {day: {number} for number, day in enumerate(DAYS)}
    if not words:
        mistakes.append(doc.mistake(path, "no day is named", DAYS_ALLOWED))
    for word in words:
        if word not in groups:
            mistakes.append(doc.mistake(path, f"{word!r} is no day", DAYS_ALLOWED))
    return frozenset(day for word in words for day in groups.get(word, ()))


def _dates(said: ComfortSection, doc: Document, path: Path, mistakes: list[Mistake]) -> list[date]:
    found = [
        _date(text, doc, (*path, "holidays", j), mistakes) for j, text in enumerate(said.holidays)
    ]
    return [day for day in found if day is not None]


def _away(
    said: ComfortSection, doc: Document, path: Path, mistakes: list[Mistake]
) -> tuple[Away, ...]:
    found: list[Away] = []
    for j, one in enumerate(said.away):
        here = (*path, "away", j)
        first = _date(one.first, doc, (*here, "first"), mistakes)
        last = _date(one.last, doc, (*here, "last"), mistakes)
        if first is None or last is None:
            continue
        if last < first:
            mistakes.append(doc.mistake((*here, "last"), f"{last} is before {first}"))
        found.append(Away(first, last, one.value))
    return tuple(found)


def _date(text: str, doc: Document, path: Path, mistakes: list[Mistake]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        mistakes.append(doc.mistake(path, f"{text!r} is no date", "such as 2026-02-14"))
        return None
