"""What is normal changes with the season: a pump that sleeps all summer, a night at -20 C. Pure.

Sealed, between two dates of the year, what is normal in summer is suppressed by design; freezing
and whatever else is an S1 never is, and an air that is cold breaks the seal. In extreme cold a heat
pump that does not answer is an S1, and delays are half as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import StrEnum

from agent.facts import ForecastKnown
from agent.faults.condition import Condition
from agent.faults.rights import protected
from agent.model import Severity, Snapshot, Stamp

COLD_BREAKS_C = (
    5.0  # below this panels begin to protect against frost: no summer, whatever the date
)
EASED_BY_K = 2.0
LOOK_EVERY_S = 60.0
KNOWN_FOR_S = 6 * 3600.0  # a machine that fell silent in the evening tells of the night
AHEAD_H = 12
LARGEST_ERROR_K = 15.0  # of a forecast against a measured air: then it is another place's
SEALED_BY = "sealed_season"

# Off at its breaker, standing still for weeks, or making nothing but a little hot water.
NORMAL_IN_SUMMER = frozenset({"F17", "F18", "F21", "F22", "F25", "F27"})
SOONER_IN_COLD = frozenset({"F06", "F20", "F24", "F25"})


class Mode(StrEnum):
    """The season by which alarms are judged."""

    NORMAL = "normal"
    SEALED = "sealed"
    EXTREME_COLD = "extreme_cold"


@dataclass(frozen=True, slots=True)
class SeasonSettings:
    """Local dates as `MM-DD`, both included; degC of the outdoor air."""

    sealed: tuple[str, str] | None = None
    extreme_below_c: float = -15.0


ALL_YEAR = SeasonSettings()


class Season:
    """Remembers the mode, so that a tenth of a kelvin does not change it twice."""

    def __init__(self, settings: SeasonSettings, timezone: tzinfo) -> None:
        self._settings, self._timezone = settings, timezone
        self._forecast: ForecastKnown | None = None
        self._next = float("-inf")
        self._cold_broke = False
        self.mode = Mode.NORMAL

    def foretold(self, fact: ForecastKnown) -> None:
        """The outdoor air of the next days."""
        self._forecast, self._next = fact, float("-inf")

    def look(self, pictures: Mapping[str, Snapshot], stamp: Stamp) -> bool:
        """Look at the date and the air, once a minute; whether the mode has changed."""
        if stamp.mono < self._next:
            return False
        self._next = stamp.mono + LOOK_EVERY_S
        before, self.mode = self.mode, self._judged(_coldest(pictures, stamp.mono), stamp)
        return self.mode is not before

    def _judged(self, measured_c: float | None, stamp: Stamp) -> Mode:
        air = [one for one in (measured_c, self._ahead(measured_c, stamp)) if one is not None]
        coldest_c = min(air, default=None)
        extreme = self.mode is Mode.EXTREME_COLD
        limit_c = self._settings.extreme_below_c + (EASED_BY_K if extreme else 0.0)
        if coldest_c is not None and coldest_c < limit_c:
            return Mode.EXTREME_COLD
        return Mode.SEALED if self._in_season(stamp) and self._mild(coldest_c) else Mode.NORMAL

    def _mild(self, coldest_c: float | None) -> bool:
        """Not known is mild: a pump that is off at its breaker measures nothing."""
        over_k = EASED_BY_K if self._cold_broke else 0.0
        self._cold_broke = coldest_c is not None and coldest_c < COLD_BREAKS_C + over_k
        return not self._cold_broke

    def _in_season(self, stamp: Stamp) -> bool:
        if self._settings.sealed is None or not stamp.trusted:
            return False
        first, last = self._settings.sealed
        day = f"{stamp.at.astimezone(self._timezone):%m-%d}"
        return first <= day <= last if first <= last else day >= first or day <= last

    def _ahead(self, measured_c: float | None, stamp: Stamp) -> float | None:
        """The coldest of the next hours, as it was foretold; None when that is over or wrong."""
        if self._forecast is None or not stamp.trusted:
            return None
        passed = int((stamp.at - self._forecast.start).total_seconds() // 3600)
        ahead = self._forecast.outdoor_c[passed : passed + AHEAD_H] if passed >= 0 else ()
        if not ahead:
            return None
        wrong = measured_c is not None and abs(ahead[0] - measured_c) > LARGEST_ERROR_K
        return None if wrong else min(ahead)


def in_season(
    conditions: tuple[Condition, ...], mode: Mode, heat_pump: bool
) -> tuple[Condition, ...]:
    """The conditions of a device as they count in this season; the same tuple in a normal one."""
    if mode is Mode.NORMAL:
        return conditions
    if mode is Mode.SEALED:
        return tuple(map(_in_summer, conditions))
    return tuple(_in_cold(one, heat_pump) for one in conditions)


def _in_summer(condition: Condition) -> Condition:
    kept = condition.severity is Severity.S1 or protected(condition.rule, condition.fault)
    if kept or condition.cause or condition.fault not in NORMAL_IN_SUMMER:
        return condition
    return replace(condition, cause=SEALED_BY)


def _in_cold(condition: Condition, heat_pump: bool) -> Condition:
    if not heat_pump or condition.fault not in SOONER_IN_COLD:
        return condition
    severity = Severity.S1 if condition.fault == "F25" else condition.severity
    return replace(condition, severity=severity, raise_after_s=condition.raise_after_s / 2)


def _coldest(pictures: Mapping[str, Snapshot], mono: float) -> float | None:
    """The coldest outdoor air that was measured lately, degC."""
    return min(_measured(pictures, mono), default=None)


def _measured(pictures: Mapping[str, Snapshot], mono: float) -> Iterator[float]:
    for picture in pictures.values():
        outdoor_c, age_s = picture.number("outdoor_temp"), picture.age_s("outdoor_temp", mono)
        if outdoor_c is not None and age_s is not None and age_s <= KNOWN_FOR_S:
            yield outdoor_c
