"""From deviations to one verdict: which fault a machine's own history points to, if any.

A verdict needs evidence that is strong and of some size, again and again. It stands until both
have halved, and changes its name only when another suspect is clearly ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from agent.faults.diagnosis import Diagnosis, Seen, Signature, diagnose
from agent.faults.fleet import USUAL, against_fleet
from agent.faults.own import DAY, DAYS, HOURS, LATELY, ONE, PAIR, THREE, WEEK, Horizon, Own
from agent.model import Suspect

UNKNOWN = "unknown"
EARLY = 18.0  # chi square against machines at large
SURELY_EARLY = 36.0  # of a medium fault: the machine may be 1.8 spreads off to the healthy side
ENDS_AT = 0.4  # of size and strength: less of both ends a verdict
AHEAD = 0.6  # the weight from which another suspect takes the name over
MISFIT, MISFIT_SHARE = 4.0, 0.06  # chi square a signal, and of all: above, no signature fits
STRONG = 150.0  # chi square of an anomaly that is told although nobody knows its name


@dataclass(frozen=True, slots=True)
class Demand:
    """What a horizon asks for: drop of chi square, over so many looks in a row. A look at `plain`
    times the strength counts twice.

    With `by` the coil must be colder than usual: this signal by at least `least_k` and `by_itself`
    standard errors.
    """

    horizon: Horizon
    strength: float
    looks: int
    plain: float = inf
    by: str = ""
    by_itself: float = 4.0
    least_k: float = -inf

    def weight(self, found: Verdict) -> int:
        """For how many looks one counts that found this."""
        return 2 if found.strength >= self.plain * self.strength else 1


HOURLY = Demand(HOURS, 100.0, 5, plain=4.0)
BARE = (  # each time that the coil was bare of frost
    Demand(LATELY, 16.0, 3, plain=1.3, by="clean"),
    Demand(LATELY, 80.0, 1, by="clean"),
    Demand(THREE, 20.0, 1, by="clean", by_itself=4.5, least_k=1.2),
    Demand(PAIR, 12.0, 1, by="clean", by_itself=3.5, least_k=1.2),
    Demand(ONE, 100.0, 1, by="clean", by_itself=8.0, least_k=2.0),
)
# Stretches without frost come by the dozen, and a damp or dry night moves all of them by a kelvin.
DRY = Demand(LATELY, 50.0, 3, by="approach")
SURE = 150.0  # chi square that needs no second day
DAILY = (Demand(DAY, 35.0, 1), Demand(DAYS, 25.0, 1), Demand(WEEK, 18.0, 1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fault of the catalogue, or `unknown`; `size` 1 is the medium of the catalogue. `early` when
    it is told against machines at large: what is learnt is not healthy, and cannot be judged by.
    `days` counts the ends of a day that named it, `strength` is the chi square it explains.
    """

    fault: str
    size: float
    suspects: tuple[Suspect, ...]
    seen: Mapping[str, Seen]
    expected: Mapping[str, float]
    early: bool = False
    days: int = 0
    strength: float = 0.0


class Judge:
    """Keeps one machine's verdict."""

    __slots__ = (
        "_least_proof",
        "_looks",
        "_patient",
        "_signatures",
        "_yesterday",
        "verdict",
    )

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self._signatures = tuple(signatures)
        self._least_proof = min((one.proof for one in signatures), default=1.0)
        self._patient = frozenset(one.fault for one in self._signatures if one.patient)
        self._looks: dict[Demand, int] = {}
        self._yesterday = ""
        self.verdict: Verdict | None = None

    def look(self, own: Own, now: float, clean: bool = False, dry: bool = False) -> None:
        """Some stretch has ended; `clean` when one just after the coil was bare was judged, `dry`
        when one was during which no frost can be on it.
        """
        self._look(own, now, HOURLY)
        for demand in BARE if clean else ():
            self._look(own, now, demand)
        if dry:
            self._look(own, now, DRY)

    def _look(self, own: Own, now: float, demand: Demand) -> None:
        found = self._found(own, now, demand)
        looks = self._looks.get(demand, 0) + demand.weight(found) if found is not None else 0
        self._looks[demand] = looks
        if found is not None and looks >= demand.looks and self._free:
            self.verdict = found

    def day(self, own: Own, now: float) -> None:
        """A day has ended: what is slow is looked for, and what has gone away."""
        for demand in DAILY:
            found = self._found(own, now, demand)
            if found is not None:
                again, self._yesterday = found.fault == self._yesterday, found.fault
                waits = found.fault in self._patient and not again and found.strength < SURE
                if not waits and (self._free or self._overtakes(found)):
                    self.verdict = self._again(found)
                return
        self._yesterday = ""
        early = self._early(own)
        if self.verdict is None or self.verdict.early:
            self.verdict = early
        elif self._over(own, now):
            self.verdict = None

    def unlearnable(self, own: Own) -> tuple[str, ...]:
        """Faults that may stay unseen where they were there before the learning began: of medium
        size they do not surely move what is learnt by more than healthy machines differ. Empty
        while that is little.
        """
        means = own.means
        told = {one.fault for one in self._signatures if _moves(one, means) >= SURELY_EARLY}
        every = {one.fault for one in self._signatures} if means else set()
        return tuple(sorted(every - told))

    def _early(self, own: Own) -> Verdict | None:
        """What is wrong against machines at large, while own history is young or was ill."""
        means = own.means
        told = diagnose(self._signatures, against_fleet(means))
        if told is None or told.best.explained < EARLY or not _large(told):
            return None
        fault, size = told.best.signature.fault, round(abs(told.best.size), 2)
        usual = {name: mean for name, (mean, _) in USUAL.items()}
        seen = _short(against_fleet(means))
        return Verdict(fault, size, told.suspects, seen, usual, early=True)

    def _again(self, found: Verdict) -> Verdict:
        old = self.verdict
        if old is None or old.fault != found.fault or old.early:
            return replace(found, days=1)
        return replace(found, days=old.days + 1)

    @property
    def _free(self) -> bool:
        return self.verdict is None or self.verdict.early

    def forget(self) -> None:
        """The machine was mended."""
        self.verdict, self._yesterday = None, ""
        self._looks.clear()

    def _found(self, own: Own, now: float, demand: Demand) -> Verdict | None:
        seen = own.seen(demand.horizon, now)
        if demand.by and not _airside(own, seen, demand):
            return None
        least = demand.strength * self._least_proof
        if sum((one.off / one.error) ** 2 for one in seen.values()) < least:
            return None
        told = diagnose(self._signatures, seen)
        if told is None:
            return None
        share = told.best.left / told.strength
        if told.misfit > MISFIT and share > MISFIT_SHARE and told.strength >= STRONG:
            if demand is HOURLY or demand.by:  # what begins looks like nothing yet
                return None
            return Verdict(UNKNOWN, 1.0, (Suspect(UNKNOWN, 1.0),), _short(seen), own.expected())
        if demand is HOURLY and not told.best.signature.swift:
            return None
        if demand.by and not told.best.signature.airside:
            return None
        proof = told.best.signature.proof * demand.strength
        if told.best.explained < proof or not _large(told):
            return None
        fault, size = told.best.signature.fault, round(abs(told.best.size), 2)
        strength, expected = round(told.best.explained, 1), own.expected()
        return Verdict(fault, size, told.suspects, _short(seen), expected, strength=strength)

    def _overtakes(self, found: Verdict) -> bool:
        old = self.verdict
        if old is None or old.fault == found.fault:
            return True
        return bool(found.suspects) and found.suspects[0].weight >= AHEAD

    def _over(self, own: Own, now: float) -> bool:
        """Whether what was seen over two days is less than half of what it takes."""
        seen = own.seen(DAYS, now)
        if not seen:
            return False
        strength = sum((one.off / one.error) ** 2 for one in seen.values())
        return strength < ENDS_AT * DAILY[1].strength


def _moves(signature: Signature, means: Mapping[str, float]) -> float:
    """Chi square of a medium fault against machines at large, of the signals that are known."""
    known = [name for name in signature.typical if name in means and name in USUAL]
    return sum((signature.typical[name] / USUAL[name][1]) ** 2 for name in known)


def _airside(own: Own, seen: Mapping[str, Seen], demand: Demand) -> bool:
    """Whether the coil alone is evidence enough, and lately it was seen whether the valve starves
    it.
    """
    coil = seen.get(demand.by)
    if coil is None or coil.off < max(demand.least_k, demand.by_itself * coil.error):
        return False
    return not own.loop.tracks or "superheat" in seen


def _short(seen: Mapping[str, Seen]) -> dict[str, Seen]:
    """As many digits as are worth keeping."""
    return {name: Seen(round(one.off, 2), round(one.error, 3)) for name, one in seen.items()}


def _large(told: Diagnosis) -> bool:
    return abs(told.best.size) >= told.best.signature.least
