"""Which driver fits a unit: one word is asked after the other, the most telling first.

Pure. Each installed map is a supposition, and so is a machine of no known map, which may answer
everything, next to nothing, or half of what it is asked. What was seen weighs them (Bayes), and the
word whose answer would tell most is asked next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, log

from agent.drivers import Driver
from agent.scan.expect import GENEROUS_PRIOR, Expectation, Place

UNKNOWN_ANSWERS = (0.97, 0.5, 0.08)
UNKNOWN_PRIOR = 0.15
SURE, DOUBTFUL = 0.9, 0.05
CHECKS_NEEDED, MOST_WORDS = 3, 32
LOOKED_INTO = 8  # suppositions whose words are weighed for the next question
SETTINGS_HINT, UNIT_ID_HINT, NO_RTU_HINT = 0.4, 0.5, -1.5
SILENCE_SHARE = 0.5  # some machines say nothing where others refuse; it counts half
IDENTIFY_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Guess:
    """A driver, how sure it is from 0 to 1, and what speaks for it."""

    driver: str
    sure: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a unit is: the driver, or two or more that cannot be told apart, or an unknown make."""

    guesses: tuple[Guess, ...]
    words: int

    @property
    def driver(self) -> str | None:
        """The driver when one is sure enough to be written into a configuration."""
        return self.guesses[0].driver if self.guesses and self.guesses[0].sure >= SURE else None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a unit before a word is asked."""

    unit_id: int
    baudrate: int | None = None
    parity: str | None = None


class Recogniser:
    """Ask `next_place`, tell it with `take`, until that is None; then `verdict`."""

    def __init__(self, expectations: Iterable[Expectation], about: Surroundings) -> None:
        self._maps = tuple(expectations)
        self._names = tuple(dict.fromkeys(one.name for one in self._maps))
        self._weights = [_prior(one, about) for one in self._maps]
        self._unknown = [log(UNKNOWN_PRIOR / len(UNKNOWN_ANSWERS)) for _ in UNKNOWN_ANSWERS]
        self._seen: dict[Place, int | None] = {}
        self._why: list[list[str]] = [[] for _ in self._maps]
        self._checks = [0] * len(self._maps)
        self._asked = 0

    def take(self, place: Place, word: int | None, silent: bool = False) -> None:
        """A word, or None when it was refused or, if `silent`, not answered at all."""
        self._asked += 1
        self._seen[place] = word
        share = SILENCE_SHARE if silent else 1.0
        for i, one in enumerate(self._maps):
            sight = one.refused(place) if word is None else one.shown(place, word)
            self._weights[i] += share * sight.weight
            if sight.text and sight.weight > -1:
                self._why[i].append(sight.text)
                self._checks[i] += word is not None and one.shape(place) is not None
        for i, answers in enumerate(UNKNOWN_ANSWERS):
            self._unknown[i] += share * log(answers if word is not None else 1 - answers)

    def next_place(self) -> Place | None:
        """The word to ask next; None when enough is known or nothing more can be learnt."""
        shares, unknown = self._shares()
        if not shares or self._asked >= MOST_WORDS:
            return None
        order = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)
        best = order[0]
        share = sum(shares[i] for i in order if self._maps[i].name == self._maps[best].name)
        done = share >= 0.995 or sum(unknown) >= 0.995
        if done and (self._checks[best] >= self._needed(best) or sum(unknown) >= 0.995):
            return None
        alive = [i for i in order if shares[i] > 3e-3] or [best]
        leading = alive[:LOOKED_INTO]
        places = {place for i in leading for place in self._maps[i].places} - self._seen.keys()
        if not places:
            return None
        return max(sorted(places), key=lambda p: self._worth(p, alive, shares, unknown, best))

    def verdict(self) -> Verdict:
        """What the unit is, as far as the words asked so far can tell."""
        shares, _ = self._shares()
        found: list[Guess] = []
        for name in self._names:
            own = [i for i, one in enumerate(self._maps) if one.name == name]
            best = max(own, key=shares.__getitem__)
            share = sum(shares[i] for i in own)
            if share >= DOUBTFUL and self._checks[best] > 0:
                found.append(Guess(name, self._sureness(best, share), tuple(self._why[best][-6:])))
        found.sort(key=lambda guess: -guess.sure)
        return Verdict(tuple(found), self._asked)

    def _sureness(self, i: int, share: float) -> float:
        """Never more than 0.99; less while fewer than three independent words speak for it."""
        missing = max(0, self._needed(i) - self._checks[i])
        return round(min(0.99, share) * (1 - 0.2 * missing), 3)

    def _needed(self, i: int) -> int:
        """Three words that speak for a map, or all it has."""
        return min(CHECKS_NEEDED, self._maps[i].telling)

    def _shares(self) -> tuple[list[float], list[float]]:
        words = {f"{table}:{at}": w for (table, at), w in self._seen.items() if w is not None}
        weights = [
            w + _own_word(one, words) for w, one in zip(self._weights, self._maps, strict=True)
        ]
        top = max([*weights, *self._unknown])
        known = [exp(weight - top) for weight in weights]
        unknown = [exp(weight - top) for weight in self._unknown]
        total = sum(known) + sum(unknown)
        return [one / total for one in known], [one / total for one in unknown]

    def _worth(
        self,
        place: Place,
        alive: list[int],
        shares: list[float],
        unknown: list[float],
        best: int,
    ) -> float:
        """How much the answer would tell: whether one comes, and then what it shows."""
        pairs = [(shares[i], self._maps[i].answers(place)) for i in alive]
        pairs += list(zip(unknown, UNKNOWN_ANSWERS, strict=True))
        total = sum(share for share, _ in pairs)
        mean = sum(share * chance for share, chance in pairs) / total
        worth = (
            _doubt(round(mean, 3)) - sum(share * _doubt(chance) for share, chance in pairs) / total
        )
        by_shape: dict[object, float] = {}
        for i in alive:
            shape = self._maps[i].shape(place)
            by_shape[shape] = by_shape.get(shape, 0.0) + shares[i]
        worth += sum(w * (1 - w) for shape, w in by_shape.items() if shape is not None) * mean
        return worth + 0.01 * (self._maps[best].shape(place) is not None)


def expectations(drivers: Iterable[Driver]) -> tuple[Expectation, ...]:
    """Every driver as it should be, and as a machine that answers zeros in the map's holes."""
    return tuple(Expectation(one, generous) for one in drivers for generous in (False, True))


@cache
def _doubt(chance: float) -> float:
    return -chance * log(chance) - (1 - chance) * log(1 - chance)


def _prior(one: Expectation, about: Surroundings) -> float:
    """Small hints: the map's own settings and unit id."""
    line = one.map.line
    weight = log(GENEROUS_PRIOR if one.generous else 1 - GENEROUS_PRIOR)
    if about.baudrate is not None:
        weight += SETTINGS_HINT * (line.baudrate == about.baudrate)
        weight += SETTINGS_HINT * (line.parity == about.parity)
        weight += NO_RTU_HINT * (line.baudrate is None and line.tcp_port is not None)
    return weight + UNIT_ID_HINT * (line.unit_id == about.unit_id)


def _own_word(one: Expectation, words: Mapping[str, int]) -> float:
    """What the driver's own `identify` says; 0 is no opinion, and so is a hook that fails."""
    try:
        sure = float(one.driver.hooks.identify(words))
    except Exception:  # noqa: BLE001 - a vendor's mistake must not hide the machines of others
        return 0.0
    return IDENTIFY_WEIGHT * (2 * sure - 1) if sure else 0.0
