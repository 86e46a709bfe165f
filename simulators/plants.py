"""Plants for the closed loop: the reference home, its variants, and homes drawn at random.

Each is called with the weather and gives an object with `step(seconds, inputs) -> readings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from agent.model import PointId, Value
from simulators.heatpump import FIXED_SPEED, INVERTER, HeatPump, HeatPumpParameters, Plant
from simulators.house import REFERENCE_HOME, House, HouseParameters
from simulators.unit import HomePlant
from simulators.weather import Weather

FLOOR_HOME = replace(
    REFERENCE_HOME, radiator_k=9000.0 / 15.0**1.1, radiator_exponent=1.1, water_j_k=3e6
)
LEAKY_HOME = replace(REFERENCE_HOME, air_to_outdoor_w_k=165.0, mass_to_outdoor_w_k=257.1)
LIGHT_HOME = replace(REFERENCE_HOME, mass_j_k=15e6)
SMALL_RADIATORS = replace(REFERENCE_HOME, radiator_k=0.75 * REFERENCE_HOME.radiator_k)
_SIZED = ("nominal_w", "flow_kg_s", "pump_w")

# name: home, unit, water of the baselines
VARIANTS: dict[str, tuple[HouseParameters, HeatPumpParameters, float]] = {
    "fixed": (REFERENCE_HOME, FIXED_SPEED, 45.0),
    "inverter": (REFERENCE_HOME, INVERTER, 45.0),
    "fixed_leaky": (LEAKY_HOME, FIXED_SPEED, 45.0),
    "inverter_leaky": (LEAKY_HOME, INVERTER, 45.0),
    "fixed_light": (LIGHT_HOME, FIXED_SPEED, 45.0),
    "inverter_light": (LIGHT_HOME, INVERTER, 45.0),
    "fixed_small_radiators": (SMALL_RADIATORS, FIXED_SPEED, 50.0),
    "inverter_small_radiators": (SMALL_RADIATORS, INVERTER, 50.0),
    "fixed_floor": (FLOOR_HOME, FIXED_SPEED, 35.0),
    "inverter_floor": (FLOOR_HOME, INVERTER, 35.0),
}


def sized(unit: HeatPumpParameters, share: float) -> HeatPumpParameters:
    """The same unit larger or smaller: heat, flow and circulation pump together."""
    return replace(unit, **{key: getattr(unit, key) * share for key in _SIZED})


VARIANTS |= {
    "fixed_small_unit": (REFERENCE_HOME, sized(FIXED_SPEED, 0.8), 45.0),
    "inverter_small_unit": (REFERENCE_HOME, sized(INVERTER, 0.8), 45.0),
    "fixed_oversized": (REFERENCE_HOME, sized(FIXED_SPEED, 1.5), 45.0),
    "inverter_oversized": (REFERENCE_HOME, sized(INVERTER, 1.5), 45.0),
}


class VariantPlant(HomePlant):
    """A home and unit in the starting state of the reference season."""

    def __init__(self, home: HouseParameters, unit: HeatPumpParameters, weather: Weather) -> None:
        super().__init__(Plant(House(home), HeatPump(unit), weather))


class Fixed(VariantPlant):
    """The reference home with a fixed-speed unit."""

    def __init__(self, weather: Weather) -> None:
        super().__init__(REFERENCE_HOME, FIXED_SPEED, weather)


class Inverter(VariantPlant):
    """The reference home with an inverter unit."""

    def __init__(self, weather: Weather) -> None:
        super().__init__(REFERENCE_HOME, INVERTER, weather)


class Blind:
    """Another plant without its room sensor."""

    def __init__(self, plant: HomePlant) -> None:
        self.plant = plant.plant
        self._inner = plant

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """As the plant's own, without `indoor_temp`."""
        shown = self._inner.step(seconds, inputs)
        return {point: value for point, value in shown.items() if point != "indoor_temp"}


def variant(name: str) -> Callable[[Weather], VariantPlant]:
    """A variant by name; raises KeyError for an unknown one."""
    home, unit, _ = VARIANTS[name]
    return lambda weather: VariantPlant(home, unit, weather)


def drawn(random: Random) -> tuple[HouseParameters, HeatPumpParameters]:
    """A home and a unit nobody has tuned anything on; the unit is able to heat the home.

    Losses 160 to 400 W/K, masonry 12 to 60 MJ/K, windows 2 to 8 m2, gains 150 to 600 W, radiators
    for 35 to 48 K of water over room at -12 degC; the unit 1.1 to 1.9 times what -12 degC asks for.
    """
    losses = random.uniform(160.0, 400.0)
    by_air = random.uniform(0.3, 0.55)
    at_minus_12 = 30.0 * losses
    above = random.uniform(20.0, 30.0)
    home = replace(
        REFERENCE_HOME,
        air_to_outdoor_w_k=by_air * losses,
        mass_to_outdoor_w_k=(1 - by_air) * losses * 1.14,
        air_to_mass_w_k=random.uniform(800.0, 1800.0),
        air_j_k=random.uniform(1.5e6, 4e6),
        mass_j_k=random.uniform(12e6, 60e6),
        water_j_k=random.uniform(0.5e6, 1.6e6),
        solar_area_m2=random.uniform(2.0, 8.0),
        internal_gain_w=random.uniform(150.0, 600.0),
        radiator_k=at_minus_12 / above**1.3,
    )
    unit = random.choice((FIXED_SPEED, INVERTER))
    unit = sized(unit, at_minus_12 * random.uniform(1.1, 1.9) / unit.nominal_w)
    return home, replace(unit, carnot_share=random.uniform(0.40, 0.55))
