"""F04: less water than usual: a blocked strainer, a closed valve, a weak pump."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.diagnosis import signature
from agent.faults.modelled import MASKED_BY, ON, told
from agent.faults.rule import Finding, Memory, Rule, Words
from agent.faults.view import View
from agent.model import Severity

SIGNATURES = (
    signature(
        "F04",
        """
        flow          -35.7
        spread          1.6    0.4
        subcooling      1.1    0.4
        capacity        0.5      2
        """,
        least=0.3,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES)


LOW_FLOW = Rule(
    name="low_flow",
    fault="F04",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=Words(
        "Water flow has fallen: supply over return {spread:.1f} K. Clean the strainer, open "
        "valves, bleed, check the pump.",
        "水流量下降：供回水温差{spread:.1f}K。请清洗过滤器、检查阀门、排气并检查水泵。",
        "Less water flows than before. Open all radiator and floor valves and look at the "
        "pressure gauge (1 to 2 bar).",
        "水流量比以前小。请打开所有散热器和地暖阀门，并查看压力表（应为1～2bar）。",
    ),
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
        "water_return_temp",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
