"""A recorded season as days: the CSV that the closed loop writes, or one exported from a platform.

Columns are canonical points beside `at` (UTC, ISO 8601) and, if known, `writes`. Power is taken to
hold until the next row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from math import isfinite
from pathlib import Path

from agent.account.days import Day, DayBook, Moment
from agent.account.tariff import UNPRICED, Tally, Tariff, charge
from agent.errors import FileError, Mistake

NEEDED = ("at", "active_power")
COLUMNS = ("outdoor_temp", "indoor_temp", "water_setpoint", "active_power", "writes")
LONGEST_ROW_S = 3 * 3600.0
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Instants near the ends of the calendar have no local time; no house was measured there."""


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """One row: the instant (aware UTC), degrees Celsius, watts, writes since the row before."""

    at: datetime
    outdoor_c: float | None
    room_c: float | None
    setpoint_c: float | None
    power_w: float | None
    writes: int


def read_season(path: Path) -> tuple[SeasonRow, ...]:
    """The rows of a file in the order of time. Raises FileError with the line of each mistake."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise FileError([Mistake(str(path), 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise FileError([Mistake(str(path), 1, "", "is not UTF-8 text")]) from None
    table = csv.DictReader(lines)
    mistakes: list[Mistake] = []
    try:
        rows = _table(table, str(path), mistakes)
    except csv.Error as error:  # a cell longer than the library takes
        mistakes.append(Mistake(str(path), table.line_num + 1, "", f"not CSV: {error}"))
        raise FileError(mistakes) from None
    if not rows and not mistakes:
        mistakes.append(Mistake(str(path), 1, "", "there are no rows"))
    if mistakes:
        raise FileError(mistakes)
    return tuple(sorted(rows, key=lambda row: row.at))


def _table(table: csv.DictReader[str], path: str, mistakes: list[Mistake]) -> list[SeasonRow]:
    absent = [name for name in NEEDED if name not in (table.fieldnames or ())]
    if absent:
        message = f"there is no column {', '.join(absent)}"
        allowed = "at, active_power; outdoor_temp, indoor_temp, water_setpoint, writes if known"
        raise FileError([Mistake(path, 1, "", message, allowed)])
    return list(_rows(table, path, mistakes))


def _rows(table: csv.DictReader[str], path: str, mistakes: list[Mistake]) -> Iterator[SeasonRow]:
    for raw in table:
        try:
            at = _instant(raw["at"])
            number = {key: _number(raw.get(key)) for key in COLUMNS}
        except (ValueError, TypeError) as error:
            mistakes.append(Mistake(path, table.line_num, "", str(error)))
            continue
        yield SeasonRow(
            at,
            number["outdoor_temp"],
            number["indoor_temp"],
            number["water_setpoint"],
            number["active_power"],
            int(number["writes"] or 0),
        )


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"{text} is in no season; allowed: years {FIRST_YEAR} to {LAST_YEAR}")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _number(text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def days_of(
    rows: Sequence[SeasonRow], decided_by: str, timezone: tzinfo, tariff: Tariff = UNPRICED
) -> tuple[Day, ...]:
    """The day book of a season; `decided_by` says who set the water, `machine` for a baseline."""
    book = DayBook("season", longest_s=LONGEST_ROW_S)
    tally = Tally()
    for row, after in pairwise((*rows, rows[-1])):
        local = row.at.astimezone(timezone)
        book.see(Moment(local, row.room_c, row.outdoor_c, row.setpoint_c, decided_by))
        book.write(local, row.writes)
        held = min(after.at - row.at, timedelta(seconds=LONGEST_ROW_S))
        kwh = (row.power_w or 0.0) * held.total_seconds() / 3.6e6
        tally, bills = charge(tariff, tally, local, local + held, kwh)
        for begin, bill in bills:
            book.bill(begin, bill)
    return book.open
