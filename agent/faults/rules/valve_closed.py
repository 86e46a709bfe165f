"""F12, the hard kind: the evaporator starves although the valve is not opened wide."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults.rule import NOTHING, Event, Finding, Memory, Rule
from agent.faults.texts import WORDS
from agent.faults.view import View
from agent.model import Expected, Severity, Suspect

STARVES_K = 8.0  # of superheat over the usual; the valve's own loop holds it within two
WIDER = 10.0  # percent of its range over the usual: a valve that opens seeks refrigerant
SETTLED_S = 900.0  # after a start or a defrost
COLDER_K = 9.0  # a starved evaporator is colder; gas that leaks past the reversing valve warms it
LEAKS = (Suspect("F14", 0.6), Suspect("F12", 0.4))
LOOKS, MOST = 5.0, 8.0  # five minutes apart; a good one takes two away


def look(view: View, memory: Memory) -> Iterable[Finding]:
    """Five looks at settled heating: superheat far over the usual, the valve no wider than ever."""
    settled = min(view.running_s, view.since_defrost_s) >= SETTLED_S
    if settled and view.sample.mode in (None, "heating"):
        _count(view, memory)
    if memory.get("n", 0.0) < LOOKS:
        return NOTHING
    evidence = {"superheat": memory["superheat_k"], "colder": memory.get("colder_k", -99.0)}
    expected = {"superheat": Expected(memory["usual_k"], STARVES_K)}
    suspects = LEAKS if memory.get("colder_k", COLDER_K) < COLDER_K else ()
    return (Finding(evidence, expected, suspects=suspects),)


def _count(view: View, memory: Memory) -> None:
    now = view.own.momentary(view.sample, view.now)
    superheat_k, n = now.get("superheat"), memory.get("n", 0.0)
    if superheat_k is None or (superheat_k <= STARVES_K and not n):
        return
    usual = view.own.means
    usual_k, usual_valve = usual.get("superheat"), usual.get("valve")
    if usual_k is None or usual_valve is None or not view.own.loop.frozen:
        return
    wider = now.get("valve", usual_valve) > usual_valve + WIDER
    if superheat_k > usual_k + STARVES_K and not wider:
        memory["n"] = min(n + 1.0, MOST)
        memory["superheat_k"], memory["usual_k"] = round(superheat_k, 1), round(usual_k, 1)
        approach_k, bare_k = now.get("approach"), usual.get("clean")
        if approach_k is not None and bare_k is not None:
            memory["colder_k"] = round(approach_k - bare_k, 1)
    else:
        memory["n"] = max(n - 2.0, 0.0)


VALVE_CLOSED = Rule(
    name="expansion_valve_closed",
    fault="F12",
    severity=Severity.S3,
    look=look,
    on=Event.FIVE,
    words=WORDS["F12"],
    needs=("compressor_frequency", "suction_temp", "eev_steps"),
    gate="15 min of heating, clear of defrosts",
    clear_after_s=3600.0,
    masked_by=("F15", "F16", "F17", "F25"),
)
