"""What is usual for one machine: its own linear models, learnt once and then frozen.

A model that follows the machine learns its faults as well. It is learnt over 14 days and then
stands; what it has not seen it does not judge, but adds while all it knows looks healthy. Only an
acknowledged repair makes it learn anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.faults.signals import SIGNALS
from agent.faults.view import Window

INPUTS = ("compressor_frequency", "outdoor_temp", "water_supply_temp")
LEARN_S = 14 * 86400.0
LEAST_WINDOWS = 300
FAST = 0.2
MARGIN = (1.5, 0.7, 1.0)  # beyond the learnt range of the inputs: Hz, K, K
DAYS_KEPT = 4
LEAST_A_DAY = 4
ALLOWED_SD, LIMIT_SD = 0.5, 5.0  # CUSUM over daily medians: k and h
M = len(SIGNALS)


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a signal is from its own history, in its unit: measured minus expected.

    `now` is exponentially averaged over about five windows, `days` are the newest daily medians,
    the newest last; `up` and `down` count slow drift in spreads of a daily median; `sd` is the
    spread of one window.
    """

    now: float
    sd: float
    days: tuple[float, ...]
    up: float
    down: float

    @property
    def z(self) -> float:
        """The averaged deviation in its own spread."""
        return self.now / (self.sd / 3.0)


def features(window: Window) -> tuple[tuple[float, ...], tuple[float, float, float]] | None:
    """The inputs of the models, scaled to about one, and as they are; None when one is missing."""
    mean = window.mean
    raw = tuple(mean[name] for name in INPUTS if name in mean)
    if len(raw) != 3:
        return None
    hz, outdoor_c, supply_c = raw
    f, t, w = hz / 50.0 - 1.0, outdoor_c / 10.0, supply_c / 10.0 - 3.5
    return (1.0, f, t, f * t, w), (hz, outdoor_c, supply_c)
