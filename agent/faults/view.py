"""All a rule may look at: the newest sample, the operating state, and what just came to an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from agent.faults.own import Own
from agent.faults.profile import UNKNOWN, Profile
from agent.faults.sample import Sample
from agent.faults.signals import Sources
from agent.faults.verdict import Judge
from agent.faults.window import Window
from agent.model import Machine, PointId

__all__ = ["Defrost", "Run", "View", "Window"]


@dataclass(frozen=True, slots=True)
class Defrost:
    """One defrost that ended. `since_s` is the running time of heating before it, from the end of
    the one before; `rise_k` how far the coil rose at most, `gap_s` the time between the two.
    """

    began: float
    ended: float
    since_s: float
    coil_before_c: float | None
    rise_k: float | None
    outdoor_c: float | None
    gap_s: float

    @property
    def length_s(self) -> float:
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the compressor that ended; `defrost` when either end is within 10 min of one."""

    began: float
    ended: float
    defrost: bool
    hot_water: bool

    @property
    def length_s(self) -> float:
        return self.ended - self.began


@dataclass(slots=True)
class View:
    """One device. `now` is in seconds of the detector's own clock, which goes on over restarts and
    never backwards; everything in the past is told on it. `silent_s` is 0 while the device answers;
    `noisy` tells that it has shown impossible values within a day, and single ones mean nothing.
    At `bare_at` the coil was last free of frost: a defrost ended, or it started thawed.
    """

    machine: Machine
    sample: Sample
    now: float = 0.0
    profile: Profile = UNKNOWN
    needed: frozenset[PointId] = frozenset()
    supplied: frozenset[PointId] = frozenset()
    seen_good: set[PointId] = field(default_factory=set)
    dt_s: float = 0.0
    silent_s: float = 0.0
    silent_why: str = ""
    noisy: bool = False
    last: Sample | None = None
    running: bool = False
    on_since: float = -inf
    off_since: float = -inf
    defrosting: bool = False
    defrost_began: float = -inf
    defrost_ended: float = -inf
    bare_at: float = -inf
    heating_since: float = inf
    hot_water_ended: float = -inf
    window: Window | None = None
    clean: Window | None = None
    rest: Window | None = None
    defrost: Defrost | None = None
    run: Run | None = None
    day_began: float = 0.0
    judge: Judge = field(default_factory=lambda: Judge(()))
    own: Own = field(default_factory=lambda: Own(Sources(), 0.0))

    @property
    def steady(self) -> bool:
        """Whether gate G1 is open but for the swing of the frequency: heating for ten minutes."""
        return self.now - self.heating_since >= 600.0

    @property
    def running_s(self) -> float:
        """For how long the compressor has run now; 0 while it stands."""
        return self.now - self.on_since if self.running else 0.0

    @property
    def since_defrost_s(self) -> float:
        """Seconds since the last defrost ended; 0 during one, infinite before the first."""
        return 0.0 if self.defrosting else self.now - self.defrost_ended
