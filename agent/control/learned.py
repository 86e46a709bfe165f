"""What a home has taught its gateway: the curve it needs, its daily rhythm, its safe margin.

Nothing here is fitted to one home. The curve `water - room = base + slope * (room - outdoor) +
storing * (rise of the room in K/h)` is estimated by recursive least squares over means of six hours
with a memory of three weeks; the sun's daily rhythm by the hour of day; the margin over the wanted
temperature from how often the room fell short of it.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

EVERY_S = 600.0
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
# Outdoor air works on a room at once through windows and air change, and through the masonry later.
AT_ONCE = 0.5
MASONRY_S = 9 * HOUR_S
SMOOTH_S = 2400.0  # longer than one cycle of a fixed-speed compressor
WINDOW_H = 6
MEMORY = 0.998  # of each hour: three weeks
LARGEST_VARIANCE = (4.0, 0.02, 4.0)
# What a curve can be; a fit that runs away in an odd week must not take the water with it.
BASES = (-12.0, 20.0)
SLOPES = (0.2, 1.6)
STORINGS = (-12.0, 20.0)
BELIEVE_WITHIN_K = 1.2  # a room warmer than that is held by the sun or by yesterday's water
MARGINS_K = (0.1, 1.5)
MARGIN_RISE = 1.3  # kelvin an hour for each kelvin the room falls short
MARGIN_FALL_K_H = 0.0018  # balances 1.4 thousandths of a kelvin: 5 kelvin-hours a season
TRIM_K_PER_KH = 0.02
LARGEST_TRIM_K = 8.0
RHYTHM_K_PER_KH = 0.1
RHYTHM_LEAD_H = 2  # water of now is felt two hours later
LARGEST_RHYTHM_K = 6.0

Three = tuple[float, float, float]
# (base, slope) before anything is learned: 45 degC at -8 degC outdoors, floors 35 degC
STARTS: dict[str, tuple[float, float]] = {"radiators": (7.5, 0.75), "floor": (4.0, 0.5)}


class Learned(Struct, frozen=True):
    """A home's lessons; temperatures in degC, differences in K."""

    curve: Three
    variance: tuple[Three, Three, Three] = ((4.0, 0.0, 0.0), (0.0, 0.02, 0.0), (0.0, 0.0, 4.0))
    margin_k: float = 0.25
    trim_k: float = 0.0
    rhythm_k: tuple[float, ...] = (0.0,) * 24
    outdoor_slow_c: float | None = None
    room_slow_c: float | None = None
    hours: tuple[Three, ...] = ()
    hour: tuple[float, float, float, int] = (0.0, 0.0, 0.0, 0)
    age_s: float = 0.0


class Settled(Struct, frozen=True):
    """What a room that follows a plan with steps, or stores heat ahead, may be; degC.

    It has had time to reach `lowest_c`; `planned_c` is the plan's own of now; `highest_c` may still
    stand in the walls. Below the first the home falls short; from the second to the third nothing
    is an error of the rule.
    """

    lowest_c: float
    planned_c: float
    highest_c: float


class Seen(Struct, frozen=True):
    """One look at the home; `hour` is local, None when no clock is trusted; `water_c` is told.

    `settled` is None where the room may be nothing but what is wanted.
    """

    wanted_c: float
    room_c: float | None
    outdoor_c: float
    water_c: float | None
    hour: int | None
    settled: Settled | None = None


def fresh(emitter: str) -> Learned:
    """A home nobody knows yet."""
    base, slope = STARTS[emitter]
    return Learned((base, slope, 0.0))


def mixed_outdoor_c(known: Learned, outdoor_c: float) -> float:
    """Outdoor air as the room feels it: partly now, partly of the last hours."""
    slow = outdoor_c if known.outdoor_slow_c is None else known.outdoor_slow_c
    return AT_ONCE * outdoor_c + (1.0 - AT_ONCE) * slow


def curve_c(known: Learned, room_c: float, outdoor_c: float) -> float:
    """The water temperature that holds this room against this outdoor temperature."""
    base, slope, _ = known.curve
    return room_c + base + slope * (room_c - outdoor_c)


def learn(known: Learned, seen: Seen, dt_s: float) -> Learned:
    """The lessons after `dt_s` more seconds, of which `seen` is the end."""
    hours = dt_s / HOUR_S
    slow = _towards(known.outdoor_slow_c, seen.outdoor_c, dt_s / MASONRY_S)
    if seen.room_c is None:
        return replace(known, outdoor_slow_c=slow, age_s=known.age_s + dt_s)
    room = _towards(known.room_slow_c, seen.room_c, dt_s / SMOOTH_S)
    settled = seen.settled or Settled(seen.wanted_c, seen.wanted_c, seen.wanted_c)
    margin = _margin_k(known, settled.lowest_c - seen.room_c, hours)
    error = _within(room, settled.planned_c + margin, settled.highest_c + margin) - room
    trim = known.trim_k + TRIM_K_PER_KH * error * hours
    known = replace(
        known,
        outdoor_slow_c=slow,
        room_slow_c=room,
        margin_k=margin,
        trim_k=_within(trim, -LARGEST_TRIM_K, LARGEST_TRIM_K),
        rhythm_k=_rhythm_k(known.rhythm_k, seen.hour, error, hours),
        age_s=known.age_s + dt_s,
    )
    if seen.water_c is None:
        return known
    return _measured(
        known, (seen.room_c, mixed_outdoor_c(known, seen.outdoor_c), seen.water_c), seen
    )


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


def _towards(before: float | None, now: float, share: float) -> float:
    return now if before is None else before + (now - before) * min(1.0, share)


def _margin_k(known: Learned, short_k: float, hours: float) -> float:
    """The margin rises when the room falls short and wears off when it does not."""
    if known.age_s <= DAY_S:  # the first day says more about the day before
        return known.margin_k
    rise = MARGIN_RISE * _within(short_k, 0.0, 0.5) - MARGIN_FALL_K_H
    return _within(known.margin_k + rise * hours, *MARGINS_K)


def _rhythm_k(
    rhythm_k: tuple[float, ...], hour: int | None, error_k: float, hours: float
) -> tuple[float, ...]:
    """What the hour before this one should have done for this one."""
    if hour is None:
        return rhythm_k
    at = (hour - RHYTHM_LEAD_H) % 24
    changed = rhythm_k[at] + RHYTHM_K_PER_KH * _within(error_k, -1.0, 1.0) * hours
    changed = _within(changed, -LARGEST_RHYTHM_K, LARGEST_RHYTHM_K)
    return (*rhythm_k[:at], changed, *rhythm_k[at + 1 :])


def _measured(known: Learned, sample: Three, seen: Seen) -> Learned:
    """Gather means of an hour; six of them in a row are one measurement of the curve."""
    room, outdoor, water, count = known.hour
    room, outdoor, water = room + sample[0], outdoor + sample[1], water + sample[2]
    count += 1
    if count < HOUR_S / EVERY_S:
        return replace(known, hour=(room, outdoor, water, count))
    hours = (*known.hours, (room / count, outdoor / count, water / count))[-WINDOW_H:]
    known = replace(known, hour=(0.0, 0.0, 0.0, 0), hours=hours)
    if len(hours) < WINDOW_H:
        return known
    mean_room, mean_outdoor, mean_water = (
        sum(column) / WINDOW_H for column in zip(*hours, strict=True)
    )
    if mean_room - seen.wanted_c - known.margin_k > BELIEVE_WITHIN_K:
        return known
    rise = (hours[-1][0] - hours[0][0]) / (WINDOW_H - 1)
    return _fitted(known, (1.0, mean_room - mean_outdoor, rise), mean_water - mean_room)


def _fitted(known: Learned, x: Three, y: float) -> Learned:
    """One step of recursive least squares with forgetting; what is unknown stays bounded."""
    v, axes = known.variance, range(3)
    vx = [sum(v[i][j] * x[j] for j in axes) for i in axes]
    weight = MEMORY + sum(x[i] * vx[i] for i in axes)
    error = y - sum(c * part for c, part in zip(known.curve, x, strict=True))
    base, slope, storing = (c + vx[i] / weight * error for i, c in enumerate(known.curve))
    grown = [[(v[i][j] - vx[i] * vx[j] / weight) / MEMORY for j in axes] for i in axes]
    largest = max(grown[i][i] / LARGEST_VARIANCE[i] for i in axes)
    shrink = 1.0 / max(1.0, largest)
    rows = tuple((row[0] * shrink, row[1] * shrink, row[2] * shrink) for row in grown)
    curve = (_within(base, *BASES), _within(slope, *SLOPES), _within(storing, *STORINGS))
    return replace(known, curve=curve, variance=(rows[0], rows[1], rows[2]))
