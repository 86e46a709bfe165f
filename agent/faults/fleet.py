"""What is usual for heat pumps at large, until one's own history is learnt; and to check it by.

Means of a week of healthy heating over machines of many makes; the spread is that between
machines, not that of one. From simulated fleets with R32, R290 and R410A.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.faults.diagnosis import Seen

USUAL: Mapping[str, tuple[float, float]] = {
    "clean": (7.4, 1.4),
    "superheat": (4.4, 1.0),
    "subcooling": (4.1, 1.4),
    "condenser": (1.5, 0.75),
    "valve": (32.0, 7.0),
    "coil": (0.65, 0.5),
    "rest_water": (0.0, 0.3),
    "rest_pressure": (0.0, 0.45),
}


def against_fleet(means: Mapping[str, float]) -> dict[str, Seen]:
    """How far the means of one machine are from those of others, signal by signal."""
    return {
        name: Seen(value - USUAL[name][0], USUAL[name][1])
        for name, value in means.items()
        if name in USUAL
    }
