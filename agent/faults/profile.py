"""What is known of a machine before it has any history: its refrigerant, its nameplate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """Of one machine; what is None is not known, and rules that need it are off.

    `driver` is what reads it: what was learnt in another driver's numbers is forgotten. `east_h`
    are the hours that its local time is ahead of UTC in winter. `refrigerant` is R32, R410A or
    R290. `eev_steps` is the valve's full opening in the units of its point, `highest_hz` the
    highest compressor frequency, `high_pressure_bar` the limit (absolute) at which the machine
    stops.
    """

    refrigerant: str | None = None
    highest_hz: float | None = None
    eev_steps: float | None = None
    high_pressure_bar: float | None = None
    floor_heating: bool | None = None
    driver: str = ""
    east_h: float = 8.0


UNKNOWN = Profile()
