"""Fleets of the physics package and what the watches need to know of their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.faults import Profile
from agent.replay.recorded import RecordedMachine
from bench.faults.codes import DEVICE, vendor
from bench.faults.watch import Setting
from bench.faults.ways import Way, names_of
from simulators.physics import CODE_STATUS, CODES, MODES, START_AT, Units

Array = npt.NDArray[np.float64]
Columns = dict[str, Array]

STEP_S = 30.0
A_DAY = 2880
CHUNK = 720
"""Polls at a time: with a thousand units some 250 MB."""


def settings(units: Units, columns: Columns, way: Way) -> list[Setting]:
    """One setting for each unit: the points this way shows, and what its nameplate says."""
    names = names_of(columns, way)
    faults = vendor(CODES.items(), CODE_STATUS)
    machine = RecordedMachine(frozenset(names), DEVICE)
    modes = {int(code): word for code, word in MODES.items()}
    return [
        Setting(machine, profile, names, modes, faults, START_AT) for profile in profiles(units)
    ]


def profiles(units: Units) -> list[Profile]:
    """What stands on the nameplates."""
    return [
        Profile(
            refrigerant=str(units.refrigerant[i]),
            highest_hz=float(units.high_hz[i]),
            eev_steps=float(units.valve_steps[i]),
            high_pressure_bar=float(units.high_pa[i]) / 1e5,
            east_h=0.0,
        )
        for i in range(len(units))
    ]


@dataclass(slots=True)
class Truth:
    """Energy, heat, own codes and coldest water of every unit, summed from the true columns."""

    used_j: Array
    heat_j: Array
    code_s: Array
    frozen_s: Array
    shown: list[set[int]]
    twin_of: Sequence[int]
    lost_kwh: list[float | None]
    steps: int = 0

    @classmethod
    def of(cls, twin_of: Sequence[int]) -> Truth:
        """`twin_of`: the column of each column's healthy twin, its own for a twin."""
        n = len(twin_of)
        never = np.full(n, np.inf)
        nothing: list[float | None] = [None] * n
        return cls(
            np.zeros(n),
            np.zeros(n),
            never,
            never.copy(),
            [set() for _ in range(n)],
            twin_of,
            nothing,
        )

    def add(self, columns: Columns, detected: Sequence[float | None]) -> None:
        """One chunk more; `detected` in seconds since the onset, None while nothing is."""
        used = self.used_j + STEP_S * np.cumsum(columns["_power_w"], axis=0)
        heat = self.heat_j + STEP_S * np.cumsum(columns["_heat_w"], axis=0)
        for j, at_s in enumerate(detected):
            if at_s is not None and self.lost_kwh[j] is None:
                k = int(at_s // STEP_S) - self.steps
                k = min(max(k, 0), len(used) - 1)
                self.lost_kwh[j] = self._lost(used[k], heat[k], j)
        self._codes(columns["fault_code"])
        water = np.minimum(columns["_supply_c"], columns["_return_c"])
        self._first(self.frozen_s, water <= 0.0)
        self.used_j, self.heat_j = used[-1], heat[-1]
        self.steps += len(used)

    def _lost(self, used: Array, heat: Array, j: int) -> float:
        twin = self.twin_of[j]
        fair = heat[j] * used[twin] / heat[twin] if heat[twin] > 0 else 0.0
        return float(used[j] - fair) / 3.6e6

    def lost(self, j: int) -> float:
        """Extra electricity for the same heat, kWh: until the detection, or until now."""
        found = self.lost_kwh[j]
        return self._lost(self.used_j, self.heat_j, j) if found is None else found

    def _codes(self, codes: Array) -> None:
        bad = ~np.isnan(codes) & ~np.isin(codes, sorted(CODE_STATUS))
        for j in np.flatnonzero(bad.any(axis=0)).tolist():
            twin, own = self.twin_of[j], codes[:, j]
            if twin == j:
                self.shown[j] |= {int(code) for code in own[bad[:, j]]}
                continue
            new = bad[:, j] & ~np.isin(own, sorted(self.shown[twin]))
            if new.any() and not np.isfinite(self.code_s[j]):
                self.code_s[j] = (self.steps + int(np.argmax(new))) * STEP_S

    def _first(self, kept: Array, holds: npt.NDArray[np.bool_]) -> None:
        fresh = holds.any(axis=0) & ~np.isfinite(kept)
        kept[fresh] = (self.steps + np.argmax(holds[:, fresh], axis=0)) * STEP_S
