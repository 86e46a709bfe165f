"""The least electricity a season can be heated with when the whole weather is known beforehand.

One nonlinear programme over all hours of the season, solved by IPOPT through CasADi: the home of
`simulators.house` in implicit Euler steps of an hour, heat as a free choice between nothing and the
unit's capacity, the room at the comfort floor or a slack that costs 5 kWh per kelvin-hour. The
programme knows no cycling, no start-up loss and no hysteresis, so it is a bound: no controller of
this home and unit can need less, and none reaches it. A fixed-speed unit runs at full capacity
whenever it runs, so its COP is taken at full capacity's supply temperature; an
inverter runs at its lowest fraction or above and rests in between. The circulation pump runs while
the compressor runs.
"""

from __future__ import annotations

import math

import casadi as ca

from simulators.heatpump import HeatPumpParameters, defrost_factor
from simulators.house import HouseParameters
from simulators.weather import Weather

HOUR_S = 3600.0
SLACK_KWH_PER_KH = 5.0
IPOPT: dict[str, int | float | str] = {"print_level": 0, "sb": "yes", "max_iter": 300, "tol": 1e-6}
START_C = (18.0, 16.0, 30.0)


def least_kwh(
    house: HouseParameters,
    unit: HeatPumpParameters,
    weather: Weather,
    floor_c: float,
    warm_up_h: int,
) -> float:
    """Kilowatt-hours after the warm-up. Raises ArithmeticError when the solver does not converge.

    The floor holds for every hour; what is stored in the masonry at the end of the warm-up is free,
    as it is for every controller that is compared with the bound.
    """
    hours = len(weather.hours)
    room, mass, water, heat, lack = (ca.SX.sym(name, hours) for name in "imwql")
    outdoor, sun, frost = _weather(weather)
    equations = _equations(house, room, mass, water, 1e3 * heat, outdoor, sun)
    power_w, most_w = _power(unit, water, 1e3 * heat, outdoor, frost)
    kwh = power_w * HOUR_S / 3.6e6
    limits = [*equations, most_w / 1e3 - heat, room + lack - floor_c]
    programme = {
        "x": ca.vertcat(room, mass, water, heat, lack),
        "f": ca.sum1(kwh) + SLACK_KWH_PER_KH * ca.sum1(lack),
        "g": ca.vertcat(*limits),
    }
    solver = ca.nlpsol("limit", "ipopt", programme, {"print_time": False, "ipopt": IPOPT})
    guess = ca.vertcat(*(ca.DM.ones(hours) * value for value in (18.0, 17.0, 33.0, 4.0, 0.1)))
    low = ca.vertcat(*(ca.DM.ones(hours) * value for value in (0.0, 0.0, 0.0, 0.0, 0.0)))
    high = ca.vertcat(*(ca.DM.ones(hours) * value for value in (40.0, 40.0, 65.0, 100.0, 30.0)))
    found = solver(
        x0=guess,
        lbx=low,
        ubx=high,
        lbg=0,
        ubg=ca.vertcat(ca.DM.zeros(3 * hours), ca.DM.ones(2 * hours) * math.inf),
    )
    if not solver.stats()["success"]:
        raise ArithmeticError(f"IPOPT: {solver.stats()['return_status']}")
    count = ca.Function("kwh", [programme["x"]], [ca.sum1(kwh[warm_up_h:])])
    return float(count(found["x"]))


def _weather(weather: Weather) -> tuple[ca.DM, ca.DM, ca.DM]:
    """Means of each hour: outdoor temperature, sun, and the frost factor."""
    halves = [weather.at((hour + 0.5) * HOUR_S) for hour in range(len(weather.hours))]
    frost = [defrost_factor(air.outdoor_c, air.humidity_pct) for air in halves]
    return (
        ca.DM([air.outdoor_c for air in halves]),
        ca.DM([air.ghi_w_m2 for air in halves]),
        ca.DM(frost),
    )


def _equations(
    p: HouseParameters,
    room: ca.SX,
    mass: ca.SX,
    water: ca.SX,
    heat: ca.SX,
    outdoor: ca.DM,
    sun: ca.DM,
) -> list[ca.SX]:
    """The three heat balances of every hour, zero where they hold."""
    above = water - room
    positive = 0.5 * (above + ca.sqrt(above**2 + 1e-3))  # smooth at the point where heat stops
    emitted = p.radiator_k * positive**p.radiator_exponent
    half_sun = 0.5 * p.solar_area_m2 * sun
    inward = p.air_to_mass_w_k * (mass - room)
    to_air = p.air_to_outdoor_w_k * (outdoor - room) + inward + emitted + half_sun
    to_air += p.internal_gain_w
    to_mass = p.mass_to_outdoor_w_k * (outdoor - mass) - inward + half_sun
    stores = (
        (room, START_C[0], to_air, p.air_j_k),
        (mass, START_C[1], to_mass, p.mass_j_k),
        (water, START_C[2], heat - emitted, p.water_j_k),
    )
    return [
        (now - ca.vertcat(start, now[:-1])) - gain * (HOUR_S / capacity)
        for now, start, gain, capacity in stores
    ]


def _power(
    p: HeatPumpParameters, water: ca.SX, heat: ca.SX, outdoor: ca.DM, frost: ca.DM
) -> tuple[ca.SX, ca.SX]:
    """Electric power for this heat, and the most heat there is; both by the hour, in watts."""
    at_41 = p.nominal_w * (1.0 + 0.022 * (outdoor + 12.0)) * frost
    spread = p.half_spread_k_w
    most = at_41 * (1.0 - 0.005 * (water - 41.0)) / (1.0 + 0.005 * at_41 * spread)
    share = heat / most
    fraction = _at_least(share, p.lowest_fraction) if p.inverter else 1.0
    supply = water + fraction * most * spread
    lift = supply + 4.0 - (outdoor - 8.0)
    ratio = p.carnot_share * (supply + 277.15) / lift * frost
    if p.inverter:
        ratio = ratio * (1.0 + p.part_load_bonus * (1.0 - fraction))
    running = share / fraction
    return heat / ratio + p.pump_w * running + p.standby_w, most


def _at_least(value: ca.SX, least: float) -> ca.SX:
    """The larger of the two, without a corner."""
    return 0.5 * (value + least + ca.sqrt((value - least) ** 2 + 1e-4))
