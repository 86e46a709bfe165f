"""Which fault explains what is seen: patterns of deviations against the signatures of faults.

Every fault moves several signals in proportions of its own. A signature is fitted to what is seen
with one unknown, the fault's size; the better it fits, the heavier the suspect weighs. What is
strong and fits none is an anomaly without a name, never a wrong name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, log

from agent.model import Suspect

LOOSE = 0.12  # of a signature's own size: no two machines are alike
STIFF = 0.35  # likelihoods are tempered by this: the spreads are guesses
BEST_OF = 3
LEAST_WEIGHT = 0.04
SMALLEST = 0.05
USUAL_SIZE = 0.6  # of the logarithm of a fault's size
PASSES = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """How a fault of medium size moves the signals: by how much, and how much machines differ.

    `typical` is in the units of the signals; what is not named does not move. `spread` widens the
    tolerance of single signals. `least` is the size, medium being one, from which it is told;
    `both` when it may go either way, as a sensor's offset does.
    Without the signals it `must` have it is no suspect; `odds` are how often it happens,
    and `proof` how much evidence it takes, as a share of the usual. Only a `swift` one is told
    before a day is over, and a `patient` one only when a second day says the same. An `airside` one
    is told by the coil alone, at times when no frost can be on it.
    """

    fault: str
    typical: Mapping[str, float]
    spread: Mapping[str, float] = field(default_factory=dict)
    least: float = 0.5
    both: bool = False
    must: tuple[str, ...] = ()
    odds: float = 1.0
    proof: float = 1.0
    swift: bool = False
    patient: bool = False
    airside: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One signal's deviation and its standard error, in the unit of the signal."""

    off: float
    error: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A signature fitted: the fault's size, what it explains of the whole in chi squares, and what
    is left; `likely` is its logarithm of likelihood.
    """

    signature: Signature
    size: float
    whole: float
    left: float
    likely: float

    @property
    def explained(self) -> float:
        """The drop of chi square that the fault brings: the strength of the evidence."""
        return self.whole - self.left


def fitted(signature: Signature, seen: Mapping[str, Seen]) -> Fit | None:
    """The size that explains most; None when nothing that it moves is measured."""
    typical, spread = signature.typical, signature.spread
    if any(one not in seen for one in signature.must) or not any(map(typical.get, seen)):
        return None
    size = 1.0
    for _ in range(PASSES):
        top = bottom = 0.0
        for name, one in seen.items():
            t = typical.get(name, 0.0)
            if t:
                loose = size * (spread.get(name, 0.0) + LOOSE * abs(t))
                weight = 1.0 / (one.error**2 + loose**2)
                top += weight * t * one.off
                bottom += weight * t * t
        size = top / bottom
        if not signature.both:
            size = max(size, SMALLEST)
    whole = left = likely = 0.0
    for name, one in seen.items():
        t = typical.get(name, 0.0)
        loose = size * (spread.get(name, 0.0) + LOOSE * abs(t))
        variance = one.error**2 + loose**2
        rest = (one.off - size * t) ** 2
        whole += (one.off / one.error) ** 2
        left += rest / variance
        likely -= 0.5 * (rest / variance + log(variance))
    return Fit(signature, size, whole, left, likely)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The suspects, the likeliest first, and how well the first of them fits.

    `size` is that of the first, medium being one. `misfit` is chi square a signal that it leaves;
    `strength` chi square that the signals have in all.
    """

    suspects: tuple[Suspect, ...]
    best: Fit
    misfit: float
    strength: float


def diagnose(signatures: Iterable[Signature], seen: Mapping[str, Seen]) -> Diagnosis | None:
    """The suspects for these deviations; None when no signature has a signal among them."""
    fits = [fit for one in signatures if (fit := fitted(one, seen)) is not None]
    if not fits:
        return None
    best = max(fits, key=_rank)
    top = _rank(best)
    weights: dict[str, float] = {}
    for fit in fits:
        weight = exp(max(_rank(fit) - top, -50.0))
        weights[fit.signature.fault] = max(weights.get(fit.signature.fault, 0.0), weight)
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda one: -one[1])[:BEST_OF]
    suspects = tuple(
        Suspect(fault, round(weight / total, 2))
        for fault, weight in ranked
        if weight / total >= LEAST_WEIGHT
    )
    return Diagnosis(suspects, best, best.left / len(seen), best.whole)


def _rank(fit: Fit) -> float:
    """Logarithm of what speaks for a fit; a fault of medium size is likelier than a tiny one."""
    odd = log(max(abs(fit.size), SMALLEST)) / USUAL_SIZE
    return STIFF * fit.likely - 0.5 * odd**2 + log(fit.signature.odds)


def signature(
    fault: str,
    table: str,
    least: float = 0.5,
    both: bool = False,
    must: tuple[str, ...] = (),
    odds: float = 1.0,
    proof: float = 1.0,
    swift: bool = False,
    patient: bool = False,
    airside: bool = False,
) -> Signature:
    """A signature from lines such as `approach 1.05 0.2`: signal, how far it moves, the spread."""
    rows = [line.split() for line in table.strip().splitlines()]
    return Signature(
        fault,
        {row[0]: float(row[1]) for row in rows},
        {row[0]: float(row[2]) for row in rows if len(row) > 2},
        least,
        both,
        must,
        odds,
        proof,
        swift,
        patient,
        airside,
    )
