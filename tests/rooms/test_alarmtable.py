"""The alarms page names every fault, and every rule once."""

from agent.alarmtable import page
from agent.faults import RULES
from agent.faults.catalogue import CATALOGUE


def test_every_fault_and_every_rule_has_its_section() -> None:
    lines = page().splitlines()
    for fault in CATALOGUE:
        assert lines.count(f"## {fault}") == 1
    for rule in RULES:
        assert lines.count(f"### {rule.name}") == 1


def test_what_a_rule_does_is_told_in_whole_sentences() -> None:
    lines = page().splitlines()
    for rule in RULES:
        begins = lines.index(f"### {rule.name}") + 2
        told = lines[begins : lines.index("", begins)]
        assert told[-1].endswith("."), (rule.name, told)
