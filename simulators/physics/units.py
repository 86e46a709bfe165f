"""Units drawn at random, and one reference unit: everything of a pump and its home that is fixed.

A row of units is one record of arrays; nothing here changes while time runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from simulators.physics.refrigerants import REFRIGERANTS, Array, Flags, Properties

WATER_J_KG_K = 4186.0
DESIGN_C = -12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Parameters of n units, each an array of length n; names carry the unit of measure.

    Shares of full are 0..1. `refrigerant` holds names.
    """

    refrigerant: npt.NDArray[np.str_]
    nominal_w: Array  # heat at full frequency, evaporating -8, condensing 40 degC
    # compressor
    displacement_m3: Array
    volumetric: Array
    isentropic: Array
    low_hz: Array
    high_hz: Array
    hz_per_s: Array
    shell_loss: Array
    shell_s: Array
    # evaporator and fan
    air_m3_s: Array
    air_ua_w_k: Array
    coil_j_k: Array
    frost_kg: Array  # frost at which the air side is half shut
    fan_low: Array
    fan_rpm: Array
    fan_w: Array
    recirculation_k: Array
    # condenser and charge
    water_ntu: Array  # at full flow
    condenser_l: Array
    evaporator_kg: Array
    line_kg: Array
    charge_kg: Array
    # expansion valve
    valve: Array  # kg/s at full opening, at 1 (kg/m3 Pa)^0.5
    superheat_k: Array
    valve_high: Array
    valve_low: Array
    valve_steps: Array
    valve_gain: Array
    # water
    flow_kg_s: Array  # at full pump speed, clean
    pump_share: Array  # of the head lost inside the pump's curve
    pump_low: Array
    pump_w: Array
    pump_always: Flags
    loop_j_k: Array
    emitter_w_k: Array
    # home
    loss_w_k: Array
    air_j_k: Array
    mass_j_k: Array
    air_to_mass_w_k: Array
    gain_w: Array
    window_m2: Array
    room_c: Array
    tank_j_k: Array
    tank_ua_w_k: Array
    draw_l_day: Array
    # controller
    curve_base_c: Array
    curve_slope: Array
    curve_high_c: Array
    start_below_k: Array
    stop_above_k: Array
    off_s: Array
    run_s: Array
    defrost_gap_s: Array
    defrost_below_k: Array
    defrost_slope: Array
    defrost_end_c: Array
    defrost_hz: Array
    defrost_longest_s: Array
    drip_s: Array
    melt_left: Array
    tank_c: Array
    tank_below_k: Array
    tank_hour: Array
    legionella_c: Array
    legionella_day: Array
    heater_w: Array
    heater_below_c: Array
    high_pa: Array
    low_pa: Array
    discharge_high_c: Array
    flow_low: Array
    idle_w: Array
    power_factor: Array
    mains_v: Array
    mains_ohm: Array

    def __len__(self) -> int:
        return len(self.nominal_w)

    def take(self, index: npt.NDArray[np.intp]) -> Units:
        """These of the units, in this order; an index may repeat."""
        return Units(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def replace(self, **changes: Array) -> Units:
        """The same units with other values, each an array of length n."""
        return Units(**({f.name: getattr(self, f.name) for f in fields(self)} | changes))


def joined(parts: list[Units]) -> Units:
    """Several rows of units as one."""
    return Units(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Units)}
    )


def reference(n: int = 1) -> Units:
    """The unit whose healthy figures are accepted against the field: R290, 25 to 110 Hz."""
    one = np.ones(n)
    drawn = {name: value * one for name, value in _REFERENCE.items()}
    return _sized(np.array(["R290"] * n), drawn, np.ones(n, dtype=bool))


def draw_units(n: int, seed: int) -> Units:
    """n different units: 6 to 16 kW, three refrigerants, floor heating or radiators.

    Unit i of a seed is the same whatever n is.
    """
    rows = [_draw(np.random.default_rng((seed, 7, i))) for i in range(n)]
    values = {name: np.array([row[1][name] for row in rows]) for name in _REFERENCE}
    names = np.array([row[0] for row in rows])
    return _sized(names, values, np.array([row[2] for row in rows], dtype=bool))


# relative sizes: per nominal watt where a size follows the unit
_REFERENCE: dict[str, float] = {
    "nominal_w": 10_000.0,
    "volumetric": 0.97,
    "isentropic": 0.70,
    "low_hz": 25.0,
    "high_hz": 110.0,
    "hz_per_s": 1.0,
    "shell_loss": 0.06,
    "shell_s": 110.0,
    "air_rel": 1.0,
    "air_ua_rel": 1.5,
    "frost_rel": 0.80,
    "fan_low": 0.55,
    "fan_rpm": 850.0,
    "recirculation_k": 1.0,
    "water_ntu": 1.35,
    "subcooling_share": 0.25,
    "charge_rel": 1.0,
    "superheat_k": 4.0,
    "valve_rel": 0.68,
    "valve_high": 0.95,
    "valve_steps": 480.0,
    "valve_gain": 1.3,
    "flow_rel": 0.70,
    "pump_share": 0.35,
    "pump_low": 0.56,
    "loop_rel": 1.5,
    "emitter_k": 16.0,
    "size": 1.45,
    "air_hours": 1.0,
    "mass_hours": 60.0,
    "gain_w": 350.0,
    "window_m2": 4.0,
    "room_c": 21.0,
    "tank_l": 200.0,
    "draw_l_day": 110.0,
    "curve_add_k": 1.5,
    "start_below_k": 3.1,
    "stop_above_k": 2.2,
    "off_s": 180.0,
    "run_s": 300.0,
    "defrost_gap_s": 43.0 * 60,
    "defrost_below_k": 14.6,
    "defrost_slope": 0.97,
    "defrost_end_c": 26.0,
    "defrost_hz": 52.0,
    "drip_s": 60.0,
    "melt_left": 0.03,
    "tank_c": 48.0,
    "tank_below_k": 7.0,
    "tank_hour": 13.0,
    "legionella_c": 62.0,
    "legionella_day": 6.0,
    "heater_w": 3000.0,
    "heater_below_c": -8.0,
    "discharge_high_c": 125.0,
    "idle_w": 16.0,
    "power_factor": 0.96,
    "mains_v": 226.0,
    "mains_ohm": 0.25,
}


def _draw(chance: np.random.Generator) -> tuple[str, Mapping[str, float], bool]:
    u = chance.uniform
    floor = u() < 0.5
    values = dict(
        _REFERENCE,
        nominal_w=u(6_000.0, 16_000.0),
        volumetric=u(0.92, 0.99),
        isentropic=u(0.64, 0.74),
        low_hz=float(chance.choice((20.0, 25.0, 30.0))),
        high_hz=float(chance.choice((90.0, 100.0, 110.0))),
        hz_per_s=u(0.6, 1.5),
        shell_loss=u(0.03, 0.10),
        shell_s=u(80.0, 160.0),
        air_rel=u(0.85, 1.25),
        air_ua_rel=u(0.95, 1.4),
        frost_rel=u(0.85, 1.5),
        fan_low=u(0.45, 0.8),
        fan_rpm=u(650.0, 950.0),
        recirculation_k=u(0.3, 2.0),
        water_ntu=u(1.15, 1.7),
        subcooling_share=u(0.21, 0.32),
        charge_rel=u(0.97, 1.03),
        superheat_k=u(3.0, 6.0),
        valve_rel=u(0.60, 0.80),
        valve_high=u(0.88, 1.0),
        valve_steps=float(chance.choice((480.0, 500.0, 2000.0))),
        valve_gain=u(0.9, 1.6),
        flow_rel=u(0.6, 0.95),
        pump_share=u(0.2, 0.5),
        pump_low=u(0.4, 1.0),
        loop_rel=u(1.0, 2.2) if floor else u(0.5, 1.2),
        emitter_k=u(9.0, 13.0) if floor else u(14.0, 22.0),
        size=u(1.45, 1.9),
        air_hours=u(0.6, 1.8),
        mass_hours=u(35.0, 110.0),
        gain_w=u(150.0, 600.0),
        window_m2=u(2.0, 8.0),
        room_c=u(19.5, 22.5),
        tank_l=u(120.0, 300.0),
        draw_l_day=u(40.0, 220.0),
        curve_add_k=u(-1.0, 3.0),
        start_below_k=u(5.0, 8.0),
        stop_above_k=u(3.0, 6.0),
        off_s=u(180.0, 420.0),
        run_s=u(240.0, 420.0),
        defrost_gap_s=60.0 * u(32.0, 55.0),
        defrost_below_k=u(12.5, 16.0),
        defrost_slope=u(0.9, 1.0),
        defrost_end_c=u(14.0, 28.0),
        defrost_hz=u(48.0, 70.0),
        drip_s=u(30.0, 90.0),
        melt_left=u(0.01, 0.06),
        tank_c=u(44.0, 52.0),
        tank_below_k=u(5.0, 9.0),
        tank_hour=u(10.0, 16.0),
        legionella_c=u(60.0, 65.0),
        legionella_day=float(chance.integers(7)),
        heater_w=float(chance.choice((0.0, 2000.0, 3000.0, 3000.0, 6000.0, 6000.0))),
        heater_below_c=u(-12.0, -5.0),
        idle_w=u(8.0, 30.0),
        power_factor=u(0.93, 0.99),
        mains_v=u(216.0, 231.0),
        mains_ohm=u(0.1, 0.5),
    )
    return str(chance.choice(REFRIGERANTS)), values, bool(u() < 0.6)


def _sized(names: npt.NDArray[np.str_], v: Mapping[str, Array], pump_always: Flags) -> Units:
    """From relative sizes to the unit's own: displacement, exchangers, charge, home."""
    cycle = Properties(names)
    one, nominal, high = np.ones_like(v["nominal_w"]), v["nominal_w"], v["high_hz"]
    cold, warm, superheat = -8.0 * one, 40.0 * one, v["superheat_k"]
    suction = cycle.vapour_enthalpy(cold, superheat)
    work = cycle.isentropic_work(cold, warm, superheat) / (v["isentropic"] * 0.93)
    given = suction + 0.93 * work - cycle.liquid_enthalpy(warm, 4.0 * one)
    mass = nominal / given
    density = cycle.vapour_density(cold, superheat)
    swept = mass / (density * high * v["volumetric"] * 0.92)
    lift = np.sqrt(cycle.liquid_density(warm) * (cycle.pressure(warm) - cycle.pressure(cold)))
    flow = nominal / (5.2 * WATER_J_KG_K) * v["flow_rel"]
    liquid = cycle.liquid_density(warm)
    condenser_l = nominal / 10_000.0 * 1.5
    evaporator = 0.32e-3 * condenser_l * liquid
    line = 0.20e-3 * condenser_l * liquid
    z = v["subcooling_share"]
    charge = condenser_l * 1e-3 * liquid * (0.25 * (1 - z) + z) + 0.93 * evaporator + line
    design_w = nominal / v["size"]
    loss = (design_w + v["gain_w"]) / (v["room_c"] - DESIGN_C)
    emitter = design_w / v["emitter_k"]
    slope = v["emitter_k"] / (v["room_c"] - DESIGN_C) * 1.02
    weak = np.minimum(v["tank_c"] + 2.0, 54.0)
    names_of = {f.name for f in fields(Units)}
    return Units(
        **{name: value for name, value in v.items() if name in names_of - {"legionella_c"}},
        legionella_c=np.where(v["heater_w"] > 0.0, v["legionella_c"], weak),
        refrigerant=names,
        displacement_m3=swept,
        air_m3_s=1.15e-4 * nominal * v["air_rel"],
        air_ua_w_k=0.165 * nominal * v["air_ua_rel"],
        coil_j_k=1.5 * nominal,
        frost_kg=0.56e-4 * nominal * v["frost_rel"],
        fan_w=0.011 * nominal * v["air_rel"],
        condenser_l=condenser_l,
        evaporator_kg=evaporator,
        line_kg=line,
        charge_kg=charge * v["charge_rel"],
        valve=mass / lift / v["valve_rel"],
        valve_low=0.06 * one,
        flow_kg_s=flow,
        pump_w=0.007 * nominal,
        pump_always=pump_always,
        loop_j_k=75.0 * nominal * v["loop_rel"],
        emitter_w_k=emitter,
        loss_w_k=loss,
        air_j_k=loss * 3600.0 * 8.0 * v["air_hours"],
        mass_j_k=loss * 3600.0 * v["mass_hours"],
        air_to_mass_w_k=6.0 * loss,
        tank_j_k=v["tank_l"] * WATER_J_KG_K,
        tank_ua_w_k=0.20 * nominal,
        curve_base_c=v["room_c"] + 3.0 + v["curve_add_k"],
        curve_slope=slope,
        curve_high_c=np.minimum(v["room_c"] + v["emitter_k"] + 12.0, 55.0),
        defrost_longest_s=600.0 * one,
        high_pa=cycle.pressure(68.0 * one),
        low_pa=cycle.pressure(-42.0 * one),
        flow_low=0.38 * one,
    )
