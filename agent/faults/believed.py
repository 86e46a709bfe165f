"""What a single reading may not change: values no machine has, and leaps that nothing confirms.

A map's own limits come first; many have none. A device that shows impossible values is not believed
at once in anything else either, for a day: a leap counts when three readings in a row agree, and a
switch is off when two say so; that it is on no glitch says. Until then the operating state stays as
it was, and any other switch is unknown. A device that never does, or only at a start, is believed
as it is, without a delay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from operator import attrgetter

from agent.faults.sample import Sample
from agent.jump import LEAPS, Jump
from agent.model import PointId

NOISY_S = 86400.0
NOISE, WITHIN_S = 4, 3600.0  # polls with impossible values; a controller that starts shows two
STATE = ("compressor_on", "defrost_active")
OFFS = 2  # of a switch; two numbers that agree are met every month where one in a hundred is wild

_TABLE = """
compressor_on              0      1    0.5
pump_on                    0      1    0.5
defrost_active             0      1    0.5
electric_heater_on         0      1    0.5
power_on                   0      1    0.5
antifreeze_active          0      1    0.5
dhw_heater_on              0      1    0.5
compressor_frequency       0    200     20
fan_speed                  0   3000    250
fan2_speed                 0   3000    250
eev_steps                  0   4000    100
water_flow                 0    200      6
supply_voltage             0    460     20
high_pressure              0     60      8
low_pressure               0     60      4
active_power            -100  30000   1500
input_current             -1    200      8
compressor_current        -1    200      8
water_setpoint             5     90     15
water_setpoint_active      5     90     15
dhw_setpoint               5     90     15
outdoor_temp             -60     60      5
indoor_temp              -30     50      3
dhw_temp                 -30    100     10
water_supply_temp        -40    110     12
water_return_temp        -40    110     12
water_supply_temp_total  -40    110     12
discharge_temp           -60    160     20
suction_temp             -60    110     15
coil_temp                -60    110     15
liquid_temp              -60    110     15
gas_temp                 -60    160     20
evaporating_temp         -60     60     12
condensing_temp          -60    110     12
energy_total               0    1e9      5
heat_energy_total          0    1e9     10
"""
LIMITS: Mapping[PointId, tuple[float, float, float]] = {
    name: (float(low), float(high), float(most))
    for name, low, high, most in map(str.split, _TABLE.strip().splitlines())
}
"""Point; the lowest and the highest value there can be; how far it may leap from poll to poll."""
ANYTHING = (-inf, inf, inf)


def possible(columns: Mapping[PointId, Sequence[float | None]]) -> bool:
    """Whether no value of these columns is one that no machine has."""
    for name, column in columns.items():
        low, high, _ = LIMITS.get(name, ANYTHING)
        values = [one for one in column if one is not None]
        if values and not (low <= min(values) and max(values) <= high):
            return False
    return True


@dataclass(slots=True)
class _Known:
    """What is known of one point: its limits, and what it may leap by."""

    name: PointId
    low: float
    high: float
    jump: Jump

    @property
    def is_switch(self) -> bool:
        return self.high == 1.0

    def instead(self) -> float | None:
        """What stands for a value that is not believed: the state stays as it was."""
        return self.jump.believed if self.name in STATE else None

    def seen(self, value: float) -> float | None:
        """The value if it is believed, else what stands for it."""
        if self.is_switch and value == 1.0:
            self.jump.take(value)
            return value
        return value if self.jump.believes(value) else self.instead()


class Belief:
    """One for each device. `check` takes out of a sample, in place, what is not believed.

    `noisy_until` is the end of the doubt, on the clock of the detector that goes on over restarts:
    a line is as bad after one as before.
    """

    __slots__ = ("_known", "_limits", "_noise", "_values", "noisy_until")

    def __init__(self, has: Callable[[PointId], bool]) -> None:
        self._known = [
            _Known(name, low, high, Jump(most, OFFS if high == 1.0 else LEAPS))
            for name, (low, high, most) in LIMITS.items()
            if has(name)
        ]
        self._limits = tuple((one.low, one.high) for one in self._known)
        # One call for all values; the instants stand before them, so that they always are several.
        self._values = attrgetter("mono", "at", *(one.name for one in self._known))
        self._noise: deque[float] = deque(maxlen=NOISE)
        self.noisy_until = -inf

    def check(self, sample: Sample, now: float) -> bool:
        """Look at every value; where many are impossible, none that leaps is believed at once.

        True where that is so.
        """
        noisy = now < self.noisy_until
        if sample.plain and not noisy:
            return False
        _, _, *values = self._values(sample)
        if noisy:
            self._doubt(sample, values)
        for value, (low, high) in zip(values, self._limits, strict=True):
            if value is not None and not low <= value <= high:
                break
        else:
            return noisy
        if not noisy:
            self._take_out(sample, values)
        self._noisier(now, noisy)
        return noisy

    def _take_out(self, sample: Sample, values: Sequence[float | None]) -> None:
        """Nothing stands for what cannot be."""
        for value, one in zip(values, self._known, strict=True):
            if value is not None and not one.low <= value <= one.high:
                setattr(sample, one.name, None)

    def _doubt(self, sample: Sample, values: Sequence[float | None]) -> None:
        """Take out what cannot be, and every leap that the next readings have not confirmed."""
        for value, one in zip(values, self._known, strict=True):
            if value is None:
                continue
            possible, jump = one.low <= value <= one.high, one.jump
            settled = possible and jump.doubted is None
            if settled and (value == jump.believed or jump.follows(value)):
                continue
            believed = one.seen(value) if possible else one.instead()
            if believed != value:
                setattr(sample, one.name, believed)

    def _noisier(self, now: float, noisy: bool) -> None:
        self._noise.append(now)
        if len(self._noise) < NOISE or now - self._noise[0] > WITHIN_S:
            return
        self.noisy_until = now + NOISY_S
        if not noisy:
            for one in self._known:
                one.jump.take(None)
