"""The accounts of all homes of a gateway: sweeps and writes in, effects out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from agent.account.curve import DayCurve, Piece, Shown
from agent.account.days import Day, Moment
from agent.account.energy import Look
from agent.account.home import AccountState, HomeAccount
from agent.account.savings import off_day
from agent.account.tariff import UNPRICED, Tariff
from agent.facts import Effect, Keep, Save
from agent.homes import Home
from agent.model import Origin, Snapshot, Stamp, Value
from agent.records import DayAccount, Lane

SAVE_EVERY_S = 900.0
CURVE_SAVED_EVERY_S = 3 * 3600.0  # some 15 KB each time, and only a picture
DAYS_KEPT = 400


def state_key(home: str) -> str:
    """Under which key the open account of a home is saved."""
    return f"account {home}"


def days_key(home: str) -> str:
    """Under which key the closed days of a home are saved."""
    return f"days {home}"


def curve_key(home: str) -> str:
    """Under which key the last day of a home is saved."""
    return f"curve {home}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a home: its open account, its closed days, and its last day."""

    state: AccountState = field(default_factory=AccountState)
    days: tuple[Day, ...] = ()
    curve: tuple[Piece, ...] = ()


@dataclass(slots=True)
class _Book:
    account: HomeAccount
    days: tuple[Day, ...]
    curve: DayCurve
    saved_mono: float | None = None
    curve_mono: float | None = None

    def enter(self, closed: Sequence[Day]) -> list[Day]:
        """Put days under the closed ones; each comes back whole where it has been there before."""
        known = {day.day: day for day in self.days}
        for day in closed:
            known[day.day] = known[day.day] + day if day.day in known else day
        self.days = tuple(known[day] for day in sorted(known))[-DAYS_KEPT:]
        return [known[day.day] for day in closed]


class Books:
    """One account for each home; a home is seen through the complete picture of its heat pump."""

    def __init__(
        self,
        homes: tuple[Home, ...],
        timezone: tzinfo,
        tariff: Tariff = UNPRICED,
        kept: Mapping[str, Kept] | None = None,
        as_found_c: float | None = None,
    ) -> None:
        self._timezone, self._tariff, self._as_found_c = timezone, tariff, as_found_c
        self._books: dict[str, _Book] = {}
        for home in homes:
            before = (kept or {}).get(home.name, Kept())
            account = HomeAccount(home.name, timezone, tariff, before.state)
            self._books[home.heat_pump] = _Book(account, before.days, DayCurve(before.curve))

    def as_found(self, stamp: Stamp) -> dict[str, Value]:
        """Heat pumps whose water stays today at the setpoint it was found at, with that setpoint.

        Empty unless off days are drawn, and while nobody knows what day it is.
        """
        if self._as_found_c is None or not stamp.trusted:
            return {}
        today = stamp.at.astimezone(self._timezone).date()
        off = (d for d, book in self._books.items() if off_day(book.account.home, today))
        return dict.fromkeys(off, self._as_found_c)

    def of(self, home: str) -> Kept | None:
        """Everything there is in the book of this home; None for a home without one."""
        for book in self._books.values():
            if book.account.home == home:
                return Kept(book.account.state, book.days, book.curve.pieces)
        return None

    @property
    def tariff(self) -> Tariff:
        """What the kilowatt-hours are charged by."""
        return self._tariff

    def sweep(
        self, picture: Snapshot, decided_by: str, stamp: Stamp, wanted_c: float | None = None
    ) -> Iterator[Effect]:
        """A sweep of a heat pump: who decides its water temperature now, and the wanted room."""
        book = self._books.get(picture.device)
        if book is None:
            return
        if decided_by == Origin.SCHEDULE and picture.device in self.as_found(stamp):
            decided_by = "as_found"
        look = Look(
            stamp.at.astimezone(UTC),
            stamp.mono,
            stamp.trusted,
            picture.number("energy_total"),
            picture.number("active_power"),
        )
        moment = Moment(
            stamp.at.astimezone(self._timezone),
            picture.number("indoor_temp"),
            picture.number("outdoor_temp"),
            picture.number("water_setpoint"),
            decided_by,
        )
        _draw(book.curve, picture, wanted_c, stamp)
        closed = book.account.take(look, moment)
        if closed:
            entered = book.enter(closed)
            yield Save(days_key(book.account.home), book.days)
            for day in entered:
                yield Keep(Lane.ACCOUNT, _told(day, picture.device, self._tariff), stamp)
        if closed or self._due(book, stamp):
            yield self._save(book, stamp)
        if book.curve_mono is None:
            book.curve_mono = stamp.mono
        elif stamp.mono - book.curve_mono >= CURVE_SAVED_EVERY_S:
            book.curve_mono = stamp.mono
            yield Save(curve_key(book.account.home), book.curve.pieces)

    def wrote(self, device: str, stamp: Stamp) -> None:
        """A point of this heat pump was written."""
        book = self._books.get(device)
        if book is not None and stamp.trusted:
            book.account.write(stamp.at)

    def close(self, stamp: Stamp) -> Iterator[Effect]:
        """The program stops: save what is open."""
        for book in self._books.values():
            yield self._save(book, stamp)
            yield Save(curve_key(book.account.home), book.curve.pieces)

    def _due(self, book: _Book, stamp: Stamp) -> bool:
        if book.saved_mono is None:
            book.saved_mono = stamp.mono
        return stamp.mono - book.saved_mono >= SAVE_EVERY_S

    def _save(self, book: _Book, stamp: Stamp) -> Save:
        book.saved_mono = stamp.mono
        return Save(state_key(book.account.home), book.account.state)


def _draw(curve: DayCurve, picture: Snapshot, wanted_c: float | None, stamp: Stamp) -> None:
    if not stamp.trusted:
        curve.pause()
        return
    curve.see(
        Shown(
            stamp.at,
            picture.number("indoor_temp"),
            wanted_c,
            picture.number("outdoor_temp"),
            picture.number("water_supply_temp"),
            picture.number("active_power"),
        )
    )


def _told(day: Day, device: str, tariff: Tariff) -> DayAccount:
    return DayAccount(
        home=day.home,
        device=device,
        day=day.day.isoformat(),
        tariff=tariff.name,
        currency=tariff.currency,
        kwh=round(day.bill.kwh, 4),
        kwh_by_rate=_rounded(day.bill.kwh_by_rate),
        gross=round(day.bill.gross, 4),
        refunds=_rounded(day.bill.refunds),
        unpriced_kwh=round(day.bill.unpriced_kwh, 4),
        hours_by=_rounded(day.hours_by),
        room_c=_mean(day.room_c.value),
        outdoor_c=_mean(day.outdoor_c.value),
        setpoint_c=_mean(day.setpoint_c.value),
        kh_below=round(day.kh_below, 3),
        writes=day.writes,
    )


def _rounded(amounts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(amount, 4) for name, amount in amounts.items()}


def _mean(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
