"""Homes that are tended by comfort: the rule of each, the forecast, and what must be remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agent.control.fitted import highest_asked
from agent.control.heating import HIGHEST_C, Heating, Reach
from agent.control.home import HomeControl, Hour, comfort_demand, home_demand, untaught
from agent.control.learned import Learned
from agent.facts import ForecastKnown, Save
from agent.model import Demand, Machine, Origin, PointId, Snapshot, Stamp

LARGEST_ERROR_K = 15.0  # of a forecast against the machine's own sensor, which may stand in the sun
DOUBT_S = 120.0  # without an answer: the link to the machine is in doubt
WISH_STANDS_S = 900.0
SAVE_EVERY_S = 6 * 3600.0  # lessons are slow, flash is not for ever


class Tending:
    """What every home wants now; holds the lessons of those that want comfort."""

    def __init__(
        self,
        homes: Sequence[HomeControl],
        machines: Mapping[str, Machine],
        learned: Mapping[str, Learned],
    ) -> None:
        self._machines = machines
        self._forecast: ForecastKnown | None = None
        self._saved_mono: float | None = None
        self._heating: dict[tuple[str, PointId], Heating] = {}
        self._late_s: dict[tuple[str, PointId], float] = {}
        for home in homes:
            terms = machines[home.device].terms(home.point)
            if home.comfort is None:
                continue
            place = (home.device, home.point)
            known = learned.get(_key(*place))
            self._heating[place] = Heating(known) if known else untaught(home.comfort)
            self._late_s[place] = max(DOUBT_S, 3 * terms.every_s) if terms else DOUBT_S

    def foretold(self, fact: ForecastKnown) -> None:
        """The outdoor air of the next days; replaces the forecast before."""
        self._forecast = fact

    def demand(
        self, home: HomeControl, snapshots: Mapping[str, Snapshot], stamp: Stamp, running_s: float
    ) -> Demand | None:
        """What this home wants of its point now; None when nothing."""
        if home.comfort is None:
            return home_demand(home, snapshots, stamp, running_s)
        place = (home.device, home.point)
        age_s = snapshots[home.device].age_s(home.point, stamp.mono)
        doubtful = age_s is None or age_s > self._late_s[place]
        outdoor_c = snapshots[home.device].number("outdoor_temp")
        ahead, reach = self._ahead(stamp, outdoor_c), _reach(home, self._machines[home.device])
        now = Hour(snapshots, stamp, running_s, ahead, doubtful, reach)
        self._heating[place], demand = comfort_demand(home, home.comfort, self._heating[place], now)
        if demand is None or demand.park or home.comfort.wish_c is None:
            return demand
        # For a moment only: the next look says it again for as long as the household wants it.
        until = stamp.mono + WISH_STANDS_S
        return replace(demand, origin=Origin.RESIDENT, until_mono=until)

    def save(self, stamp: Stamp, now: bool = False) -> Iterator[Save]:
        """The lessons, when it is time to remember them over a restart, or `now`."""
        if self._saved_mono is None:
            self._saved_mono = stamp.mono
        if not self._heating or (stamp.mono - self._saved_mono < SAVE_EVERY_S and not now):
            return
        self._saved_mono = stamp.mono
        yield Save("learned", {_key(*place): one.known for place, one in self._heating.items()})

    def _ahead(self, stamp: Stamp, outdoor_c: float | None) -> tuple[float, ...]:
        """The forecast from now on, by the hour; empty when none, over or wrong."""
        if self._forecast is None or not stamp.trusted:
            return ()
        passed = int((stamp.at - self._forecast.start).total_seconds() // 3600)
        ahead = self._forecast.outdoor_c[passed:] if passed >= 0 else ()
        if not ahead or (outdoor_c is not None and abs(ahead[0] - outdoor_c) > LARGEST_ERROR_K):
            return ()
        return ahead


def _reach(home: HomeControl, machine: Machine) -> Reach:
    """The lowest of what the machine takes, its emitters bear, and the rule ever asks for."""
    terms, highest_c = machine.terms(home.point), highest_asked(machine, home.point, home.highest_c)
    reach_c = HIGHEST_C if highest_c is None else min(HIGHEST_C, highest_c)
    return Reach(reach_c, terms.step, terms.origin) if terms is not None else Reach(reach_c)


def _key(device: str, point: PointId) -> str:
    return f"{device}.{point}"
