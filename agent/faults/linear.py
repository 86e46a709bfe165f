"""Least squares over a few inputs, several outputs at once: what a machine's own history says.

The inputs of all outputs are the same, so their matrix is kept once. Sums, no lists: the state
does not grow with time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Solved:
    """Weights and spread by output; `factor` is the Cholesky factor of the inputs' products."""

    weights: list[list[float]]
    spread: list[float]
    factor: list[list[float]]

    def leverage(self, x: Sequence[float]) -> float:
        """How far inputs lie from those learnt: 1/n in their middle, one where none was."""
        total, z = 0.0, [0.0] * len(x)
        for i, row in enumerate(self.factor):
            z[i] = (x[i] - sum(row[c] * z[c] for c in range(i))) / row[i]
            total += z[i] * z[i]
        return total


class Sums:
    """Sums of products of `n` inputs and of `m` outputs; what is centred is for the caller."""

    __slots__ = ("count", "m", "n", "xx", "xy", "yy")

    def __init__(self, n: int, m: int) -> None:
        self.n, self.m, self.count = n, m, 0
        self.xx = [0.0] * (n * (n + 1) // 2)
        self.xy = [0.0] * (n * m)
        self.yy = [0.0] * m

    def add(self, x: Sequence[float], y: Sequence[float]) -> None:
        """One observation: all inputs and all outputs."""
        n, xx, xy, yy = self.n, self.xx, self.xy, self.yy
        self.count += 1
        k = 0
        for i in range(n):
            for j in range(i + 1):
                xx[k] += x[i] * x[j]
                k += 1
        k = 0
        for j, value in enumerate(y):
            yy[j] += value * value
            for one in x:
                xy[k] += one * value
                k += 1

    def solve(self) -> Solved | None:
        """Weights of each output, the standard deviation of its residuals, and the reach.

        None while the inputs have not moved enough to tell them apart.
        """
        n = self.n
        if self.count <= n:
            return None
        factor = _cholesky(self.xx, n, self.count)
        if factor is None:
            return None
        weights, spread = [], []
        for j in range(self.m):
            xy = self.xy[j * n : (j + 1) * n]
            found = _solved(factor, xy)
            left = self.yy[j] - sum(w * v for w, v in zip(found, xy, strict=True))
            weights.append(found)
            spread.append(sqrt(max(left, 0.0) / max(self.count - n, 1)))
        return Solved(weights, spread, factor)


def _cholesky(xx: Sequence[float], n: int, count: int) -> list[list[float]] | None:
    lower: list[list[float]] = [[0.0] * n for _ in range(n)]
    k = 0
    for i in range(n):
        for j in range(i + 1):
            left = xx[k] - sum(lower[i][c] * lower[j][c] for c in range(j))
            k += 1
            if i != j:
                lower[i][j] = left / lower[j][j]
                continue
            left += RIDGE * count
            if left <= 0.0:
                return None
            lower[i][i] = sqrt(left)
    return lower


def _solved(lower: list[list[float]], xy: Sequence[float]) -> list[float]:
    n = len(lower)
    z = [0.0] * n
    for i in range(n):
        z[i] = (xy[i] - sum(lower[i][c] * z[c] for c in range(i))) / lower[i][i]
    for i in reversed(range(n)):
        z[i] = (z[i] - sum(lower[c][i] * z[c] for c in range(i + 1, n))) / lower[i][i]
    return z
