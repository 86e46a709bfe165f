"""The last word before the bus: every demand passes this one table, in this order.

| check     | what it holds to                                                             |
|-----------|------------------------------------------------------------------------------|
| known     | the map knows the point and lets it be written                               |
| locked    | contradicted or unverified points need `allow_unverified`                    |
| answering | the machine answered lately                                                  |
| range     | the map's limits, the limits the machine shows, the grid of the word         |
| frost     | no switching off below +5 C outdoors, or not known for 2 h; water 25 C or    |
|           | more                                                                         |
| emitter   | floors bear 40 C of water                                                    |
| effective | the machine would obey (its curve is off, its zone is ours, ...)             |
| unneeded  | it already is so                                                             |
| rate      | the schedule lowers a temperature by at most 3 K at a time                   |
| interval  | the map's least time between two writes; 10 min on, 5 min off for switches   |
| budget    | writes a day from the map, 24 for whatever reason; refreshing a word that    |
|           | lapses has a bound of its own                                                |

Who wins before that stands in `agent.control.priority`; both, with a test for each row, in
`docs/explanations/control.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.control.heating import LARGEST_FALL_K
from agent.control.refresh import most_a_day
from agent.control.switches import SWITCHES
from agent.model import (
    Demand,
    Machine,
    Origin,
    Snapshot,
    Unit,
    Value,
    Write,
    WriteTerms,
)

HARD_CAP_A_DAY = 24
FROST_OUTDOOR_C = 5.0  # panels protect from about +4 C (facts of several makers); one above it
HEATING_WATER = ("water_setpoint", "water_setpoint_z2")
LOWEST_WATER_C = 25.0
WARM_MODES = (
    "auto",
    "heat",
    "auto_dhw",
    "heat_dhw",
    "heat_pool",
    "heat_room",
    "heat_flow",
    "heat_curve",
)
COLD_GRID = ("forced_off", "sg2_evu_only")  # the grid's lock stops the compressor
LEAST_RUN_S = 600.0  # of a compressor, between being switched on and off; a change of mode stops it
LEAST_OFF_S = 300.0
ANSWERED_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Admitted:
    """The write that makes the demand true, with what the driver wants written before it."""

    write: Write


@dataclass(frozen=True, slots=True)
class Unneeded:
    """The machine already shows this value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, and why; `passing` when the same demand may be let through later."""

    why: str
    passing: bool = False


Verdict = Admitted | Unneeded | Refusal


@dataclass(frozen=True, slots=True)
class GuardView:
    """What the guard may look at for one demand.

    `last_write_mono` is of the same point; of a switch it is also when somebody else moved it.
    `highest_c` is what the emitter bears of heating water.
    """

    machine: Machine
    snapshot: Snapshot
    mono: float
    writes_today: int
    last_write_mono: float | None
    allow_unverified: bool = False
    outdoor_c: float | None = None
    highest_c: float | None = None


_Check = Callable[[Demand, GuardView], Refusal | Unneeded | None]


class Guard:
    """Admits or refuses demands; holds no state of its own."""

    def judge(self, demand: Demand, view: GuardView) -> Verdict:
        """The verdict on a demand: the first check that objects decides."""
        for check in _CHECKS:
            objection = check(demand, view)
            if objection is not None:
                return objection
        steps = view.machine.steps(demand, view.snapshot)
        if isinstance(steps, str):
            return Refusal(steps)
        return Admitted(
            Write(
                demand.device,
                steps[-1][0],
                steps[-1][1],
                demand.origin,
                demand.command_id,
                before=steps[:-1],
            )
        )


def _known(demand: Demand, view: GuardView) -> Refusal | None:
    if not view.machine.has(demand.point):
        return Refusal(f"{demand.device} has no point {demand.point}")
    if view.machine.terms(demand.point) is None:
        return Refusal(f"{demand.point} cannot be written")
    if view.machine.monitor_only:
        return Refusal("this machine is only watched; its map lets nothing be written")
    return None


def _locked(demand: Demand, view: GuardView) -> Refusal | None:
    confidence = _terms(demand, view).confidence
    if confidence in ("contra", "unverified") and not view.allow_unverified:
        return Refusal(f"{demand.point} is {confidence} in the map; allow_unverified is not set")
    return None


def _answering(demand: Demand, view: GuardView) -> Refusal | None:
    age_s = view.snapshot.age_s(demand.point, view.mono)
    if age_s is None or age_s > max(ANSWERED_WITHIN_S, 3 * _terms(demand, view).every_s):
        return Refusal(f"{demand.device} has not answered lately", passing=True)
    return None


def _range(demand: Demand, view: GuardView) -> Refusal | None:
    why = view.machine.unfit(demand.point, demand.value)
    return Refusal(why) if why is not None else None


def _frost(demand: Demand, view: GuardView) -> Refusal | None:
    switching_off = (demand.point == "power_on" and demand.value is False) or (
        demand.point == "mode" and demand.value not in WARM_MODES
    )
    locking = demand.point == "sg_ready_mode" and demand.value in COLD_GRID
    if switching_off or locking:
        if view.outdoor_c is None:
            return Refusal("frost: the outdoor temperature is not known", passing=True)
        if view.outdoor_c < FROST_OUTDOOR_C:
            return Refusal(f"frost: {view.outdoor_c:g} C outdoors, {FROST_OUTDOOR_C:g} needed")
    low_water = demand.point in HEATING_WATER and not isinstance(demand.value, str | bool)
    if low_water and float(demand.value) < LOWEST_WATER_C and not _cooling(view):
        return Refusal(f"frost: heating water is kept at {LOWEST_WATER_C:g} C or above")
    return None


def _emitter(demand: Demand, view: GuardView) -> Refusal | None:
    if view.highest_c is None or isinstance(demand.value, str | bool):
        return None
    if demand.point in HEATING_WATER and float(demand.value) > view.highest_c:
        return Refusal(f"the heating circuit bears {view.highest_c:g} C at most")
    return None


def _effective(demand: Demand, view: GuardView) -> Refusal | None:
    for point, allowed in _terms(demand, view).only_if.items():
        value = view.snapshot.value(point)
        shown = str(value).lower() if isinstance(value, bool) else value
        if value is not None and shown not in allowed:
            return Refusal(
                f"it would have no effect: {point} is {shown}, not {' or '.join(allowed)}"
            )
    return None


def _unneeded(demand: Demand, view: GuardView) -> Unneeded | None:
    if demand.refresh:
        return None
    value = view.snapshot.value(demand.point)
    return Unneeded(value) if value is not None and value == demand.value else None


def _rate(demand: Demand, view: GuardView) -> Refusal | None:
    unit = view.machine.label(demand.point).unit
    if demand.refresh or demand.origin is not Origin.SCHEDULE or unit is not Unit.CELSIUS:
        return None
    now = view.snapshot.number(demand.point)
    if now is None or isinstance(demand.value, str | bool):
        return None
    too_hot = view.highest_c is not None and now > view.highest_c
    if now - float(demand.value) > LARGEST_FALL_K and not too_hot:
        return Refusal(f"falls by more than {LARGEST_FALL_K:g} K at once", passing=True)
    return None


def _interval(demand: Demand, view: GuardView) -> Refusal | None:
    if demand.park or demand.refresh or view.last_write_mono is None:
        return None
    terms = _terms(demand, view)
    least_s = terms.min_interval_s if demand.origin is Origin.SCHEDULE else 0.0
    if demand.point in SWITCHES:
        starting = demand.point == "power_on" and demand.value is True
        least_s = max(least_s, LEAST_OFF_S if starting else LEAST_RUN_S)
    left_s = view.last_write_mono + least_s - view.mono
    if left_s > 0:
        return Refusal(f"written a moment ago; again in {left_s:.0f} s", passing=True)
    return None


def _budget(demand: Demand, view: GuardView) -> Refusal | None:
    terms = _terms(demand, view)
    spared = demand.park or demand.origin is Origin.SAFETY
    allowed = HARD_CAP_A_DAY if spared else terms.per_day
    if demand.refresh:
        allowed = most_a_day(terms)
    if view.writes_today >= allowed:
        return Refusal(f"{view.writes_today} writes today; {allowed} are allowed", passing=True)
    return None


def _terms(demand: Demand, view: GuardView) -> WriteTerms:
    terms = view.machine.terms(demand.point)
    assert terms is not None  # the first check has seen to it
    return terms


def _cooling(view: GuardView) -> bool:
    return view.snapshot.value("mode") in ("cool", "cool_dhw")


_CHECKS: tuple[_Check, ...] = (
    _known,
    _locked,
    _answering,
    _range,
    _frost,
    _emitter,
    _effective,
    _unneeded,
    _rate,
    _interval,
    _budget,
)
