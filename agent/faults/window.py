"""A stretch of samples as the means of its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.faults.sample import Sample
from agent.model import PointId

LEAST_SAMPLES = 6


class Window:
    """Means of the points over one stretch of a gate, with a tenth cut off at either end.

    They are worked out when asked for. `began` and `ended` are on the detector's clock.
    """

    __slots__ = ("_kept", "_mean", "began", "ended", "n")

    def __init__(
        self,
        began: float,
        ended: float,
        kept: Sequence[Sample] = (),
        mean: Mapping[PointId, float] | None = None,
    ) -> None:
        self.began, self.ended, self.n = began, ended, len(kept)
        self._kept = kept
        self._mean: dict[PointId, float | None] = {**(mean or {})}

    def get(self, point: PointId) -> float | None:
        """The mean of a point; None when it showed no value in half of the samples."""
        if point in self._mean:
            return self._mean[point]
        values = self._shown(point)
        mean = trimmed(values) if values and 2 * len(values) > self.n else None
        self._mean[point] = mean
        return mean

    def swing(self, point: PointId) -> float:
        """What lies between the lowest and the highest fifth of a point; 0 without values."""
        values = sorted(self._shown(point))
        cut = len(values) // 5
        return values[-1 - cut] - values[cut] if values else 0.0

    def width(self, point: PointId) -> float:
        """What lies between the lowest and the highest value in the mean; 0 without values."""
        values = _inner(self._shown(point))
        return values[-1] - values[0] if values else 0.0

    def _shown(self, point: PointId) -> list[float]:
        return [v for v in [getattr(one, point) for one in self._kept] if v is not None]


def averaged(kept: Sequence[Sample], now: float, least_s: float) -> Window | None:
    """The means of the points; None when there are too few samples to believe them."""
    span_s = kept[-1].mono - kept[0].mono
    if len(kept) < LEAST_SAMPLES or span_s < least_s:
        return None
    return Window(now - span_s, now, kept)


def trimmed(values: list[float]) -> float:
    """The mean without the lowest and the highest tenth: one wild value in ten moves nothing."""
    inner = _inner(values)
    return sum(inner) / len(inner)


def _inner(values: list[float]) -> list[float]:
    values.sort()
    cut = (len(values) + 9) // 10
    return values[cut:-cut] or values
