"""The rule that finds the water temperature: learned curve, room trim, daily rhythm, few writes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from msgspec import Struct
from msgspec.structs import replace

from agent.control.learned import DAY_S, EVERY_S, Learned, Seen, curve_c, learn, mixed_outdoor_c

# Kelvin of water for each kelvin the room is off: rooms answer floors more strongly.
GAINS = {"radiators": 4.0, "floor": 2.0}
LOWEST_C = 25.0
HIGHEST_C = 60.0  # asked of a machine that takes it; an inverter keeps well under its setpoint
# (seconds since the last write, kelvin): the longer since, the smaller a change is worth a write.
WORTH_A_WRITE = ((600.0, 5.0), (3600.0, 2.4), (6000.0, 1.4), (10800.0, 0.8))
FINEST_K = 0.5
BUDGET_A_DAY = 12.0
SPARE_WRITES = 6.0
BLIND_EXTRA_K = 3.0  # without a room that can be believed: costs a twentieth of the electricity
LARGEST_FALL_K = 3.0  # at a time; the guard holds to it too
DAY_H = 24
SURVIVE_H = 72
NIGHT_H = 8  # a night's mean counts: the room follows the water and the air within hours
UNTENDED_K = 4.0  # more water than the curve says, where nobody will correct it

Hourly = Sequence[float]


class Reach(Struct, frozen=True):
    """What may be asked of this machine and its emitters: the highest water, and in which steps,
    counted from where.
    """

    highest_c: float = HIGHEST_C
    step_k: float = 1.0
    origin_c: float = 0.0

    @property
    def top_c(self) -> float:
        """The highest temperature that may be asked, in the machine's steps."""
        return down_to(self.step_k, self.highest_c, self.origin_c)

    def on_grid(self, water_c: float) -> float:
        """The nearest temperature in the machine's steps, not finer than half a kelvin."""
        step_k = self.step_k * ceil(FINEST_K / self.step_k - 1e-9)
        nearest = self.origin_c + round((water_c - self.origin_c) / step_k) * step_k
        return min(self.top_c, round(nearest, 6))


def down_to(step: float, limit: float, origin: float = 0.0) -> float:
    """The highest value in steps from `origin` that is not above the limit: what lies between is
    never taken.
    """
    return round(origin + floor((limit - origin) / step + 1e-9) * step, 6)


class Heating(Struct, frozen=True):
    """What the rule remembers from one decision to the next; `tokens` are writes it may make.

    `held` while the water is not what the rule asks for, at its floor or at its highest: then the
    room teaches nothing.
    """

    known: Learned
    at_mono: float | None = None
    wrote_mono: float | None = None
    target_c: float | None = None
    tokens: float = SPARE_WRITES
    outdoors: tuple[tuple[float, float], ...] = ()
    held: bool = False

    @property
    def coldest_c(self) -> float | None:
        """The lowest outdoor temperature of the last 24 hours."""
        return min((outdoor for _, outdoor in self.outdoors), default=None)


def due(heating: Heating, mono: float) -> bool:
    """Whether the rule would learn from a look now: every ten minutes it does."""
    return heating.at_mono is None or mono - heating.at_mono >= EVERY_S


def seen(heating: Heating, look: Seen, mono: float) -> Heating:
    """The rule after one more look; looks closer together than ten minutes change nothing."""
    if not due(heating, mono):
        return heating
    if heating.at_mono is None:
        return replace(heating, at_mono=mono, outdoors=((mono, look.outdoor_c),))
    dt_s = min(mono - heating.at_mono, 2 * EVERY_S)  # a gap teaches nothing
    kept = heating.outdoors
    if kept and kept[0][0] <= mono - DAY_S:
        kept = tuple(one for one in kept if one[0] > mono - DAY_S)
    if not kept or mono - kept[-1][0] >= 3600.0:
        kept = (*kept, (mono, look.outdoor_c))
    known = learn(heating.known, look, dt_s)
    if heating.held:
        known = replace(
            heating.known,
            outdoor_slow_c=known.outdoor_slow_c,
            room_slow_c=known.room_slow_c,
            age_s=known.age_s,
        )
    return replace(
        heating,
        known=known,
        at_mono=mono,
        tokens=min(SPARE_WRITES, heating.tokens + BUDGET_A_DAY * dt_s / DAY_S),
        outdoors=kept,
    )


def ideal_c(heating: Heating, look: Seen, emitter: str) -> float:
    """The water temperature the rule would hold if writes cost nothing."""
    known = heating.known
    outdoor = mixed_outdoor_c(known, look.outdoor_c)
    if look.room_c is None or known.room_slow_c is None:
        return curve_c(known, look.wanted_c, outdoor) + BLIND_EXTRA_K
    wanted = look.wanted_c + known.margin_k
    rhythm = known.rhythm_k[look.hour] if look.hour is not None else 0.0
    error = wanted - known.room_slow_c
    return curve_c(known, wanted, outdoor) + known.trim_k + GAINS[emitter] * error + rhythm


def floor_c(
    heating: Heating, look: Seen, forecast: Hourly, doubtful: bool, outlast: bool = False
) -> float:
    """The water temperature below which the machine must not be left.

    While the link to the machine is in doubt: the curve at the coldest of now, the last 24 hours
    and the next 24 of the forecast. To `outlast` three days of the forecast if this
    were the last word: what the coldest night among them needs, and more where nobody corrects it.
    """
    known = heating.known
    lowest = LOWEST_C
    if doubtful:
        coldest = min(look.outdoor_c, heating.coldest_c or look.outdoor_c, *forecast[:DAY_H])
        lowest = max(lowest, curve_c(known, look.wanted_c, coldest) + known.trim_k)
    if outlast and len(forecast) >= DAY_H:
        ahead = forecast[:SURVIVE_H]
        nights = [sum(ahead[i : i + NIGHT_H]) for i in range(0, len(ahead) - NIGHT_H + 1, 2)]
        coldest = min(nights) / NIGHT_H
        lowest = max(lowest, curve_c(known, look.wanted_c, coldest) + known.trim_k + UNTENDED_K)
    return lowest


def decided(
    heating: Heating, ideal: float, lowest: float, told_c: float | None, mono: float, reach: Reach
) -> tuple[Heating, float]:
    """The water temperature to demand now, and the rule after it; the old when no write pays."""
    wanted = min(reach.top_c, max(LOWEST_C, ideal, lowest))
    heating = replace(heating, held=wanted != ideal)
    target = heating.target_c if heating.target_c is not None else told_c
    if target is None:
        target = reach.on_grid(wanted)
        return replace(heating, target_c=target), target
    since_s = mono - heating.wrote_mono if heating.wrote_mono is not None else WORTH_A_WRITE[-1][0]
    pays = any(since_s >= s and abs(wanted - target) >= k for s, k in WORTH_A_WRITE)
    if not pays or heating.tokens < 1.0:
        return replace(heating, target_c=target), target
    target = reach.on_grid(max(wanted, target - LARGEST_FALL_K))
    return replace(heating, target_c=target, wrote_mono=mono, tokens=heating.tokens - 1.0), target
