"""The alarms page of the reference: every fault of the catalogue and the rules that tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc

from agent.faults import RULES
from agent.faults.catalogue import CATALOGUE, UNKNOWN_FAULT, Fault
from agent.faults.rule import Rule

SEVERITIES = (
    "S1: damage or freezing is near, now. S2: heat or much energy is lost, somebody has to come. "
    "S3: advice.\n"
)


def page() -> str:
    """The page in Markdown."""
    head = "# Alarms\n\nWhat a gateway looks for at every device, fault by fault. "
    head += SEVERITIES
    head += "\nA rule is off where a point it needs is missing. Delays: how long it must hold "
    head += "before the alarm is raised, and be gone before it returns; what a rule waits for of "
    head += "itself (two hours of running, a day) comes before. What texts show in braces is "
    head += "evidence of the alarm.\n\n"
    return head + _overview() + "".join(map(_section, CATALOGUE.values()))


def _rules(fault: Fault) -> list[Rule]:
    return [rule for rule in RULES if _fault_of(rule) == fault.id]


def _fault_of(rule: Rule) -> str:
    return rule.fault if rule.fault in CATALOGUE else UNKNOWN_FAULT


def _overview() -> str:
    lines = ["| fault | name | 名称 | rules | source of the signature |", "|---|---|---|---|---|"]
    for fault in CATALOGUE.values():
        names = ", ".join(f"`{rule.name}`" for rule in _rules(fault)) or "none yet"
        anchor = fault.id.lower()
        lines.append(
            f"| [{fault.id}](#{anchor}) | {fault.en} | {fault.zh} | {names} | {fault.source} |"
        )
    return "\n".join(lines) + "\n"


def _section(fault: Fault) -> str:
    return f"\n## {fault.id}\n\n{fault.en}, {fault.zh}\n" + "".join(
        text for rule in _rules(fault) for text in _rule(rule)
    )


def _rule(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.name}\n\n"
    yield (getdoc(rule.look) or "").split("\n\n")[0] + "\n\n"
    yield f"- severity: {rule.severity.value}, unless evidence makes it better or worse\n"
    yield f"- devices: {', '.join(rule.kinds)}\n"
    needs = [
        " or ".join(map(_code, one)) if isinstance(one, tuple) else _code(one) for one in rule.needs
    ]
    if rule.needs_refrigerant:
        needs.append("the refrigerant")
    if needs:
        yield f"- needs: {', '.join(needs)}\n"
    if rule.gate:
        yield f"- gate: {rule.gate}\n"
    yield f"- delays: raised after {rule.raise_after_s:g} s, "
    yield f"returned after {rule.clear_after_s:g} s\n"
    if rule.masked_by:
        yield f"- hidden while one of these stands: {', '.join(rule.masked_by)}\n"
    words = rule.words
    for who, text in (
        ("technician", words.en),
        ("技术人员", words.zh),
        ("resident", words.resident_en),
        ("用户", words.resident_zh),
    ):
        if text:
            yield f"- {who}: {text}\n"


def _code(point: str) -> str:
    return f"`{point}`"
