"""F24: mains voltage outside what a household connection may have, 220 V -10 % / +7 %."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Severity

LOW_V, HIGH_V, LASTS_S = 198.0, 235.0, 60.0
SLIGHT_V, SLIGHT_S = 243.0, 6 * 3600.0  # many rural feeders stand at 235 to 240 V for an hour
SAGS_S = 4 * 3600.0  # and sag below 198 V while a heater of 6 kW makes the tank hot
LOWEST_V, HIGHEST_V, AT_ONCE_S = 187.0, 253.0, 10.0
EASED_BY_V = 3.0
MEASURED_V = (80.0, 300.0)  # below no machine answers; above it is told between two phases
LONGEST_GAP_S = 150.0
BEYOND_WHEN_NOISY = 4.0
UNKNOWN_S = 3600.0  # whether a line is noisy nobody can know before


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Two samples in a row beyond a limit begin it, two within end it; noisy or new lines: four."""
    volts = view.sample.supply_voltage
    if volts is None or (LOW_V + EASED_BY_V <= volts <= HIGH_V - EASED_BY_V and not memory):
        return NOTHING
    volts = volts if volts <= MEASURED_V[1] else volts / sqrt(3.0)
    if volts < MEASURED_V[0]:
        return NOTHING
    eased = EASED_BY_V if "told" in memory else 0.0
    if LOW_V + eased <= volts <= HIGH_V - eased:
        memory["within"] = memory.get("within", 0.0) + 1.0
        if memory["within"] < 2.0 and "told" in memory:
            return _found(view, memory, memory["volts"])
        memory.clear()
        return NOTHING
    memory["within"] = 0.0
    side = -1.0 if volts < LOW_V + eased else 1.0
    if memory.get("side") != side or view.dt_s > LONGEST_GAP_S:
        memory.clear()
        memory.update(side=side, since=view.now, volts=volts, within=0.0, beyond=1.0)
        return NOTHING
    memory["beyond"] = memory.get("beyond", 1.0) + 1.0
    # the milder of two, so that one wild value decides nothing
    worst, memory["volts"] = sorted((volts, memory["volts"]))[side < 0.0], volts
    noisy = view.noisy or view.now < UNKNOWN_S
    if noisy and memory["beyond"] < BEYOND_WHEN_NOISY:
        return NOTHING
    return _found(view, memory, worst)


def _found(view: View, memory: Memory, volts: float) -> tuple[Finding, ...]:
    lasts_s = view.now - memory["since"]
    eased = EASED_BY_V if memory.get("told") == 1.0 else 0.0
    severe = not LOWEST_V + eased <= volts <= HIGHEST_V - eased
    sags = not severe and volts <= LOW_V + EASED_BY_V
    slight = HIGH_V - EASED_BY_V <= volts <= SLIGHT_V
    wait_s = AT_ONCE_S if severe else SAGS_S if sags else SLIGHT_S if slight else LASTS_S
    if "told" not in memory and lasts_s < wait_s:
        return NOTHING
    severity = Severity.S1 if severe else Severity.S3 if slight or sags else Severity.S2
    memory["told"] = 1.0 if severe else 2.0
    evidence = {"supply_voltage": volts, "lasts_s": lasts_s, "low": LOW_V, "high": HIGH_V}
    return (Finding(evidence, severity=severity),)


MAINS_VOLTAGE = Rule(
    name="mains_voltage",
    fault="F24",
    severity=Severity.S2,
    look=look,
    on=Event.SAMPLE,
    words=WORDS["F24"],
    needs=("supply_voltage",),
    clear_after_s=300.0,
)
