"""F12: the expansion valve does not do what its command says."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.diagnosis import signature
from agent.faults.modelled import ON, told
from agent.faults.rule import Finding, Memory, Rule, Words
from agent.faults.view import View
from agent.model import Severity

SIGNATURES = (
    signature(
        "F12",
        """
        superheat      14.7      3
        approach         12      4
        discharge        24      6
        valve           -20     14
        capacity        -40     12
        power            -6      3
        subcooling      2.2      1
        condenser       1.5      1
        coil              1    0.5
        spread         -1.3      0
        clean             9      4
        """,
        least=0.15,
    ),
    signature(
        "F12",
        """
        superheat      -3.8      1
        discharge       -18      6
        power             6      2
        valve            17     16
        capacity       -4.5      2
        subcooling     -1.8      1
        approach       -0.8    0.5
        clean          -0.8      0
        condenser      -0.3      0
        """,
        least=0.2,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


VALVE_OFF = Rule(
    name="expansion_valve_off",
    fault="F12",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=Words(
        "The expansion valve does not follow its command: superheat {superheat:.1f} K at "
        "{valve:.0f} % opening.",
        "膨胀阀不跟随指令：开度{valve:.0f}%时过热度{superheat:.1f}K。",
        "",
        "",
    ),
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "suction_temp",
        "eev_steps",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=("F06", "F08", "F10", "F12", "F15", "F17", "F24"),
    signatures=SIGNATURES,
)
