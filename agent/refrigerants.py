"""Saturation of the refrigerants in use: bar (absolute) to degC and back. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from math import exp, log

KELVIN = 273.15

# Saturation pressure in bar (absolute) at -40, -20, 0, 20, 40 and 60 degrees C; for the blend R410A
# the mean of bubble and dew point. Checked against CoolProp 8.0, an open library of properties: R32
# and R290 equal to two decimals, R410A within 0.3 %.
AT_C = (-40.0, -20.0, 0.0, 20.0, 40.0, 60.0)
SATURATION_BAR: Mapping[str, tuple[float, ...]] = {
    "R32": (1.77, 4.06, 8.13, 14.75, 24.78, 39.33),
    "R290": (1.11, 2.45, 4.74, 8.36, 13.69, 21.17),
    "R410A": (1.75, 3.99, 7.98, 14.45, 24.2, 38.3),
}


def saturation_bar(refrigerant: str, temperature_c: float) -> float:
    """Saturation pressure in bar, absolute.

    Its logarithm is nearly straight over the inverse of the absolute temperature
    (Clausius-Clapeyron), and is taken as straight between the points of the table and beyond them.
    """
    place = min(max(bisect_right(AT_C, temperature_c), 1), len(AT_C) - 1)
    low, high = SATURATION_BAR[refrigerant][place - 1 : place + 1]
    x_low, x_high, x = (1 / (t + KELVIN) for t in (AT_C[place - 1], AT_C[place], temperature_c))
    return exp(log(low) + (log(high) - log(low)) * (x - x_low) / (x_high - x_low))


def saturation_c(refrigerant: str, bar: float) -> float:
    """Saturation temperature in degC at a pressure in bar, absolute: the way back."""
    table = SATURATION_BAR[refrigerant]
    place = min(max(bisect_right(table, bar), 1), len(AT_C) - 1)
    low, high = table[place - 1 : place + 1]
    x_low, x_high = (1 / (t + KELVIN) for t in AT_C[place - 1 : place + 1])
    x = x_low + (x_high - x_low) * (log(bar) - log(low)) / (log(high) - log(low))
    return 1 / x - KELVIN
