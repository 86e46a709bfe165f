"""A machine's own history at work: which stretches are comparable, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt

from agent.faults.diagnosis import Seen
from agent.faults.history import (
    Bound,
    History,
    Terms,
    Track,
    of_air,
    of_bare,
    of_cold,
    unchanging,
)
from agent.faults.sample import Sample
from agent.faults.signals import AIR, LOOP, PLACE, SIGNALS, STEADY, Sources, measured, rested
from agent.faults.window import Window

DRY_BELOW_C, DRY_ABOVE_C = -12.0, 8.0
WARM_COIL_C = 1.5  # just above 0 degC ice melts for hours
FRESH_IN_THE_COLD_S = 3600.0  # cold air carries little water
SETTLED_S = 840.0  # after a start at high frequency the coil is up to 4 K too cold for so long
FRESH_S = 1200.0  # for so long a bare coil is in any air; later, fog has made frost in cold air too
STARTED_SD, LATE_SD = 1.0, 2.0  # so far from what was seen lately such a stretch counts at most
GROWN_SD = 1.5  # and so far above what the coil showed at once
COIL = "approach"
DAY_S = 86400.0
LEAST_STRETCHES = 5
PROVE = 5  # stretches that tell which signals a machine gives at all
HEATING = Terms(least=40)
# Coils bare of frost come hours apart; ice and dirt make the compressor faster than it ever was.
# So does the way back from a setback or an open window, with two or three stretches that err alike.
CLEAN = Terms(least=20, inputs=6, alike=1.0, beyond=3.0, scant=0.12)
LOOPING = Terms(least=40, inputs=1)  # the valve holds it: the same at every frequency
RESTING = Terms(least=20, inputs=1)


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far back a deviation is averaged: over `days` daily medians, or the newest stretches.

    `noise` is the share of one stretch's spread that is left then, `fine` that of what the model
    and the sensors cannot know better. What is older than `lately_s` says nothing. More than
    `bound` times what the newest two stretches both show does not count. With `newest` so many
    alone tell of the air side, and no more than `bound` times what all of them show.
    """

    days: int
    noise: float
    fine: float
    lately_s: float
    bound: float = inf
    newest: int = 0

    def seen(self, signal: str, track: Track, now: float, doubt: float) -> Seen | None:
        """The deviation of a signal; None when too little of it is known, or for too long none.

        `doubt` is its history's: what all stretches err alike.
        """
        error = hypot(
            hypot(self.noise, sqrt(doubt)) * track.sd,
            self.fine * SIGNALS[PLACE[signal]].fine,
        )
        if now - (track.closed if self.days else track.at) > self.lately_s:
            return None  # what is not known lately is not known to be well
        if self.bound < inf and not track.newest:
            return None  # none since it was learnt
        if not self.days:
            alone = self.newest > 0 and signal == COIL
            off = track.together(self.newest, self.bound) if alone else self._averaged(track)
            return Seen(off, error) if off is not None and track.count >= LEAST_STRETCHES else None
        newest = track.days[-self.days :]
        return Seen(sum(newest) / len(newest), error) if len(newest) == self.days else None

    def _averaged(self, track: Track) -> float:
        most = self.bound * abs(track.pair) if self.bound < inf else inf
        return min(max(track.now, -most), most)


HOURS = Horizon(0, 0.4, 1.0, 1.5 * 3600.0)
LATELY = Horizon(0, 0.33, 0.5, 0.5 * DAY_S, bound=2.0)
ONE = Horizon(0, 1.0, 0.5, 0.5 * DAY_S, bound=1.0, newest=1)
PAIR = Horizon(0, 1.0, 0.5, 0.5 * DAY_S, bound=1.0, newest=2)
THREE = Horizon(0, 0.58, 0.5, 0.5 * DAY_S, bound=2.0, newest=3)
DAY = Horizon(1, 0.4, 0.8, 0.2 * DAY_S)
DAYS = Horizon(2, 0.3, 0.7, 1.2 * DAY_S)
WEEK = Horizon(5, 0.2, 0.6, 2.2 * DAY_S)
Saved = Mapping[str, Mapping[str, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class First:
    """What a coil showed at once after it was `bare`, in K above the expected."""

    bare: float
    off_k: float


class Own:
    """The steady stretches of heating and, apart from them, the coil just after a defrost.

    What is measured against the outdoor air is looked at by night alone.
    """

    __slots__ = (
        "_first",
        "_proof",
        "_source",
        "air",
        "clean",
        "loop",
        "rest_air",
        "rest_pressure",
        "rest_water",
        "signals",
        "steady",
    )

    def __init__(self, source: Sources, now: float) -> None:
        self._source = source
        self._proof: list[frozenset[str]] = []
        self._first: First | None = None
        self.signals: Mapping[str, float] = {}
        self.steady = History((), now, HEATING, of_cold)
        self.air = History((), now, HEATING, of_air)
        self.loop = History(LOOP, now, LOOPING, unchanging)
        self.clean = History((COIL,), now, CLEAN, of_bare)
        self.rest_water = History(("rest_water",), now, RESTING, unchanging)
        self.rest_air = History(("rest_air",), now, RESTING, unchanging)
        self.rest_pressure = History(("rest_pressure",), now, RESTING, unchanging)

    def window(self, window: Window, since_s: float, now: float, night: bool) -> bool:
        """Steady heating, `since_s` after a defrost; whether the air side could be judged."""
        self.signals = measured(window, self._source)
        if not self.steady.names:
            self._prove()
        self.steady.see(window, self.signals, now)
        self.loop.see(window, self.signals, now)
        return night and dry(window, since_s) and self.air.see(window, self.signals, now)

    def momentary(self, sample: Sample, now: float) -> dict[str, float]:
        """The signals of one sample, for what is too large to wait for a mean."""
        return measured(Window(now, now, (sample,)), self._source)

    def clean_coil(self, window: Window, bare: float, started: float, now: float) -> bool:
        """A coil that was `bare` of frost a few minutes before; whether it could be judged.

        `started` is when the compressor did. Until it has settled after a pause that thawed the
        coil, or when that has been bare for long, little is believed at once; and what has grown
        since it was bare is frost.
        """
        middle = 0.5 * (window.began + window.ended)
        found = measured(window, self._source) | {"bare": (middle - bare) / 3600.0}
        fresh = middle - bare <= FRESH_S
        step_sd = inf if fresh or dry(window, middle - bare) else LATE_SD
        if started == bare and middle - started < SETTLED_S:  # after a defrost it always is so
            step_sd = STARTED_SD
        bound = Bound(step_sd, inf if fresh else self._grown(bare))
        judged = self.clean.see(window, found, now, bound)
        if judged and fresh and step_sd == inf:
            self._first = First(bare, self.clean.tracks[COIL].newest[-1])
        return judged

    def _grown(self, bare: float) -> float:
        """The most that is believed of a coil long after it was bare, in K above the expected:
        little more than it showed at once. Freezing fog makes two kelvin of frost within 40
        minutes, dirt is there from the first one on.
        """
        if self._first is None or self._first.bare != bare:
            return inf
        return max(self._first.off_k, 0.0) + GROWN_SD * self.clean.tracks[COIL].sd

    def rest(self, window: Window, off_s: float, now: float, night: bool) -> None:
        """Ten minutes of standing still with the pump on."""
        found = rested(window, off_s, self._source)
        self.rest_water.see(window, found, now)
        if night:
            self.rest_air.see(window, found, now)
        self.rest_pressure.see(window, found, now)

    @property
    def parts(self) -> Mapping[str, History]:
        """The histories by name."""
        return {
            "steady": self.steady,
            "air": self.air,
            "loop": self.loop,
            "clean": self.clean,
            "rest_water": self.rest_water,
            "rest_air": self.rest_air,
            "rest_pressure": self.rest_pressure,
        }

    def seen(self, horizon: Horizon, now: float) -> dict[str, Seen]:
        """The deviations over this horizon, of the signals that were lately judged."""
        found: dict[str, Seen] = {}
        for name, part in self.parts.items():
            for signal, track in part.tracks.items():
                one = horizon.seen(signal, track, now, part.doubt)
                if one is not None:
                    found["clean" if name == "clean" else signal] = one
        return found

    @property
    def means(self) -> dict[str, float]:
        """What was learnt so far, in the mean."""
        return {
            "clean" if name == "clean" else signal: value
            for name, part in self.parts.items()
            for signal, value in part.means.items()
        }

    def expected(self) -> dict[str, float]:
        """What the newest stretch should have shown, signal by signal."""
        return {
            "clean" if name == "clean" else signal: round(track.expected, 2)
            for name, part in self.parts.items()
            for signal, track in part.tracks.items()
        }

    def day(self, now: float) -> None:
        """A day is over."""
        for part in self.parts.values():
            part.day(now)

    def repaired(self, now: float) -> None:
        """The machine is another one now: learn it anew."""
        for part in self.parts.values():
            part.relearn(now)

    def _prove(self) -> None:
        """Only what is always there is learnt: one missing signal must not stop all others."""
        self._proof.append(frozenset(self.signals))
        if len(self._proof) < PROVE:
            return
        often = {
            n for one in self._proof for n in one if 2 * sum(n in o for o in self._proof) > PROVE
        }
        self._proof = []
        self._named([name for name in (*STEADY, *AIR) if name in often])

    def _named(self, names: Sequence[str]) -> None:
        steady = [name for name in names if name in STEADY]
        self.steady = History(steady, self.steady.began, HEATING, of_cold)
        self.air = History([one for one in AIR if one in names], self.air.began, HEATING, of_air)

    def save(self) -> Saved:
        """The state, to be written as JSON."""
        return {name: part.save() for name, part in self.parts.items()}

    def restore(
        self, saved: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]
    ) -> None:
        """Go on with what `save` gave, for the signals it was learnt with."""
        self._named(names)
        for name, part in self.parts.items():
            part.restore(saved.get(name, {}))


def dry(window: Window, since_s: float) -> bool:
    """Whether no frost can be on the coil: only then the air side is comparable."""
    outdoor_c, coil_c = window.get("outdoor_temp"), window.get("coil_temp")
    if coil_c is not None:
        if coil_c > WARM_COIL_C:
            return True
    elif outdoor_c is None or outdoor_c > DRY_ABOVE_C:
        return True
    if outdoor_c is None:
        return False
    return outdoor_c < DRY_BELOW_C and since_s <= FRESH_IN_THE_COLD_S
