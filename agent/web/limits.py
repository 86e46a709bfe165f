"""How often somebody may ask, and how often a code may be tried. Pure: the caller says the time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

FREE_TRIES = 5
LONGEST_SOURCE_S = 3600.0
LONGEST_ALL_S = 60.0  # one who guesses in the house must not keep the household out for ever
FORGOTTEN_S = 24 * 3600.0
MOST_SOURCES = 256

T = TypeVar("T")


class Newest(Generic[T]):
    """Something of each source; of too many the one not seen for longest is forgotten."""

    def __init__(self, most: int = MOST_SOURCES) -> None:
        self._most = most
        self._of: OrderedDict[str, T] = OrderedDict()

    def get(self, source: str) -> T | None:
        return self._of.get(source)

    def put(self, source: str, value: T) -> None:
        self._of[source] = value
        self._of.move_to_end(source)
        if len(self._of) > self._most:
            self._of.popitem(last=False)

    def drop(self, source: str) -> None:
        self._of.pop(source, None)


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float

    def wait_s(self, mono: float, longest_s: float) -> float:
        if self.count < FREE_TRIES or mono - self.last > FORGOTTEN_S:
            return 0.0
        delay_s = min(longest_s, 2.0 ** min(self.count - FREE_TRIES, 20))
        return max(0.0, self.last + delay_s - mono)

    def more(self, mono: float) -> _Failures:
        count = 0 if mono - self.last > FORGOTTEN_S else self.count
        return _Failures(count + 1, mono)


class Tries:
    """Five wrong codes are free; each further one costs twice the time of the one before.

    Counted for each source and for all together.
    """

    def __init__(self) -> None:
        self._sources: Newest[_Failures] = Newest()
        self._all = _Failures(0, 0.0)

    def wait_s(self, source: str, mono: float) -> float:
        """Seconds until this source may try again; 0 when it may now."""
        own = self._sources.get(source) or _Failures(0, mono)
        return max(own.wait_s(mono, LONGEST_SOURCE_S), self._all.wait_s(mono, LONGEST_ALL_S))

    def failed(self, source: str, mono: float) -> None:
        """A code was wrong. Counted before it is looked at: guesses at once gain nothing."""
        self._sources.put(source, (self._sources.get(source) or _Failures(0, mono)).more(mono))
        self._all = self._all.more(mono)

    def well(self, source: str) -> None:
        """The code was right: what was counted is forgotten."""
        self._sources.drop(source)
        self._all = _Failures(0, 0.0)


@dataclass(frozen=True, slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """So many requests at once and so many a second, for each source and for all together."""

    def __init__(self, burst: float = 60.0, a_second: float = 5.0, together: float = 4.0) -> None:
        self._burst, self._a_second, self._together = burst, a_second, together
        self._sources: Newest[_Bucket] = Newest()
        self._all = _Bucket(burst * together, 0.0)

    def wait_s(self, source: str, mono: float) -> float:
        """0 when the request may be served, which is counted; else the seconds until one may."""
        own = self._filled(self._sources.get(source), mono, 1.0)
        everybody = self._filled(self._all, mono, self._together)
        if own.left < 1.0 or everybody.left < 1.0:
            short = max((1.0 - own.left), (1.0 - everybody.left) / self._together)
            return short / self._a_second
        self._sources.put(source, _Bucket(own.left - 1.0, mono))
        self._all = _Bucket(everybody.left - 1.0, mono)
        return 0.0

    def _filled(self, bucket: _Bucket | None, mono: float, times: float) -> _Bucket:
        if bucket is None:
            return _Bucket(self._burst * times, mono)
        gained = (mono - bucket.at) * self._a_second * times
        return _Bucket(min(self._burst * times, bucket.left + gained), mono)
