"""What we want ourselves, as far as machine, emitter and comparison let it be asked. Pure.

Commands are never bent: they are refused as they stand, or carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.control.guard import HEATING_WATER
from agent.control.heating import LARGEST_FALL_K, down_to
from agent.control.home import eased
from agent.model import Demand, Machine, Origin, PointId, Snapshot, Value


def highest_asked(machine: Machine, point: PointId, borne: float | None) -> float | None:
    """The highest that the machine takes and the emitter bears (`borne`), in the machine's steps;
    None where nobody says.
    """
    terms = machine.terms(point)
    if borne is not None and terms is not None:
        borne = down_to(terms.step, borne, terms.origin)
    bounds = (machine.highest(point), borne)
    return min((one for one in bounds if one is not None), default=None)


def fitted(demand: Demand, machine: Machine, borne: float | None) -> Demand:
    """What we want ourselves, lowered to what machine and emitter bear; commands stay."""
    if demand.refresh or not (demand.park or demand.origin is Origin.SCHEDULE):
        return demand
    if isinstance(demand.value, str | bool):
        return demand
    high = highest_asked(machine, demand.point, borne)
    if high is None or demand.value <= high:
        return demand
    return replace(demand, value=high, why=f"{demand.why}; {high:g} is the highest")


def slowed(demand: Demand, machine: Machine, snapshot: Snapshot) -> Demand:
    """The schedule lowers temperatures in small steps on the point's own grid."""
    terms = machine.terms(demand.point)
    if terms is None or demand.refresh or demand.origin is not Origin.SCHEDULE:
        return demand
    return eased(demand, snapshot.number(demand.point), LARGEST_FALL_K, terms.step)


def left_as_found(demand: Demand | None, as_found: Mapping[str, Value]) -> Demand | None:
    """On an off day of the comparison the water stays as it was found, in place of the schedule."""
    if demand is None or demand.park or demand.origin is not Origin.SCHEDULE:
        return demand
    if demand.device not in as_found or demand.point not in HEATING_WATER:
        return demand
    return replace(demand, value=as_found[demand.device], why="an off day of the comparison")
