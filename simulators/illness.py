"""Units of the physics simulator from the file of a simulation, and what it lets them fall ill of.

The physics wants numpy and CoolProp, which only developers have: it is loaded when a file asks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from agent.drivers import driver
from agent.errors import AgentError
from simulators.config import Control, IllRule, PhysicsRule, UnitRule
from simulators.unit import Plant

if TYPE_CHECKING:
    from simulators.physics import Injection


class PhysicsMissing(AgentError):
    """Install `heatpump-agent[sim]`."""


class UnknownIllness(AgentError):
    """Write a fault of the list that the message ends with."""


def physical(unit: UnitRule, rule: PhysicsRule, seed: int) -> Plant:
    """The plant of a unit; the unit id joins the seed. Raises PhysicsMissing, UnknownIllness."""
    try:
        import_module("CoolProp")
        import_module("numpy")
    except ImportError as error:
        raise PhysicsMissing(f"physics wants numpy and CoolProp: {error}") from error
    from simulators.physical import plant_for  # noqa: PLC0415
    from simulators.physics import Fleet, draw_units, reference, weather  # noqa: PLC0415

    own = 1000 * seed + unit.unit_id
    units = reference(1) if rule.unit == "reference" else draw_units(1, own)
    plant = plant_for(
        driver(unit.map).map, Fleet(units, weather(rule.weather, rule.days, own), own)
    )
    for ill in rule.ill:
        plant.ail(_injection(ill), float(ill.after))
    return plant


def treat(plant: Plant, control: Control) -> str | None:
    """Let a unit fall ill or heal it; else say why not."""
    if not (hasattr(plant, "ail") and hasattr(plant, "heal")):
        return "only a unit with physics falls ill"
    if control.heal:
        plant.heal()
    if control.ill is None:
        return None
    try:
        plant.ail(_injection(control.ill), float(control.ill.after))
    except UnknownIllness as error:
        return str(error)
    return None


def _injection(ill: IllRule) -> Injection:
    from simulators.physics import SEVERITIES, Injection, check  # noqa: PLC0415

    try:
        check(Injection(ill.fault, 0.0, variant=ill.variant))
        word = ill.severity
        severity = SEVERITIES[ill.fault][word] if isinstance(word, str) else float(word)
    except KeyError as error:
        raise UnknownIllness(str(error.args[0])) from error
    return Injection(ill.fault, severity, float(ill.ramp) / 86_400.0, ill.variant)
