"""A machine's own history at work: which stretches are comparable, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.faults.history import History, Terms, unchanging
from agent.faults.signals import STEADY, Sources, measured, rested
from agent.faults.window import Window

DRY_BELOW_C, DRY_ABOVE_C = -8.0, 7.0  # outside, no frost worth the name grows on a coil
WARM_COIL_C = 0.5
FRESH_S = 1860.0  # so long after a defrost a coil counts as free of frost
PROVE = 5  # stretches that tell which signals a machine gives at all
HEATING = Terms(least=30)
CLEAN = Terms(least=20)
RESTING = Terms(least=20, inputs=1)


Saved = Mapping[str, Mapping[str, tuple[float, ...]]]


class Own:
    """The steady stretches of heating and, apart from them, the coil just after a defrost."""

    __slots__ = ("_proof", "_source", "air", "clean", "signals", "steady", "water")

    def __init__(self, source: Sources, now: float) -> None:
        self._source = source
        self._proof: list[frozenset[str]] = []
        self.signals: Mapping[str, float] = {}
        self.steady = History((), now, HEATING)
        self.clean = History(("approach",), now, CLEAN)
        self.water = History(("rest_water",), now, RESTING, unchanging)
        self.air = History(("rest_air",), now, RESTING, unchanging)

    def window(self, window: Window, since_defrost_s: float, now: float) -> bool:
        """Ten minutes of steady heating; whether they could be judged."""
        self.signals = measured(window, self._source)
        if not fresh(window, since_defrost_s):
            return False
        if not self.steady.names:
            self._prove()
        return self.steady.see(window, self.signals, now)

    def clean_coil(self, window: Window, now: float) -> bool:
        """The coil after a defrost; whether it could be judged."""
        return self.clean.see(window, measured(window, self._source), now)

    def rest(self, window: Window, off_s: float, now: float) -> None:
        """Ten minutes of standing still with the pump on."""
        found = rested(window, off_s)
        self.water.see(window, found, now)
        if "rest_air" in found:
            self.air.see(window, found, now)

    @property
    def parts(self) -> Mapping[str, History]:
        """The histories by name."""
        return {"steady": self.steady, "clean": self.clean, "water": self.water, "air": self.air}

    def day(self) -> None:
        """A day is over."""
        for part in self.parts.values():
            part.day()

    def repaired(self, now: float) -> None:
        """The machine is another one now: learn it anew."""
        for part in self.parts.values():
            part.relearn(now)

    def _prove(self) -> None:
        """Only what is always there is learnt: one missing signal must not stop all others."""
        self._proof.append(frozenset(self.signals))
        if len(self._proof) < PROVE:
            return
        often = [name for name in STEADY if 2 * sum(name in one for one in self._proof) > PROVE]
        self._proof = []
        self.steady = History(often, self.steady.began, HEATING)

    def save(self) -> Saved:
        """The state, to be written as JSON."""
        return {name: part.save() for name, part in self.parts.items()}

    def restore(
        self, saved: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]
    ) -> None:
        """Go on with what `save` gave, for the signals it was learnt with."""
        self.steady = History(names, 0.0, HEATING)
        for name, part in self.parts.items():
            part.restore(saved.get(name, {}))


def fresh(window: Window, since_defrost_s: float) -> bool:
    """Whether frost cannot have grown much: only such stretches are comparable."""
    outdoor_c, coil_c = window.get("outdoor_temp"), window.get("coil_temp")
    if outdoor_c is None or not DRY_BELOW_C <= outdoor_c <= DRY_ABOVE_C:
        return True
    if coil_c is not None and coil_c > WARM_COIL_C:
        return True
    return since_defrost_s <= FRESH_S
