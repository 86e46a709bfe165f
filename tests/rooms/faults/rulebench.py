"""A machine with every point, seen through plain rows: for the tests of the rules at once."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults import Condition, Detector, Profile, Sample
from agent.faults.rule import Rule
from agent.model import Quality, Reading
from agent.replay.recorded import RecordedMachine

AT = 1_768_363_200.0  # 2026-01-14
CALM = {
    "outdoor_temp": -3.0,
    "water_supply_temp": 36.0,
    "water_return_temp": 31.0,
    "water_flow": 18.0,
    "pump_on": 1.0,
    "compressor_on": 1.0,
    "compressor_frequency": 60.0,
    "discharge_temp": 70.0,
    "suction_temp": -6.0,
    "coil_temp": -8.0,
    "liquid_temp": 30.0,
    "high_pressure": 24.0,
    "low_pressure": 6.0,
    "active_power": 2000.0,
    "input_current": 9.0,
    "supply_voltage": 221.0,
    "electric_heater_on": 0.0,
    "energy_total": 100.0,
    "heat_energy_total": 300.0,
}
RESTLESS = ("discharge_temp", "suction_temp", "high_pressure", "active_power", "water_supply_temp")
MORE = ("mode_active", "fan_speed", "pump_speed", "water_setpoint_active", "indoor_temp")
REST = {"compressor_on": 0.0, "compressor_frequency": 0.0, "active_power": 20.0}


class Seen:
    """A detector with one rule or a few; every sample is a calm one with what differs."""

    def __init__(self, *rules: Rule, step_s: float = 30.0, profile: Profile | None = None) -> None:
        self.machine = RecordedMachine(frozenset((*CALM, *MORE)))
        self.detector = Detector(self.machine, profile or Profile(highest_hz=90.0), rules=rules)
        self.step_s, self.n = step_s, 0
        self.mono, self.late_s = 1000.0, 0.0
        self.said: tuple[Condition, ...] = ()

    def one(
        self,
        lost: str | None = None,
        absent: Iterable[str] = (),
        still: Iterable[str] = (),
        mode: str = "heating",
        **differs: float,
    ) -> list[str]:
        """One poll; what stands then. Restless points move unless they are to stand `still`."""
        self.mono += self.step_s
        self.n += 1
        sample = Sample(self.mono, AT + self.mono + self.late_s, mode=mode, lost=lost)
        if lost is None:
            gone = tuple(absent)
            values = {**CALM, **differs}
            for name in RESTLESS:
                if name not in differs and name not in still:
                    values[name] += 0.1 * (self.n * 7 % 5)
            for name, value in values.items():
                setattr(sample, name, None if name in gone else value)
            sample.bad = {name: Reading(name, None, Quality.ABSENT) for name in gone}
        self.said = self.detector.see(sample)
        return [one.rule + (one.key and f" {one.key}") for one in self.said]

    def many(self, for_s: float, **differs: object) -> list[str]:
        """Polls for so long; what stands at their end."""
        found: list[str] = []
        for _ in range(round(for_s / self.step_s)):
            found = self.one(**differs)  # type: ignore[arg-type]
        return found
