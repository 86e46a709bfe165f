"""An air-to-water heat pump, and the plant it makes with a home and the weather.

COP is a constant share of the Carnot value between refrigerant temperatures (4 K above the supply
water, 8 K below the outdoor air); capacity is linear in both temperatures; frost takes up to a
tenth of both. The unit is sized as Beijing's rural programme buys them: 10.5 kW at -12/41 degC.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from agent.model import PointId, Value
from simulators.house import LONGEST_STEP_S, House
from simulators.weather import Conditions, Weather

FACTORY_WATER_C = 45.0
_WATER_J_KG_K = 4186.0
_FIXED_HZ = 50.0
_FULL_HZ = 90.0
_HOUSEHOLD_PA = 300.0
_MAINS_V = 220.0
_POWER_FACTOR = 0.95
_DISCHARGE_LAG_S = 300.0
_DEFROST_S = 240.0
_AFTER_RUN_S = 120.0
_FEEL_EVERY_S = 1800.0


@dataclass(frozen=True, slots=True)
class HeatPumpParameters:
    """A unit. Its thermostat watches the mean water temperature, against the supply setpoint:
    start at `setpoint - start_below_k`, stop at `setpoint + stop_above_k`.

    A fixed-speed unit whose mean water swings between 7 K and 2 K below the setpoint delivers,
    while it runs, supply water of about the setpoint.
    """

    nominal_w: float = 10_500.0
    carnot_share: float = 0.48
    inverter: bool = False
    start_below_k: float = 7.0
    stop_above_k: float = -2.0
    start_heat_share: float = 0.3
    start_s: float = 90.0
    min_run_s: float = 360.0
    min_off_s: float = 300.0
    lowest_fraction: float = 0.3
    part_load_bonus: float = 0.12
    flow_kg_s: float = 0.35
    pump_w: float = 120.0
    standby_w: float = 15.0

    @property
    def half_spread_k_w(self) -> float:
        """Kelvin between mean and supply water for each watt of heat."""
        return 1.0 / (2.0 * self.flow_kg_s * _WATER_J_KG_K)


FIXED_SPEED = HeatPumpParameters()
INVERTER = HeatPumpParameters(inverter=True, start_below_k=3.0, stop_above_k=1.5)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def defrost_factor(outdoor_c: float, humidity_pct: float) -> float:
    """The share, 0.9 to 1, that frost and defrosting leave of heat and COP, mean over cycles."""
    if not -9.0 < outdoor_c < 5.0:
        return 1.0
    return 1.0 - 0.10 * _ramp(outdoor_c, -7.0, -1.0) * _ramp(humidity_pct, 50.0, 90.0)


def cop(
    p: HeatPumpParameters,
    supply_c: float,
    outdoor_c: float,
    humidity_pct: float,
    fraction: float = 1.0,
) -> float:
    """Heat over compressor and fan power; `fraction` is the inverter's share of full capacity."""
    return _cop(p, supply_c, outdoor_c, defrost_factor(outdoor_c, humidity_pct), fraction)


def _cop(
    p: HeatPumpParameters, supply_c: float, outdoor_c: float, frost: float, fraction: float
) -> float:
    lift = max(supply_c + 4.0 - (outdoor_c - 8.0), 15.0)
    full = p.carnot_share * (supply_c + 277.15) / lift * frost
    return full * (1.0 + p.part_load_bonus * (1.0 - fraction))


def capacity_w(
    p: HeatPumpParameters, supply_c: float, outdoor_c: float, humidity_pct: float
) -> float:
    """Full heat at this supply temperature."""
    frost = defrost_factor(outdoor_c, humidity_pct)
    return _capacity_at_41(p, outdoor_c, frost) * (1.0 - 0.005 * (supply_c - 41.0))


def _capacity_at_41(p: HeatPumpParameters, outdoor_c: float, frost: float) -> float:
    at_41 = p.nominal_w * (1.0 + 0.022 * (outdoor_c + 12.0))
    return max(0.0, at_41 * frost)


class HeatPump:
    """A unit's state: whether the compressor runs, since when, and what it gave in the last step.

    `heat_w` and `compressor_w` (with fan, without circulation pump) are means of that step, in
    which `frost` is the share that frost and defrosting left of heat and COP.
    """

    __slots__ = (
        "_half_spread_k_w",
        "compressor_w",
        "fraction",
        "frost",
        "heat_w",
        "on",
        "parameters",
        "since_change_s",
        "starts",
        "supply_c",
    )

    def __init__(self, parameters: HeatPumpParameters = FIXED_SPEED) -> None:
        self.parameters = parameters
        self.on = False
        self.since_change_s = parameters.min_off_s
        self.starts = 0
        self.heat_w = self.compressor_w = self.fraction = 0.0
        self.frost = 1.0
        self.supply_c = 0.0
        self._half_spread_k_w = parameters.half_spread_k_w

    def command(
        self, water_c: float, setpoint_c: float, called: bool, hysteresis_k: float | None = None
    ) -> None:
        """Let the thermostat decide, within the minimum run and off times.

        `hysteresis_k` sets another distance between start and stop than the unit came with; an
        inverter modulates and takes no notice of it.
        """
        p = self.parameters
        start_below_k = p.start_below_k
        if hysteresis_k is not None and not p.inverter:
            start_below_k = hysteresis_k - p.stop_above_k
        if self.on:
            done = not called or water_c >= setpoint_c + p.stop_above_k
            if done and self.since_change_s >= p.min_run_s:
                self.stop()
            return
        cold = called and water_c <= setpoint_c - start_below_k
        if cold and self.since_change_s >= p.min_off_s:
            self.on, self.since_change_s, self.supply_c = True, 0.0, water_c
            self.starts += 1

    def stop(self) -> None:
        """Stop the compressor now, whatever its minimum run time (the main switch does)."""
        if self.on:
            self.on, self.since_change_s = False, 0.0

    def step(self, seconds: float, water_c: float, setpoint_c: float, air: Conditions) -> None:
        """Work for one step of at most 60 s against this mean water temperature.

        The start-up share is judged at the end of the step: the reference step of 60 s so loses one
        minute of each start, steps of 1 s the full 90 s (2 to 3 % of a season's electricity more).
        """
        self.since_change_s += seconds
        if not self.on:
            self.heat_w = self.compressor_w = self.fraction = 0.0
            self.supply_c = water_c
            return
        p = self.parameters
        outdoor_c, humidity_pct, _ = air
        self.fraction = fraction = self._fraction(setpoint_c) if p.inverter else 1.0
        self.frost = frost = defrost_factor(outdoor_c, humidity_pct)
        full = fraction * _capacity_at_41(p, outdoor_c, frost)
        # capacity depends on the supply temperature and that on heat: solved for heat
        spread = self._half_spread_k_w
        full *= (1.0 - 0.005 * (water_c - 41.0)) / (1.0 + 0.005 * full * spread)
        starting = not p.inverter and self.since_change_s < p.start_s
        self.heat_w = heat_w = full * p.start_heat_share if starting else full
        self.supply_c = supply_c = water_c + heat_w * spread
        self.compressor_w = full / _cop(p, supply_c, outdoor_c, frost, fraction)

    def _fraction(self, setpoint_c: float) -> float:
        """The inverter's share of full capacity in this step."""
        wanted = 0.25 + 0.10 * (setpoint_c - self.supply_c)
        return min(1.0, max(self.parameters.lowest_fraction, wanted))


@dataclass(frozen=True, slots=True)
class Inputs:
    """What people, a gateway or a room thermostat tell the unit.

    `heat_call` is the volt-free thermostat contact: open, it holds the compressor, not the pump.
    `pump_mode` is the unit's own setting of its circulation pump: `always`, or `demand`, where it
    runs with the compressor, two minutes longer, and two minutes of every half hour to feel the
    water.
    """

    water_setpoint: float = FACTORY_WATER_C
    power_on: bool = True
    mode: str = "heat"
    heat_call: bool = True
    pump_mode: str = "always"
    water_hysteresis: float | None = None


class Plant:
    """Home, heat pump and weather together: time goes in, the readings of a real unit come out.

    `elapsed_s` counts from the start of the weather. Any mode but `heat` leaves the compressor
    idle with the pump running; switched off, both stand still at once, without minimum run time.
    """

    __slots__ = (
        "_defrost_left_s",
        "_discharge_c",
        "_frost_s",
        "_inputs",
        "_run_s",
        "air",
        "elapsed_s",
        "electric_w",
        "energy_j",
        "heat_j",
        "house",
        "pump",
        "pump_on",
        "weather",
    )

    def __init__(
        self, house: House, pump: HeatPump, weather: Weather, elapsed_s: float = 0.0
    ) -> None:
        self.house, self.pump, self.weather = house, pump, weather
        self.elapsed_s = elapsed_s
        self.air = weather.at(elapsed_s)
        self.pump_on = False
        self.electric_w = pump.parameters.standby_w
        self.energy_j = self.heat_j = 0.0
        pump.supply_c = house.water_c
        self._inputs = Inputs()
        self._discharge_c = self.air.outdoor_c
        self._run_s = self._frost_s = self._defrost_left_s = 0.0

    def step(self, seconds: float, inputs: Inputs) -> dict[PointId, Value]:
        """Advance, then read. Any length; it is cut into steps of at most 60 s, the reference."""
        self.advance(seconds, inputs)
        return self.readings()

    def advance(self, seconds: float, inputs: Inputs) -> None:
        """As `step` without making readings, for whole seasons."""
        self._inputs = inputs
        while seconds >= LONGEST_STEP_S:
            self._advance(LONGEST_STEP_S, inputs)
            seconds -= LONGEST_STEP_S
        if seconds > 0:
            self._advance(seconds, inputs)

    def _advance(self, dt_s: float, inputs: Inputs) -> None:
        house, pump = self.house, self.pump
        air = self.air = self.weather.at(self.elapsed_s)
        if inputs.power_on:
            called = inputs.heat_call and inputs.mode == "heat"
            pump.command(house.water_c, inputs.water_setpoint, called, inputs.water_hysteresis)
        else:
            pump.stop()
        pump.step(dt_s, house.water_c, inputs.water_setpoint, air)
        self.pump_on = inputs.power_on and (inputs.pump_mode == "always" or self._demanded(dt_s))
        circulation = pump.parameters.pump_w if self.pump_on else 0.0
        self.electric_w = pump.compressor_w + circulation + pump.parameters.standby_w
        self.energy_j += self.electric_w * dt_s
        self.heat_j += pump.heat_w * dt_s
        self._derive(dt_s)
        house.step(dt_s, air.outdoor_c, air.ghi_w_m2, pump.heat_w)
        self.elapsed_s += dt_s

    def _demanded(self, dt_s: float) -> bool:
        """Whether a pump on demand runs now."""
        pump = self.pump
        if pump.on or pump.since_change_s - dt_s < _AFTER_RUN_S:
            return True
        return (pump.since_change_s - dt_s) % _FEEL_EVERY_S < _AFTER_RUN_S

    def _derive(self, dt_s: float) -> None:
        """Carry on the shown values that have a memory."""
        pump, target = self.pump, self.air.outdoor_c
        if pump.on:
            self._run_s += dt_s
            self._frost_s += dt_s * (1.0 - pump.frost)
            target = pump.supply_c + 4.0 + 0.6 * (pump.supply_c + 12.0 - target)
        self._discharge_c += (target - self._discharge_c) * dt_s / (_DISCHARGE_LAG_S + dt_s)
        self._defrost_left_s = max(0.0, self._defrost_left_s - dt_s) if pump.on else 0.0
        if self._frost_s >= _DEFROST_S:
            self._frost_s -= _DEFROST_S
            self._defrost_left_s = _DEFROST_S

    @property
    def _hysteresis_k(self) -> float:
        p = self.pump.parameters
        own = p.start_below_k + p.stop_above_k
        return own if self._inputs.water_hysteresis is None else self._inputs.water_hysteresis

    def readings(self) -> dict[PointId, Value]:
        """What the unit's registers show now, by canonical point, in the points' units.

        From the model: temperatures of water, room and outdoor air, powers and energies, flow,
        compressor, circulation pump, inverter fraction (as frequency, 90 Hz in full). Derived,
        without effect on the model: condensing and evaporating temperature are the COP formula's;
        pressures (absolute) follow them on the saturation line of propane; discharge temperature is
        condensing plus 0.6 of the lift with a lag of 5 min; suction 5 K over evaporating, coil 6 K
        under outdoor air; current at 220 V and power factor 0.95; fan speed; `defrost_active` shows
        4 min at a time, so often that it takes the share of run time which the averaged frost
        factor takes of heat; room humidity is the outdoor air's vapour and that of the household.
        """
        inputs, house, pump = self._inputs, self.house, self.pump
        on, supply = pump.on, pump.supply_c
        spread_k = pump.heat_w * pump.parameters.half_spread_k_w
        compressor_hz = (_FULL_HZ if pump.parameters.inverter else _FIXED_HZ) * pump.fraction
        flow = pump.parameters.flow_kg_s * 60.0 if self.pump_on else 0.0
        return {
            "power_on": inputs.power_on,
            "mode": inputs.mode,
            "pump_mode": inputs.pump_mode,
            "water_hysteresis": self._hysteresis_k,
            "mode_active": "heat" if on else "off",
            "water_setpoint": inputs.water_setpoint,
            "water_setpoint_active": inputs.water_setpoint,
            "water_supply_temp": supply,
            "water_return_temp": supply - 2.0 * spread_k,
            "outdoor_temp": self.air.outdoor_c,
            "indoor_temp": house.room_c,
            "indoor_humidity": _indoor_humidity_pct(self.air, house.room_c),
            "compressor_on": on,
            "compressor_frequency": compressor_hz,
            "pump_on": self.pump_on,
            "water_flow": flow,
            "active_power": self.electric_w,
            "thermal_power": pump.heat_w,
            "cop": pump.heat_w / self.electric_w,
            "energy_total": self.energy_j / 3.6e6,
            "heat_energy_total": self.heat_j / 3.6e6,
            "compressor_hours": self._run_s / 3600.0,
            "compressor_starts": self.pump.starts,
            "defrost_active": self._defrost_left_s > 0,
            "supply_voltage": _MAINS_V,
            "input_current": self.electric_w / (_MAINS_V * _POWER_FACTOR),
            **self._refrigerant(),
        }

    def _refrigerant(self) -> dict[PointId, Value]:
        outdoor = self.air.outdoor_c
        on = self.pump.on
        condensing = self.pump.supply_c + 4.0 if on else outdoor
        evaporating = outdoor - 8.0 if on else outdoor
        return {
            "condensing_temp": condensing,
            "evaporating_temp": evaporating,
            "high_pressure": propane_bar(condensing),
            "low_pressure": propane_bar(evaporating),
            "discharge_temp": self._discharge_c,
            "suction_temp": evaporating + 5.0 if on else outdoor,
            "coil_temp": outdoor - 6.0 if on else outdoor,
            "fan_speed": 850.0 if on else 0.0,
        }


def _indoor_humidity_pct(air: Conditions, room_c: float) -> float:
    """Outdoor vapour pressure, and 300 Pa more that people and pots give off, in warmer air."""
    vapour_pa = air.humidity_pct / 100.0 * _saturation_pa(air.outdoor_c) + _HOUSEHOLD_PA
    return min(100.0, 100.0 * vapour_pa / _saturation_pa(room_c))


def _saturation_pa(air_c: float) -> float:
    """Saturation pressure of water vapour over water, after Magnus."""
    return 611.2 * exp(17.62 * air_c / (243.12 + air_c))


def propane_bar(saturated_c: float) -> float:
    """Saturation pressure of R290, bar absolute, within 2 % from -30 to 60 degC.

    Clausius-Clapeyron through the tabulated 2.44 bar at -20 degC and 15.34 bar at 45 degC.
    """
    return exp(9.890 - 2277.8 / (saturated_c + 273.15))
