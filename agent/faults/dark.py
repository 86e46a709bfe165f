"""When no sun stands on the sensor of the outdoor air: only then is what the air does comparable.

A sensor in the sun reads up to 18 K too warm. Pure.
"""

from __future__ import annotations

from agent.faults.sample import Sample

FROM_H, TO_H = 18.0, 7.5
"""Local time; sunset and sunrise of the heating season between 35 and 60 degrees of latitude."""


def dark(sample: Sample, east_h: float) -> bool:
    """Whether it is night where the machine stands; not known, and so not said, by a clock that
    nobody trusts.
    """
    hour = (sample.at / 3600.0 + east_h) % 24.0
    return sample.trusted and not TO_H <= hour < FROM_H
