"""A home as three heat stores: room air, building mass and heating water. Knows no pump.

The circuit is the usual grey-box RC network of building control (two resistances and a radiator
between three capacities), integrated by explicit steps of 60 s. The figures describe a 120 m2 rural
brick home near Beijing after insulation; they are chosen to be typical, not fitted to one home.
"""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_STEP_S = 60.0


@dataclass(frozen=True, slots=True)
class HouseParameters:
    """A home: conductances in W/K, capacities in J/K, sun-catching area in m2, gains in W.

    `radiator_k` and `radiator_exponent` give the radiators' heat: k * (water - room) ** exponent.
    """

    air_to_outdoor_w_k: float = 110.0
    air_to_mass_w_k: float = 1200.0
    mass_to_outdoor_w_k: float = 171.4
    air_j_k: float = 2.5e6
    mass_j_k: float = 30e6
    water_j_k: float = 0.9e6
    solar_area_m2: float = 4.0
    internal_gain_w: float = 300.0
    radiator_k: float = 9000.0 / 30.0**1.3
    radiator_exponent: float = 1.3


REFERENCE_HOME = HouseParameters()


class House:
    """The home's state; temperatures in degC. The default start is that of the reference season."""

    __slots__ = ("mass_c", "parameters", "room_c", "water_c")

    def __init__(
        self,
        parameters: HouseParameters = REFERENCE_HOME,
        room_c: float = 18.0,
        mass_c: float = 16.0,
        water_c: float = 30.0,
    ) -> None:
        self.parameters = parameters
        self.room_c = room_c
        self.mass_c = mass_c
        self.water_c = water_c

    @property
    def emitted_w(self) -> float:
        """Heat the radiators now give to the room; never negative."""
        above = self.water_c - self.room_c
        p = self.parameters
        return p.radiator_k * above**p.radiator_exponent if above > 0 else 0.0

    @property
    def stored_j(self) -> float:
        """Heat in air, mass and water, counted from 0 degC."""
        p = self.parameters
        return p.air_j_k * self.room_c + p.mass_j_k * self.mass_c + p.water_j_k * self.water_c

    def loss_w(self, outdoor_c: float) -> float:
        """Heat that now leaves through envelope and air change."""
        p = self.parameters
        through_air = p.air_to_outdoor_w_k * (self.room_c - outdoor_c)
        return through_air + p.mass_to_outdoor_w_k * (self.mass_c - outdoor_c)

    def gain_w(self, ghi_w_m2: float) -> float:
        """Heat from the sun and from people and appliances."""
        return self.parameters.solar_area_m2 * ghi_w_m2 + self.parameters.internal_gain_w

    def step(self, seconds: float, outdoor_c: float, ghi_w_m2: float, heat_w: float) -> None:
        """Let time pass in steps of at most 60 s, with `heat_w` put into the water throughout."""
        while seconds > LONGEST_STEP_S:
            self._euler(LONGEST_STEP_S, outdoor_c, ghi_w_m2, heat_w)
            seconds -= LONGEST_STEP_S
        if seconds > 0:
            self._euler(seconds, outdoor_c, ghi_w_m2, heat_w)

    def _euler(self, dt_s: float, outdoor_c: float, ghi_w_m2: float, heat_w: float) -> None:
        p = self.parameters
        room, mass, water = self.room_c, self.mass_c, self.water_c
        above = water - room  # as `emitted_w`, which a season would call 200,000 times
        emitted = p.radiator_k * above**p.radiator_exponent if above > 0 else 0.0
        sun = 0.5 * p.solar_area_m2 * ghi_w_m2  # half falls on light things, half on the masonry
        inward = p.air_to_mass_w_k * (mass - room)
        to_air = p.air_to_outdoor_w_k * (outdoor_c - room) + inward + emitted + sun
        to_air += p.internal_gain_w
        to_mass = p.mass_to_outdoor_w_k * (outdoor_c - mass) - inward + sun
        self.room_c = room + dt_s * to_air / p.air_j_k
        self.mass_c = mass + dt_s * to_mass / p.mass_j_k
        self.water_c = water + dt_s * (heat_w - emitted) / p.water_j_k
