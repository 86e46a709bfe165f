"""Straight-line models by least squares, with the uncertainty of a sum of days.

Days that follow one another are alike in what the model leaves out; their number is therefore
discounted by the residuals' lag-one correlation (ASHRAE Guideline 14, annex B, does it so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import NormalDist

Vector = tuple[float, ...]
MOST_DISCOUNT = 9.0  # lag-one correlation 0.8; above it there are too few days to tell


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients, the inverse of X'X, the residual variance of a day, and its discount."""

    coefficients: Vector
    inverse: tuple[Vector, ...]
    variance: float
    discount: float
    free: int

    def sum_of(self, rows: Sequence[Vector]) -> tuple[float, float]:
        """What the model says the rows add up to, and the 95 % half-width of that sum.

        The half-width holds the model's own doubt and the scatter of the days themselves.
        """
        total = tuple(sum(column) for column in zip(*rows, strict=True))
        doubt = _quadratic(self.inverse, total) + len(rows)
        return _dot(self.coefficients, total), self._half(doubt)

    def effect(self, index: int, times: float) -> tuple[float, float]:
        """A coefficient times a number, and the 95 % half-width."""
        doubt = self.inverse[index][index] * times * times
        return self.coefficients[index] * times, self._half(doubt)

    def _half(self, doubt: float) -> float:
        return student_975(self.free) * sqrt(self.variance * self.discount * max(0.0, doubt))


def fit(rows: Sequence[Vector], values: Sequence[float]) -> Fit | None:
    """The least-squares model of values over rows; None when the rows do not determine it."""
    width = len(rows[0]) if rows else 0
    if len(rows) < width + 2:
        return None
    normal = [[sum(r[i] * r[j] for r in rows) for j in range(width)] for i in range(width)]
    inverse = _inverse(normal)
    if inverse is None:
        return None
    moment = [sum(r[i] * v for r, v in zip(rows, values, strict=True)) for i in range(width)]
    found = tuple(_dot(row, moment) for row in inverse)
    residuals = [v - _dot(found, r) for r, v in zip(rows, values, strict=True)]
    free = len(rows) - width
    variance = sum(e * e for e in residuals) / free
    return Fit(found, inverse, variance, _discount(residuals), free)


def student_975(free: int) -> float:
    """The 97.5 % point of Student's t (Abramowitz and Stegun 26.7.5; within 1 % from 3 up)."""
    z = NormalDist().inv_cdf(0.975)
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + g1 / free + g2 / free**2 + g3 / free**3


def _discount(residuals: Sequence[float]) -> float:
    squares = sum(e * e for e in residuals)
    if squares == 0:
        return 1.0
    rho = max(0.0, sum(a * b for a, b in pairwise(residuals)) / squares)
    return min(MOST_DISCOUNT, (1 + rho) / (1 - rho)) if rho < 1 else MOST_DISCOUNT


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _quadratic(matrix: Sequence[Vector], x: Vector) -> float:
    return _dot(x, [_dot(row, x) for row in matrix])


def _inverse(matrix: list[list[float]]) -> tuple[Vector, ...] | None:
    """By elimination with the largest pivot; None for a matrix that has none."""
    size = len(matrix)
    scale = max((abs(x) for row in matrix for x in row), default=0.0)
    work = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        best = max(range(i, size), key=lambda r: abs(work[r][i]))
        if abs(work[best][i]) <= 1e-9 * scale:
            return None
        work[i], work[best] = work[best], work[i]
        pivot = work[i][i]
        work[i] = [x / pivot for x in work[i]]
        for r in range(size):
            if r != i:
                work[r] = [a - work[r][i] * b for a, b in zip(work[r], work[i], strict=True)]
    return tuple(tuple(row[size:]) for row in work)
