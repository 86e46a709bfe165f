"""The unit's own controller: weather curve, thermostat, inverter, defrost, hot water, protections.

It knows what its own sensors show, not the truth. Its codes and thresholds are those of a plain
vendor: slow and crude, so that slow trouble passes it by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulators.physics.condition import Condition
from simulators.physics.refrigerants import Array, Flags
from simulators.physics.state import State
from simulators.physics.units import Units

# codes of the simulated vendor: name -> number; those of CODE_STATUS are no fault
CODES = {
    "none": 0,
    "high_pressure": 12,
    "low_pressure": 13,
    "discharge": 14,
    "flow": 21,
    "outdoor_sensor": 31,
    "water_sensor": 32,
    "coil_sensor": 33,
    "discharge_sensor": 34,
    "fan": 41,
    "boards": 61,
    "mains": 71,
    "locked": 99,
    "defrosting": 183,
    "oil_return": 184,
    "frost_guard": 185,
}
CODE_STATUS = frozenset({0, 183, 184, 185})
MODES = {0: "idle", 1: "heating", 2: "hot_water", 3: "defrost"}
_FLOW_WAIT_S = 75.0
_TRIPS_TO_LOCK = 3.0
_LOCK_S = 1800.0


@dataclass(slots=True)
class Seen:
    """What the controller's own sensors show now."""

    outdoor_c: Array
    supply_c: Array
    return_c: Array
    coil_c: Array
    discharge_c: Array
    tank_c: Array
    room_c: Array
    flow_kg_s: Array
    bad: npt.NDArray[np.int64]  # code of a sensor out of its range, else 0
    mains_v: Array


def _clip(x: Array, low: Array | float, high: Array | float) -> Array:
    return np.minimum(np.maximum(x, low), high)


def decide(
    dt_s: float, u: Units, s: State, c: Condition, seen: Seen, hour: float, day: int
) -> None:
    """Decide for the next half minute: what is wanted, what protects, start and stop, heater."""
    powered = c.mains_lost < 0.5
    _want(u, s, c, seen, hour, day)
    tripped = _protect(dt_s, u, s, c, seen)
    _thermostat(dt_s, u, s, c, seen, tripped, powered, hour)
    _modulate(dt_s, u, s, c, seen)
    _heater(dt_s, u, s, c, seen, powered)


def follow(dt_s: float, u: Units, s: State, c: Condition, outdoor_c: Array, coil_c: Array) -> None:
    """Within the half minute, by what two sensors show: defrost, inverter, fan and pump."""
    _defrost(dt_s, u, s, c, outdoor_c, coil_c)
    _drive(dt_s, u, s)


def _want(u: Units, s: State, c: Condition, seen: Seen, hour: float, day: int) -> None:
    """Setpoint in force, and whether the tank has the heat now."""
    colder = np.maximum(u.room_c - seen.outdoor_c, 0.0)
    curve = u.curve_base_c + u.curve_slope * colder
    night = hour < 5.5 or hour > 22.5
    step = c.steps_k * (1.0 if int(hour / 4.0) % 2 else -1.0)
    curve = np.minimum(curve, u.curve_high_c) + c.curve_k + step
    if night:
        curve = curve - c.setback_k
    legionella = (u.legionella_day == day % 7) & (hour > 1.0) & (hour < 4.0)
    limit = np.where(legionella, u.legionella_c, u.tank_c)
    hungry = np.where(legionella, limit - 1.0, u.tank_c - u.tank_below_k)
    due = (np.abs(u.tank_hour - hour) < 2.0) | (seen.tank_c < hungry - 4.0) | legionella
    begin = ~s.tank & due & (seen.tank_c < hungry) & (s.tank_s >= 0.0)
    # as hot as the unit gets at its least: the rest is the heater's, or stays undone
    spent = _near_limit(u, s, seen) & (s.hz <= 1.05 * u.low_hz) & (seen.tank_c > 40.0)
    end = s.tank & ((seen.tank_c > limit) | (s.tank_s > 7200.0) | spent)
    s.tank = (s.tank | begin) & ~end & (c.idle_season < 0.5)
    s.tank_s = np.where(end, -3600.0, s.tank_s)
    hot = np.minimum(limit + 7.0, 59.0)
    wanted = np.where(s.tank, hot, curve)
    s.setpoint_c = np.where(c.hot_k > 0.0, 56.0 + c.hot_k, wanted)


def _defrost(
    dt_s: float, u: Units, s: State, c: Condition, outdoor_c: Array, coil_c: Array
) -> None:
    """Reverse on a cold coil after the shortest interval; back at the coil's end temperature."""
    heating = s.on & ~s.reverse
    stuck = c.four_way_stuck > 0.5
    s.clear_s = s.clear_s + np.where(heating, dt_s, 0.0)
    gap = u.defrost_gap_s * c.defrost_gap
    below = u.defrost_slope * outdoor_c - u.defrost_below_k + c.defrost_early_k
    cold = (coil_c < below) & (coil_c < -2.0 + c.defrost_early_k)
    long_ago = (s.clear_s > 4.0 * gap + 7200.0) & (coil_c < -4.0) & (outdoor_c > -15.0)
    begin = heating & (s.run_s > 360.0) & (s.clear_s > gap) & (cold | long_ago)
    s.drip_s = np.maximum(s.drip_s - dt_s, 0.0)
    busy = s.defrost_s > 0.0
    s.defrost_s = np.where(begin, dt_s, np.where(busy, s.defrost_s + dt_s, 0.0))
    ended = busy & (
        ((coil_c >= u.defrost_end_c) & (s.defrost_s > 90.0))
        | (s.defrost_s > u.defrost_longest_s)
        | ~s.on
    )
    s.defrost_s = np.where(ended, 0.0, s.defrost_s)
    s.clear_s = np.where(ended, 0.0, s.clear_s)
    s.drip_s = np.where(ended, u.drip_s, s.drip_s)
    s.reverse = (s.defrost_s > 0.0) & ~stuck
    stop = ended & s.on
    s.on = s.on & ~ended
    s.rest_s = np.where(stop, 0.0, s.rest_s)


def _protect(dt_s: float, u: Units, s: State, c: Condition, seen: Seen) -> Flags:
    """The vendor's own protections: trip, wait, try again, and lock after three trips."""
    steady = s.on & (s.run_s > 120.0)
    wanting = s.pump & (s.speed > 0.0)
    dry = wanting & (seen.flow_kg_s < u.flow_low * u.flow_kg_s * s.speed)
    s.starved_s = np.where(dry, s.starved_s + dt_s, 0.0)
    lacking = steady & ~s.reverse & (s.low_pa < u.low_pa)
    s.short_s = np.where(lacking, s.short_s + dt_s, 0.0)
    still = s.on & (s.fan > 0.2) & (c.fan < 0.5) & (s.run_s > 60.0)
    dead = c.mains_lost > 0.5  # no controller that could show it
    low_v, high_v = (seen.mains_v < 165.0) & ~dead, seen.mains_v > 265.0
    odd = still | low_v | high_v | (c.board_code > 0.0)
    s.wrong_s = np.where(odd, s.wrong_s + dt_s, 0.0)
    code = np.zeros_like(s.code)
    for fault, active in (
        ("mains", (low_v | high_v) & (s.wrong_s > 10.0)),
        ("fan", still & (s.wrong_s > 60.0)),
        ("low_pressure", s.short_s > 120.0),
        ("discharge", s.on & (seen.discharge_c > u.discharge_high_c) & (seen.bad == 0)),
        ("high_pressure", s.on & (s.high_pa > u.high_pa)),
        ("flow", s.starved_s > _FLOW_WAIT_S),
    ):
        code = np.where(active, CODES[fault], code)
    code = np.where(seen.bad > 0, seen.bad, code)
    board = (c.board_code > 0.0) & (s.wrong_s > 60.0)
    code = np.where(board, c.board_code.astype(np.int64), code)
    serious = (code > 0) & (code != CODES["outdoor_sensor"])
    trip = serious & s.on
    s.trips = np.where(trip, s.trips + 1.0, s.trips * (1.0 - dt_s / 14_400.0))
    s.locked = (s.locked | (s.trips >= _TRIPS_TO_LOCK)) & (s.trips > 0.5)
    # a trip stays on the display until the next run has lasted five minutes
    shown = np.where(code > 0, code, np.where(s.on & (s.run_s > 300.0), 0, s.code))
    shown = np.where(shown >= CODES["defrosting"], 0, shown)
    quiet = shown == 0
    shown = np.where(quiet & (s.defrost_s > 0.0), CODES["defrosting"], shown)
    shown = np.where(s.locked & (shown == 0), CODES["locked"], shown)
    s.code = np.where(dead, 0, shown)
    return np.asarray(serious, dtype=np.bool_)


def _thermostat(
    dt_s: float,
    u: Units,
    s: State,
    c: Condition,
    seen: Seen,
    tripped: Flags,
    powered: Flags,
    hour: float,
) -> None:
    """Start and stop of compressor and pump, inside the shortest times."""
    over = seen.supply_c - s.setpoint_c
    warm = over > u.stop_above_k * c.hysteresis
    s.hot_s = np.where(s.on & warm & ~s.reverse, s.hot_s + dt_s, 0.0)
    warmest = u.room_c + np.where(s.on, 1.5, 0.9)
    called = (seen.room_c < warmest) & (seen.outdoor_c < 18.0) & (c.idle_season < 0.5)
    called = called | s.tank | (c.hot_k > 0.0)
    cold = seen.return_c < s.setpoint_c - u.start_below_k * c.hysteresis
    again = (s.drip_s <= 0.0) & (s.clear_s <= dt_s) & (s.rest_s < 400.0)
    shortest = np.where(again, 0.0, np.where(c.hysteresis < 0.5, 60.0, u.off_s))
    ready = powered & ~tripped & ~s.locked & (s.rest_s >= shortest) & (s.drip_s <= 0.0)
    hottest = np.maximum(seen.supply_c - 4.0, seen.tank_c)
    warm_tank = s.tank & (hottest > np.where(s.on, 55.0, 50.0))
    begin = ~s.on & ready & called & (cold | s.tank | again) & ~warm_tank
    longest = np.where(c.hysteresis < 0.5, 60.0, u.run_s)
    done = s.on & ~s.reverse & (s.run_s > longest) & ((s.hot_s > 60.0) | ~called | warm_tank)
    stop = done | (s.on & (tripped | ~powered))
    s.starts = s.starts + begin
    was = s.on
    s.on = (was | begin) & ~stop
    s.run_s = np.where(s.on, np.where(was, s.run_s + dt_s, 0.0), 0.0)
    s.rest_s = np.where(s.on, 0.0, s.rest_s + dt_s)
    s.tank_s = np.where(s.tank & (s.tank_s >= 0.0), s.tank_s + dt_s, s.tank_s)
    s.tank_s = np.where(s.tank_s < 0.0, np.minimum(s.tank_s + dt_s, 0.0), s.tank_s)
    s.tank_s = np.where(~s.tank & (s.tank_s > 0.0), -1800.0, s.tank_s)
    sniff = (s.rest_s % 900.0) < 180.0
    exercise = (c.exercise > 0.5) & (9.0 < hour < 9.1)
    guard = (seen.outdoor_c < 2.0) & (seen.return_c < 12.0)
    calling = called & (u.pump_always | sniff | (s.rest_s < 180.0))
    s.pump = powered & (s.on | s.tank | calling | exercise | guard)


def _near_limit(u: Units, s: State, seen: Seen) -> Flags:
    """Close enough to a limit for the inverter to slow down."""
    hot = seen.discharge_c > u.discharge_high_c - 15.0
    near: Flags = ((s.high_pa > 0.90 * u.high_pa) | hot) & (seen.bad == 0)
    return near


def _modulate(dt_s: float, u: Units, s: State, c: Condition, seen: Seen) -> None:
    """The frequency wanted: it follows the supply temperature and backs off near its limits."""
    error = s.setpoint_c - seen.supply_c
    low = np.maximum(u.low_hz, c.lowest_hz)
    wanted = s.wanted_hz + dt_s * 0.012 * _clip(error, -6.0, 6.0) + 1.2 * (error - s.error_k)
    s.error_k = error
    settling = ~s.on | (s.run_s < 120.0)
    restart = np.where((s.clear_s < 600.0) | s.tank, 75.0, 40.0)
    restart = np.where(seen.supply_c > 46.0, 40.0, restart)
    wanted = np.where(settling, restart, wanted)
    near = s.on & _near_limit(u, s, seen)
    back = np.where(s.high_pa > 0.94 * u.high_pa, 1.5, 0.3) * dt_s
    wanted = np.where(near, np.minimum(wanted, s.wanted_hz - back), wanted)
    s.wanted_hz = _clip(wanted, low, u.high_hz)


def _drive(dt_s: float, u: Units, s: State) -> None:
    """Frequency, fan and pump on their way to what is wanted."""
    target = np.where(s.defrost_s > 0.0, u.defrost_hz, s.wanted_hz)
    ramp = u.hz_per_s * dt_s
    s.hz = np.where(s.on, s.hz + _clip(target - s.hz, -2.0 * ramp, ramp), 0.0)
    s.hz = np.where(s.on & (s.run_s < dt_s), 20.0, s.hz)
    part = u.fan_low + (1.0 - u.fan_low) * s.hz / u.high_hz
    blowing = s.on & (s.defrost_s <= 0.0)
    s.fan = np.where(blowing, part, 0.0)
    speed = u.pump_low + (1.0 - u.pump_low) * s.hz / u.high_hz
    speed = np.where(s.tank | (s.defrost_s > 0.0), 1.0, speed)
    s.speed = np.where(s.pump, speed, 0.0)


def _heater(dt_s: float, u: Units, s: State, c: Condition, seen: Seen, powered: Flags) -> None:
    """The backup heater: below its outdoor limit when the supply stays short, or a stuck relay."""
    short = seen.supply_c < s.setpoint_c - 4.0
    allowed = (seen.outdoor_c < u.heater_below_c) & s.pump & (s.defrost_s <= 0.0)
    hold = np.where(s.heater > 0.0, seen.supply_c < s.setpoint_c - 1.0, short)
    s.error_s = np.where(allowed & hold, s.error_s + dt_s, 0.0)
    legionella = s.tank & (s.setpoint_c > 59.0 - 1e-9) & (seen.tank_c > u.tank_c - 1.0)
    on = (s.error_s > 1200.0) | legionella | (c.heater_stuck > 0.5)
    # its own thermal switch opens without flow
    wet = seen.flow_kg_s > 0.1 * u.flow_kg_s
    s.heater = np.where(on & powered & s.pump & wet, u.heater_w, 0.0)
