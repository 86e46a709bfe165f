"""A unit of the physics simulator as a plant: it serves through any register map, ill if wanted.

The machine follows its own weather curve and thermostat; of what a gateway writes it knows only
`power_on` and `mode`. Its sensors are read as often as the physics is stepped: every 30 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np
import numpy.typing as npt

from agent.drivers.registermap import RegisterMap
from agent.model import PointId, Value
from simulators.physics import MODES, Fleet, Injection, check

POLL_S = 30.0
_HEATING = frozenset({"heat", "auto", "heat_dhw", "auto_dhw"})
_TRUTHS = frozenset({"pump_on", "compressor_on", "electric_heater_on", "defrost_active"})
_WORDS = {"heating": "heat", "hot_water": "dhw", "defrost": "heat", "idle": "off"}
_STAMPS = frozenset({"at", "mono"})


class PhysicalPlant:
    """One unit of a fleet of one. `modes` are the words its machine has for `mode_active`.

    When its weather ends, it shows for ever what it showed last. Raises ValueError for a fleet of
    several.
    """

    def __init__(self, fleet: Fleet, modes: Sequence[str] = ()) -> None:
        if len(fleet) != 1:
            raise ValueError(f"one unit serves behind one address, not {len(fleet)}")
        self.fleet, self._modes = fleet, frozenset(modes)
        self._owed_s = 0.0
        self._shown: Mapping[PointId, Value] = {}
        self._due: list[tuple[float, Injection]] = []
        self.elapsed_s = 0.0

    def ail(self, injection: Injection, after_s: float = 0.0) -> None:
        """Let it fall ill so many simulated seconds from now. Raises KeyError for no such fault."""
        check(injection)
        self._due.append((self.elapsed_s + after_s, injection))

    def heal(self) -> None:
        """End every fault, and those to come."""
        self._due = []
        self.fleet.repair(0)

    def step(self, seconds: float, inputs: Mapping[PointId, Value]) -> Mapping[PointId, Value]:
        """Let time pass; what the sensors showed at the last poll. An empty one never was."""
        self._owed_s += seconds
        self.elapsed_s += seconds
        self._fall_ill()
        wanted = inputs.get("power_on", True) is not False
        wanted &= str(inputs.get("mode", "heat")) in _HEATING
        self.fleet.condition.idle_season[0] = 0.0 if wanted else 1.0
        polls = int(self._owed_s // POLL_S) or (0 if self._shown else 1)
        if polls:
            self._owed_s = max(0.0, self._owed_s - polls * POLL_S)
            polls = min(polls, self.fleet.polls_left)
        if polls:
            self._shown = self._readings(self.fleet.run(polls))
        return self._shown

    def _fall_ill(self) -> None:
        now = [injection for at, injection in self._due if at <= self.elapsed_s]
        if now:
            self._due = [due for due in self._due if due[1] not in now]
            self.fleet.inject([now])

    def _readings(self, columns: Mapping[str, npt.NDArray[np.float64]]) -> dict[PointId, Value]:
        """The last poll by canonical point, without those that did not come."""
        last = {
            name: float(values[-1, 0])
            for name, values in columns.items()
            if name[0] != "_" and name not in _STAMPS
        }
        shown: dict[PointId, Value] = {
            name: bool(value) if name in _TRUTHS else value
            for name, value in last.items()
            if not isnan(value)
        }
        mode = last.get("mode_active", float("nan"))
        if not isnan(mode):
            word = _WORDS[MODES[int(mode)]]
            shown["mode_active"] = word if word in self._modes or not self._modes else "heat"
        for whole in ("fault_code", "compressor_starts"):
            if whole in shown:
                shown[whole] = int(last[whole])
        return shown


def plant_for(found: RegisterMap, fleet: Fleet) -> PhysicalPlant:
    """The plant in the words of this map."""
    rule = found.points.get("mode_active")
    return PhysicalPlant(fleet, tuple(rule.values.values()) if rule and rule.values else ())
