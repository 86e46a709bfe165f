"""The account of one home: energy as it is drawn, what it costs, and the day book; restartable."""

from __future__ import annotations

from datetime import datetime, tzinfo

from msgspec import Struct, field

from agent.account.days import Day, DayBook, Moment
from agent.account.energy import EnergyCounter, EnergyState, Look
from agent.account.tariff import UNPRICED, Tally, Tariff, charge


class AccountState(Struct, frozen=True):
    """What must survive a restart of a home's account."""

    energy: EnergyState = field(default_factory=EnergyState)
    tally: Tally = field(default_factory=Tally)
    days: tuple[Day, ...] = ()


class HomeAccount:
    """Counts one home's energy and money; `state` is what to save and to begin again with.

    Without a tariff energy is counted and stands as unpriced.
    """

    def __init__(
        self,
        home: str,
        timezone: tzinfo,
        tariff: Tariff = UNPRICED,
        state: AccountState | None = None,
    ) -> None:
        before = state or AccountState()
        self.home = home
        self._timezone, self._tariff = timezone, tariff
        self._energy = EnergyCounter(before.energy)
        self._tally = before.tally
        self._book = DayBook(home, before.days)

    @property
    def state(self) -> AccountState:
        """All that was counted and is not handed out yet."""
        return AccountState(self._energy.state, self._tally, self._book.open)

    def take(self, look: Look, moment: Moment) -> tuple[Day, ...]:
        """One sweep of the home; returns the days that are complete now.

        While the clock is not trusted nothing is put under a day.
        """
        for drawn in self._energy.look(look):
            self._charge(drawn.start, drawn.end, drawn.kwh)
        if not look.trusted:
            self._book.pause()
            return ()
        self._book.see(moment)
        return self._book.close_before(moment.local.date())

    def write(self, at: datetime) -> None:
        """A controlled point of this home was written."""
        self._book.write(at.astimezone(self._timezone))

    def _charge(self, start: datetime, end: datetime, kwh: float) -> None:
        begin, until = start.astimezone(self._timezone), end.astimezone(self._timezone)
        self._tally, bills = charge(self._tariff, self._tally, begin, until, kwh)
        for local, bill in bills:
            self._book.bill(local, bill)
