"""Outdoor air drawn at random: four kinds of winter, 30 s a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.physics.refrigerants import Array

POLL_S = 30.0
A_DAY = 2880
KINDS = ("mild", "frost", "cold", "winter")


@dataclass(frozen=True, slots=True)
class Air:
    """Outdoor temperature, relative humidity (0..1) and sun on a south window (W/m2), each 30 s."""

    outdoor_c: Array
    humidity: Array
    sun_w_m2: Array


def weather(kind: str, days: float, seed: int) -> Air:
    """Air of `mild` (+5..+12), `frost` (-3..+3, 85..100 %), `cold` (-18..-5, dry) or `winter`.

    `winter` wanders through all of them around +3 degC. Raises KeyError for another kind.
    """
    mean, wander, swing, low, high, wet, wet_sd, driest = _KINDS[kind]
    n = round(days * A_DAY) + 1
    chance = np.random.default_rng((seed, 23, KINDS.index(kind)))
    hours: Array = np.arange(n, dtype=np.float64) * POLL_S / 3600.0
    fronts = _smooth(chance, n, 30.0, hours)
    quick = _smooth(chance, n, 3.0, hours)
    cloud = np.clip(0.5 + 0.35 * _smooth(chance, n, 12.0, hours), 0.0, 1.0)
    daily = np.cos((hours % 24.0 - 14.5) / 24.0 * 2 * np.pi)
    outdoor = mean + wander * fronts + 0.25 * wander * quick + swing * (1.1 - cloud) * daily
    outdoor = _held(outdoor, low, high)
    humid = wet + wet_sd * _smooth(chance, n, 18.0, hours) - 0.06 * daily + 0.06 * (cloud - 0.5)
    day = hours % 24.0
    sun = np.maximum(np.sin((day - 8.0) / 9.0 * np.pi), 0.0) * ((day > 8.0) & (day < 17.0))
    return Air(outdoor, _held(humid, driest, 1.0), 500.0 * sun * (1.0 - cloud) ** 1.5)


# mean, wander and daily swing of temperature, its limits; mean, spread and least of humidity
_KINDS = {
    "mild": (8.5, 1.6, 2.0, 5.0, 12.0, 0.80, 0.08, 0.35),
    "frost": (0.3, 1.3, 1.6, -3.0, 3.0, 0.95, 0.05, 0.82),
    "cold": (-11.0, 3.0, 3.0, -18.0, -5.0, 0.65, 0.08, 0.35),
    "winter": (5.5, 4.2, 2.5, -18.0, 14.0, 0.86, 0.08, 0.35),
}


def _smooth(chance: np.random.Generator, n: int, scale_h: float, hours: Array) -> Array:
    """A wandering line of spread 1 whose values forget each other in `scale_h` hours."""
    knots = int(hours[-1] / scale_h) + 4
    at = (np.arange(knots) - chance.uniform()) * scale_h
    values = chance.standard_normal(knots)
    place = np.clip((hours - at[0]) / scale_h, 0.0, knots - 1.001)
    i = place.astype(np.intp)
    t = place - i
    soft = t * t * (3.0 - 2.0 * t)
    line: Array = 1.25 * (values[i] * (1.0 - soft) + values[i + 1] * soft)
    return line


def _held(x: Array, low: float, high: float) -> Array:
    """x bent into low..high, straight in the middle."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    bent: Array = middle + half * np.tanh((x - middle) / half)
    return bent
