"""The forecast the platform may send: hourly outdoor air, checked. Pure: bytes in, a record out.

A wrong forecast cannot make a house cold: control only ever raises the water for what is to come.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.uplink.messages import CLOCK_SLACK, COMMAND_BYTES, Instant, Name

LIFE = timedelta(hours=168)
LARGEST_STEP_K = 15.0  # outdoor air from one hour to the next; fronts stay well below


class ForecastMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`down/forecast`: the outdoor air to come. May be retained; it can only make water warmer."""

    start: Annotated[Instant, Meta(description="Instant of the first value, with time zone.")]
    outdoor_c: Annotated[
        tuple[Annotated[float, Meta(ge=-55, le=50)], ...],
        Meta(min_length=1, max_length=168, description="Outdoor air in degC, one an hour."),
    ]
    issued_at: Annotated[Instant, Meta(description="When it was made, with time zone.")]
    gateway: Annotated[
        Name | None,
        Meta(description="Id of the gateway it is for; must stand in a signed forecast."),
    ] = None


_DECODER = msgspec.json.Decoder(ForecastMessage)


def parse_forecast(
    payload: bytes, now: datetime, trusted: bool, gateway: str = ""
) -> ForecastMessage:
    """A forecast with hours to come; raises ValueError that says what does not fit.

    While the clock is not `trusted` its hours cannot be placed: whoever uses it must wait for that.
    """
    if len(payload) > COMMAND_BYTES:
        raise ValueError(f"longer than {COMMAND_BYTES} bytes")
    found = _DECODER.decode(payload)
    if gateway and found.gateway not in (None, gateway):
        raise ValueError(f"it is for gateway {found.gateway}, this is {gateway}")
    steps = [abs(after - before) for before, after in pairwise(found.outdoor_c)]
    if max(steps, default=0.0) > LARGEST_STEP_K:
        raise ValueError(f"a step of {max(steps):g} K within an hour is no weather")
    if abs(found.start - found.issued_at) > LIFE:
        raise ValueError("start is more than a week from issued_at")
    if trusted and found.issued_at - now > CLOCK_SLACK:
        raise ValueError(f"issued_at {found.issued_at.isoformat()} is in the future")
    if trusted and found.start + timedelta(hours=len(found.outdoor_c)) <= now:
        raise ValueError("all its hours are over")
    return found
