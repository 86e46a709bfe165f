"""A machine's own history at work: which stretches are comparable, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.faults.history import History, Terms
from agent.faults.signals import NAMES, Sources, measured
from agent.faults.window import Window

DRY_BELOW_C, DRY_ABOVE_C = -8.0, 7.0  # outside, no frost worth the name grows on a coil
WARM_COIL_C = 0.5
FRESH_S = 1860.0  # so long after a defrost a coil counts as free of frost
PROVE = 5  # stretches that tell which signals a machine gives at all
STEADY = Terms(least=150)
CLEAN = Terms(least=60)


Saved = Mapping[str, Mapping[str, tuple[float, ...]]]


class Own:
    """The steady stretches of heating and, apart from them, the coil just after a defrost."""

    __slots__ = ("_proof", "_source", "clean", "signals", "steady")

    def __init__(self, source: Sources, now: float) -> None:
        self._source = source
        self._proof: list[frozenset[str]] = []
        self.signals: Mapping[str, float] = {}
        self.steady = History((), now, STEADY)
        self.clean = History(("approach",), now, CLEAN)

    def window(self, window: Window, since_defrost_s: float, now: float) -> bool:
        """Ten minutes of steady heating; whether they could be judged."""
        self.signals = measured(window, self._source)
        if not fresh(window, since_defrost_s):
            return False
        if not self.steady.names:
            self._prove(now)
        return self.steady.see(window, self.signals, now)

    def clean_coil(self, window: Window, now: float) -> bool:
        """The coil after a defrost; whether it could be judged."""
        return self.clean.see(window, measured(window, self._source), now)

    def day(self) -> None:
        """A day is over."""
        self.steady.day()
        self.clean.day()

    def repaired(self, now: float) -> None:
        """The machine is another one now: learn it anew."""
        self.steady.relearn(now)
        self.clean.relearn(now)

    def _prove(self, now: float) -> None:
        """Only what is always there is learnt: one missing signal must not stop all others."""
        self._proof.append(frozenset(self.signals))
        if len(self._proof) < PROVE:
            return
        often = [name for name in NAMES if 2 * sum(name in one for one in self._proof) > PROVE]
        self._proof = []
        self.steady = History(often, now, STEADY)

    def save(self) -> Saved:
        """The state, to be written as JSON."""
        return {"steady": self.steady.save(), "clean": self.clean.save()}

    def restore(
        self, saved: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]
    ) -> None:
        """Go on with what `save` gave, for the signals it was learnt with."""
        self.steady = History(names, 0.0, STEADY)
        self.steady.restore(saved.get("steady", {}))
        self.clean.restore(saved.get("clean", {}))


def fresh(window: Window, since_defrost_s: float) -> bool:
    """Whether frost cannot have grown much: only such stretches are comparable."""
    outdoor_c, coil_c = window.get("outdoor_temp"), window.get("coil_temp")
    if outdoor_c is None or not DRY_BELOW_C <= outdoor_c <= DRY_ABOVE_C:
        return True
    if coil_c is not None and coil_c > WARM_COIL_C:
        return True
    return since_defrost_s <= FRESH_S
