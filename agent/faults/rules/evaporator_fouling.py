"""F07: air reaches the evaporator badly: leaves, snow, dirt."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.diagnosis import signature
from agent.faults.modelled import MASKED_BY, ON, told
from agent.faults.rule import Finding, Memory, Rule, Words
from agent.faults.view import View
from agent.model import Severity

SIGNATURES = (
    signature(
        "F07",
        """
        approach        1.0   0.15
        clean          0.65    0.2
        """,
        least=0.4,
        proof=0.9,
    ),
)


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """What the machine's own history points to."""
    return told(view, SIGNATURES, advice=0.7)


EVAPORATOR_FOULING = Rule(
    name="evaporator_fouling",
    fault="F07",
    severity=Severity.S2,
    look=look,
    on=ON,
    words=Words(
        "The evaporator is {approach:.1f} K colder than the air: clear leaves and snow, clean"
        " the coil.",
        "蒸发温度比室外低{approach:.1f}K：请清除树叶积雪并清洗翅片。",
        "Please look at the outdoor unit: clear leaves, snow and anything that stands in "
        "front of it.",
        "请查看室外机：清除树叶、积雪及遮挡物。",
    ),
    needs=(
        "compressor_frequency",
        "outdoor_temp",
        "water_supply_temp",
    ),
    gate="G1",
    clear_after_s=3600.0,
    masked_by=MASKED_BY,
    signatures=SIGNATURES,
)
