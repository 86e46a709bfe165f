"""What is usual for one machine: its own linear models, learnt once and then frozen.

A model that follows the machine learns its faults as well. It is learnt over 14 days and then
stands; what it has not seen it does not judge, or only by so much as no extrapolation explains, but
adds while all it knows looks healthy. Only an acknowledged repair makes it learn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt
from statistics import median

from agent.faults.linear import Solved, Sums
from agent.faults.signals import PLACE, SIGNALS
from agent.faults.window import Window

FAST = 0.2
MARGINS = (2.0, 0.7, 1.0)  # beyond the learnt range of the inputs: Hz, K, K
REACH, LEAST_REACH, FARTHEST = 4.0, 0.02, 0.5  # leverage: times the usual, and its bounds
REACH_SHARE = 0.05
SCANT_SD = 2.0
DAYS_KEPT = 5
FEW = 3  # newest stretches that are kept one by one
LEAST_A_DAY = 3
ALLOWED_SD = 0.5  # of a daily median: the drift a CUSUM lets pass
LARGEST_SUM = 20.0
LEAST_KNOWN = 15
HEAD = 7

Inputs = tuple[float, float, float]
Found = tuple[tuple[float, ...], Inputs] | None
Features = Callable[[Window, Mapping[str, float]], Found]


@dataclass(frozen=True, slots=True)
class Terms:
    """When a history is learnt: after so long, with so many stretches seen.

    So many stretches are `alike`, worth one: neighbours in time show the same. A signal that is too
    high where little was learnt counts by what it is `beyond` so many spreads of a prediction. From
    the leverage `scant` on, a stretch counts as no farther than SCANT_SD from what was seen lately.
    """

    learn_s: float = 14 * 86400.0
    least: int = 30
    inputs: int = 7
    alike: float = 4.0
    beyond: float = inf
    scant: float = inf


@dataclass(frozen=True, slots=True)
class Bound:
    """How much of a stretch is believed: no more than `step_sd` spreads from what was seen lately,
    and no more than `most` above what is expected, in the signal's unit.
    """

    step_sd: float = inf
    most: float = inf


WHOLLY = Bound()


@dataclass(slots=True)
class Track:
    """How far a signal is from its own history, in its unit: measured minus expected.

    `sd` is the spread of one stretch, `newest` are the last few, `now` is averaged over about five,
    `count` says over how many at most. `days` are the newest daily medians, the newest last; `up`
    and `down` add up what the daily medians drift, in spreads of one.
    """

    sd: float
    now: float = 0.0
    count: int = 0
    expected: float = 0.0
    at: float = -inf
    closed: float = -inf
    up: float = 0.0
    down: float = 0.0
    days: tuple[float, ...] = ()
    newest: tuple[float, ...] = ()

    @property
    def pair(self) -> float:
        """What the newest two both show; 0 when they are to different sides."""
        return _least(self.newest[-2:])

    def together(self, count: int, bound: float) -> float | None:
        """The mean of so many of the newest, to FEW, at most `bound` times what all of them show;
        None of fewer.
        """
        newest = self.newest[-count:]
        if len(newest) < count:
            return None
        mean, most = sum(newest) / count, bound * abs(_least(newest))
        return min(max(mean, -most), most)

    @property
    def z(self) -> float:
        """The averaged deviation, in its own spread."""
        return self.now / (self.sd / 3.0)


class History:
    """Linear models of some signals: see `of_air` and `of_cold` for their inputs.

    `reach` is the leverage of what was judged lately: its root is the share of one stretch's spread
    by which all of it may be wrong alike, because so little was learnt there.
    """

    __slots__ = (
        "_box",
        "_features",
        "_names",
        "_solved",
        "_sums",
        "_terms",
        "_today",
        "began",
        "frozen",
        "reach",
        "stretches",
        "tracks",
    )

    def __init__(self, names: Iterable[str], now: float, terms: Terms, inputs: Features) -> None:
        self._names = tuple(names)
        self._terms = terms
        self._features = inputs
        self._today: dict[str, list[float]] = {}
        self.tracks: dict[str, Track] = {}
        self.relearn(now)

    def relearn(self, now: float) -> None:
        """Forget what was usual: the machine is another one since a repair."""
        self.began, self.frozen, self.stretches, self.reach = now, False, 0, 0.0
        self._sums = Sums(self._terms.inputs, len(self._names))
        self._box = [[inf, -inf] for _ in MARGINS]
        self._solved: Solved | None = None
        self._today.clear()
        self.tracks.clear()

    @property
    def doubt(self) -> float:
        """The share of one stretch's variance by which all that is judged lately errs alike."""
        return self._terms.alike * self.reach

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def see(
        self,
        window: Window,
        signals: Mapping[str, float],
        now: float,
        bound: Bound = WHOLLY,
    ) -> bool:
        """A stretch came to an end; whether it could be judged by what is known."""
        found = self._features(window, signals)
        if found is None:
            return False
        x, raw = found
        if self._solved is not None:
            leverage = self._solved.leverage(x)
            if leverage >= self._terms.scant:
                bound = replace(bound, step_sd=min(bound.step_sd, SCANT_SD))
            if self._learnt(raw, leverage):
                self.reach += REACH_SHARE * (leverage - self.reach)
                self._judge(x, signals, now, bound)
                return True
            if above := self._above(x, raw, leverage, signals):
                self._judge(x, above, now, bound)
                return True
        if (not self.frozen or self.healthy) and self._names and signals.keys() >= set(self._names):
            self._learn(x, raw, [signals[n] - SIGNALS[PLACE[n]].typical for n in self._names])
            due = now - self.began >= self._terms.learn_s and self._sums.count >= self._terms.least
            if due and not self.frozen:
                self.freeze()
                self.reach = self._sums.n / self._sums.count  # the mean of what was learnt
        return False

    @property
    def healthy(self) -> bool:
        """Whether all that is known looks as it always did."""
        return all(abs(one.z) < 4.0 and max(one.up, one.down) < 3.0 for one in self.tracks.values())

    @property
    def means(self) -> Mapping[str, float]:
        """What was learnt, in the mean; empty while that is little."""
        sums = self._sums
        if sums.count < LEAST_KNOWN:
            return {}
        return {
            name: SIGNALS[PLACE[name]].typical + sums.xy[i * sums.n] / sums.count
            for i, name in enumerate(self._names)
        }

    def freeze(self) -> None:
        """Take what was learnt so far as what is usual."""
        solved = self._sums.solve()
        if solved is None:
            return
        self._solved = solved
        self.frozen = True
        for name, sd in zip(self._names, solved.spread, strict=True):
            found = max(sd, SIGNALS[PLACE[name]].fine)
            if name in self.tracks:
                self.tracks[name].sd = found
            else:
                self.tracks[name] = Track(found)

    def day(self, now: float) -> None:
        """A day is over: its medians go to the drift sums, and what was added is taken up."""
        if self.frozen and self.stretches:
            self.freeze()
        for name, track in self.tracks.items():
            today = self._today.get(name, [])
            if len(today) < LEAST_A_DAY:
                continue  # what there is counts for the next day
            self._today[name] = []
            middle = median(today)
            track.days, track.closed = (*track.days, middle)[-DAYS_KEPT:], now
            z = middle / max(track.sd * 0.5, SIGNALS[PLACE[name]].fine)
            track.up = min(max(0.0, track.up + z - ALLOWED_SD), LARGEST_SUM)
            track.down = min(max(0.0, track.down - z - ALLOWED_SD), LARGEST_SUM)
        self.stretches = 0

    def _learn(self, x: Sequence[float], raw: Inputs, y: Sequence[float]) -> None:
        self._sums.add(x, y)
        self.stretches += 1
        for bounds, value in zip(self._box, raw, strict=True):
            bounds[0], bounds[1] = min(bounds[0], value), max(bounds[1], value)

    def _learnt(self, raw: Inputs, leverage: float) -> bool:
        """Whether such inputs were learnt, one by one and together."""
        if any(
            not low - margin <= value <= high + margin
            for value, (low, high), margin in zip(raw, self._box, MARGINS, strict=True)
        ):
            return False
        usual = self._sums.n / self._sums.count
        return leverage <= min(FARTHEST, max(REACH * usual, LEAST_REACH))

    def _above(
        self, x: Sequence[float], raw: Inputs, leverage: float, signals: Mapping[str, float]
    ) -> dict[str, float]:
        """The signals too high for any extrapolation, each lower by what that may err. A fault
        makes the compressor faster: of what is slower than learnt nothing is said.
        """
        if leverage > FARTHEST or raw[0] < self._box[0][0] - MARGINS[0]:
            return {}
        found = {}
        for place, name in enumerate(self._names):
            unsure = self._terms.beyond * sqrt(1.0 + leverage) * self.tracks[name].sd
            if name in signals and signals[name] - unsure > self._expected(place, x):
                found[name] = signals[name] - unsure
        return found

    def _expected(self, place: int, x: Sequence[float]) -> float:
        assert self._solved is not None
        typical = SIGNALS[PLACE[self._names[place]]].typical
        return typical + sum(w * v for w, v in zip(self._solved.weights[place], x, strict=True))

    def _judge(
        self, x: Sequence[float], signals: Mapping[str, float], now: float, bound: Bound
    ) -> None:
        for place, name in enumerate(self._names):
            value = signals.get(name)
            if value is None:
                continue
            track, expected = self.tracks[name], self._expected(place, x)
            step = bound.step_sd * track.sd
            off = min(max(value - expected, track.now - step), track.now + step, bound.most)
            track.count += 1
            share = max(FAST, 1.0 / track.count)
            track.now += share * (off - track.now)
            track.expected, track.at = expected, now
            track.newest = (*track.newest, off)[-FEW:]
            self._today.setdefault(name, []).append(off)

    # --- over restarts --------------------------------------------------------------------------

    def save(self) -> Mapping[str, tuple[float, ...]]:
        """The state as short lists of numbers."""
        sums = self._sums
        saved: dict[str, tuple[float, ...]] = {
            "": (
                self.began,
                float(self.frozen),
                float(sums.count),
                float(self.stretches),
                round(self.reach, 4),
            ),
            "x": tuple(map(_sharp, sums.xx)),
            "y": tuple(map(_sharp, (*sums.xy, *sums.yy))),
            "box": tuple(
                whole(round(v, 1)) for bounds in self._box for v in bounds if abs(v) < inf
            ),
        }
        for name, track in self.tracks.items():
            head = (track.sd, track.now, float(track.count), max(track.at, 0.0))
            drift = (max(track.closed, 0.0), track.up, track.down)
            numbers = (*head, *drift, *track.days)
            saved[name] = tuple(whole(round(v, 3)) for v in numbers)
        if any(one.newest for one in self.tracks.values()):
            last = (one.newest[-1] if one.newest else 0.0 for one in self.tracks.values())
            saved["last"] = tuple(whole(round(v, 2)) for v in last)
        return saved

    def restore(self, saved: Mapping[str, Sequence[float]]) -> None:
        """Go on with what `save` gave; anything of another shape is begun anew."""
        sums, size = self._sums, len(self._names)
        n = sums.n
        head, xx, y = (saved.get(key, ()) for key in ("", "x", "y"))
        if not 4 <= len(head) <= 5 or len(xx) != len(sums.xx) or len(y) != (n + 1) * size:
            return
        self.began, self.stretches = head[0], int(head[3])
        self.reach = head[4] if len(head) > 4 else 0.0
        sums.count, sums.xx = int(head[2]), list(xx)
        sums.xy, sums.yy = list(y[: n * size]), list(y[n * size :])
        box = saved.get("box", ())
        if len(box) == 2 * len(self._box):
            self._box = [[box[2 * i], box[2 * i + 1]] for i in range(len(self._box))]
        if head[1]:
            self.freeze()
        for name, numbers in saved.items():
            if name in self.tracks and len(numbers) >= HEAD:
                sd, off, count, at, closed, up, down, *days = numbers
                self.tracks[name] = Track(
                    sd, off, int(count), 0.0, at, closed, up, down, tuple(days)
                )
        for track, last in zip(self.tracks.values(), saved.get("last", ()), strict=False):
            track.newest = (last,) if last else ()  # a track that had none is saved as zero


def _least(values: Sequence[float]) -> float:
    """The smallest of deviations to one side; 0 when they are to different ones, or none."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    return low if low > 0.0 else min(high, 0.0)


def unchanging(window: Window, signals: Mapping[str, float]) -> Found:
    """No inputs: what is usual is one number."""
    return (1.0,), (0.0, 0.0, 0.0)


def of_air(window: Window, signals: Mapping[str, float]) -> Found:
    """Frequency, outdoor air, their product, and water: for what the air does to the coil."""
    return _scaled(window, window.get("outdoor_temp"))


def of_cold(window: Window, signals: Mapping[str, float]) -> Found:
    """As `of_air` with the evaporating temperature instead of the air's: frost on the coil, and
    air that is damp or still, change that temperature and nothing else inside.
    """
    return _scaled(window, signals.get("cold"))


def of_bare(window: Window, signals: Mapping[str, float]) -> Found:
    """Frequency and its square, outdoor air, water, hours since the coil was bare of frost."""
    hz, outdoor_c = window.get("compressor_frequency"), window.get("outdoor_temp")
    supply_c, bare_h = window.get("water_supply_temp"), signals.get("bare")
    if hz is None or outdoor_c is None or supply_c is None or bare_h is None:
        return None
    f = hz / 50.0 - 1.0
    x = (1.0, f, f * f, outdoor_c / 10.0, supply_c / 10.0 - 3.5, bare_h)
    return x, (hz, outdoor_c, supply_c)


def _scaled(window: Window, cold_c: float | None) -> Found:
    """The inputs scaled to about one, and as they are; None when one is missing."""
    hz, supply_c = window.get("compressor_frequency"), window.get("water_supply_temp")
    if hz is None or cold_c is None or supply_c is None:
        return None
    f, t, w = hz / 50.0 - 1.0, cold_c / 10.0, supply_c / 10.0 - 3.5
    return (1.0, f, t, f * t, w, f * f, f * w), (hz, cold_c, supply_c)


def _sharp(value: float) -> float:
    """Eight digits: differences of sums need them, and each one more is a fortieth of the state."""
    return float(f"{value:.8g}")


def whole(value: float) -> float:
    """The same number, written without ".0": two bytes in each of hundreds that are kept."""
    return int(value) if float(value).is_integer() else value
