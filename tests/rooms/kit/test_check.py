"""What can be known of a map without its machine: what is right passes, what is wrong is told."""

from __future__ import annotations

import re

import pytest

from agent.drivers import Hooks, names
from agent.drivers.registry import installed
from agent.kit import Checked, Level, check
from agent.kit.knowledge import EXPECTED
from agent.kit.report import as_json, as_text
from agent.model import POINTS, Demand, PointValue

GOOD = """\
map: acme
api: 1
covers: [{brand: Acme, model: One}]
source: ["Acme: Modbus sheet, revision C, March 2024"]
grade: draft
line: {baudrate: 9600, parity: none, stop_bits: 1, unit_id: 1, max_words: 30}
absent: {s16: [0x7FFF]}
points:
  water_supply_temp: {table: input, at: 100, type: s16, scale: 0.1, low: -30, high: 110}
  water_return_temp: {table: input, at: 101, type: s16, scale: 0.1, low: -30, high: 110}
  outdoor_temp: {table: input, at: 102, type: s16, scale: 0.1, low: -45, high: 60}
  dhw_temp: {table: input, at: 103, type: s16, scale: 0.1, low: -30, high: 110}
  buffer_temp: {table: input, at: 104, type: s16, scale: 0.1, low: -30, high: 110}
  energy_total: {table: input, at: 112, type: u32, scale: 0.1}
  x_pump_power: {table: input, at: 118, unit: W, en: pump power, zh: 水泵功率}
  defrost_active: {table: input, at: 120, bits: 3}
  mode_active: {table: input, at: 121, values: {0: standby, 1: heat, 3: defrost}}
  fault_code: {table: input, at: 129}
  software_version: {table: input, at: 130}
  power_on: {at: 200, type: bool, write: {}}
  water_setpoint: {at: 201, scale: 0.1, write: {low: 25, high: 55, step: 0.5, park: "45"}}
  mode: {at: 202, values: {1: heat, 2: cool}, write: {}}
constant: [software_version]
faults:
  point: fault_code
  codes:
    5: {label: E05, en: no water flow, zh: 水流不足}
    6: {label: d0, en: defrosting, zh: 除霜中, kind: status}
capabilities: {on_off: power_on, mode: mode, water_setpoint: water_setpoint}
"""

# what is exchanged for what, the rule that must tell, and a word of its message
WRONG = [
    ("type: s16, scale: 0.1, low: -45", "scale: 0.1, low: -45", "sign", "everyday"),
    ("at: 102, type: s16, scale: 0.1", "at: 102, type: s16, scale: 10", "scale", "coarsely"),
    ("at: 103, type: s16, scale: 0.1", "at: 103, type: s16", "scale", "neighbours"),
    ("type: u32, scale: 0.1", "scale: 0.1", "scale", "never says more"),
    ("low: -45, high: 60", "low: 0, high: 60", "limits", "everyday"),
    ("low: -45, high: 60", "low: -45, high: 600", "limits", "possible"),
    ("low: -45, high: 60", "low: 60, high: -45", "limits", "not below"),
    ("scale: 0.1, low: -45, high: 60}", "scale: 0.1}", "limits", "without"),
    ("low: -45, high: 60", "low: -45, high: 60, jump: 0.2", "jump", "ordinary changes"),
    ("low: -45, high: 60", "low: -45, high: 60, absent: [0]", "absent", "everyday"),
    ("absent: {s16: [0x7FFF]}", "absent: {s16: [0x17FFF]}", "absent", "never stands"),
    ("bits: 3", "bits: 16", "bits", "0 to 15"),
    ("{1: heat, 2: cool}", "{1: heat, 2: heat}", "values", "2 numbers"),
    ("1: heat, 3: defrost", "1: heating, 3: defrost", "values", "heating"),
    ("unit: W,", "unit: degC,", "unit", "promises"),
    ("en: pump power", "en: 水泵", "label", "English"),
    ("zh: 水泵功率", "zh: pump", "label", "Chinese"),
    ("source: [", "source: [] #", "source", "where"),
    ("covers: [", "covers: [] #", "source", "machine"),
    ("low: 25, high: 55", "low: 25, high: 95", "limits", "home"),
    ("step: 0.5", "step: 0.25", "step", "counts"),
    ("step: 0.5", "step: 7", "step", "never comes"),
    (', park: "45"', "", "park", "left with"),
    ('park: "45"', 'park: "60"', "park", "highest"),
    ("low: 25, high: 55, step: 0.5, park", "low: 5, high: 55, step: 0.5, park", None, ""),
    ('low: 25, high: 55, step: 0.5, park: "45"', 'low: 5, high: 55, park: "10"', "park", "cold"),
    ("write: {low: 25", "write: {min_interval: 1 s, low: 25", "wear", "memory"),
    ("write: {low: 25", "write: {confirm_within: 15 min, low: 25", "read-back", "longer"),
    ("write: {low: 25", "write: {at: 202, low: 25", "read-back", "mode"),
    ("on_off: power_on", "on_off: water_setpoint", "capability", "truth value"),
    ("on_off: power_on, ", "", "capability", "on_off"),
    ("{1: heat, 2: cool}", "{1: warm, 2: cool}", "capability", "heat"),
    ("constant: [software_version]", "constant: [outdoor_temp]", "constant", "changes"),
    ("absent: {s16", "ready: {point: mode, mask: 1, equals: 2}\nabsent: {s16", "ready", "never"),
    ("absent: {s16", "holes: {input: [100..103]}\nabsent: {s16", "hole", "hole"),
    ("absent: {", "blocks: [{table: input, at: 100, count: 40}]\nabsent: {", "max_words", "40"),
    ("absent: {s16", "every: 10 ms\nabsent: {s16", "poll", "busy"),
    ("max_words: 30", "max_words: 30, max_silence: 20 s", "silence", "drops control"),
    ("max_words: 30", "max_words: 30, master: passive", "master", "another"),
    ("baudrate: 9600", "baudrate: 9601", "line", "speed"),
    ("max_words: 30", "max_words: 30, answer_within: 5 ms", "line", "reply"),
    ("  point: fault_code\n", "", "faults", "no point"),
    ("en: no water flow", 'en: ""', "faults", "English"),
    ("zh: 水流不足", "zh: flow", "faults", "Chinese"),
    (", kind: status", "", "status", "state"),
    ("en: no water flow, zh: 水流不足", "en: a fault, zh: 故障, kind: status", "status", "alarm"),
    ("    6: {label: d0", "    6: {label: E05", "faults", "twice"),
    ("    5: {label", "    0: {label", "faults", "no fault"),
    ("    5: {label", "    70000: {label", "faults", "never stands"),
    ("capabilities:", "  bits: [{table: input, at: 120, bit: 3, label: b, en: thaw, zh: 霜}]\n"
     "capabilities:", "status", "defrost_active"),
    ("unit_id: 1", "unit_id: 300", "form", "not allowed"),
]  # fmt: skip


def _rules(checked: Checked) -> list[str]:
    return [f"{finding.rule}: {finding.message}" for finding in checked.findings]


def test_a_right_map_has_no_finding() -> None:
    checked = check(GOOD, "acme.yaml")
    assert _rules(checked) == []
    assert checked.map is not None


@pytest.mark.parametrize(("old", "new", "rule", "word"), WRONG)
def test_what_is_wrong_is_told_with_its_line(
    old: str, new: str, rule: str | None, word: str
) -> None:
    assert GOOD.count(old) == 1 or old in ("low: -45, high: 60", "{1: heat, 2: cool}")
    text = GOOD.replace(old, new, 1)
    checked = check(text, "acme.yaml")
    if rule is None:
        assert _rules(checked) == []
        return
    told = [finding for finding in checked.findings if finding.rule == rule]
    assert any(word in finding.message for finding in told), _rules(checked)
    assert all(0 < finding.line <= len(text.splitlines()) for finding in told)


def test_the_line_is_that_of_the_point() -> None:
    text = GOOD.replace("step: 0.5", "step: 0.25")
    (finding,) = check(text, "acme.yaml").findings
    assert text.splitlines()[finding.line - 1].strip().startswith("water_setpoint")
    assert finding.level is Level.ERROR
    assert finding.hint


@pytest.mark.parametrize("name", names())
def test_every_map_that_is_installed_passes_without_error(name: str) -> None:
    source, text = installed(name)
    checked = check(text, source.file, source.hooks)
    errors = [finding for finding in checked.findings if finding.level is Level.ERROR]
    assert not errors, "\n".join(f"{e.line}: {e.path}: {e.message}" for e in errors)


def test_what_is_expected_is_of_canonical_points_and_in_itself_right() -> None:
    for name, expected in EXPECTED.items():
        assert name in POINTS
        low, high = expected.everyday
        assert expected.possible[0] <= low < high <= expected.possible[1]


def test_the_report_is_for_people_and_for_programs() -> None:
    checked = check(GOOD.replace(', park: "45"', ""), "acme.yaml")
    text = as_text(checked)
    assert "1 error, 0 warnings" in text
    assert re.search(r"error +\d+ +points\.water_setpoint\.write +park: control", text)
    assert 'try: park: "45"' in text
    report = as_json(checked)
    assert report["ok"] is False
    assert report["map"] == "acme"
    assert report["sha256"] == checked.sha256
    assert len(checked.sha256) == 64


class Misspelt(Hooks):
    """What a vendor may have meant for hooks."""

    def before_write(self, demand: Demand) -> tuple[PointValue, ...]:  # type: ignore[override]
        return ((demand.point, demand.value),)

    def after_decoding(self) -> None:
        """No hook has this name."""

    def _own(self) -> None:
        """Nobody minds."""


def test_hooks_that_are_never_called_or_cannot_be() -> None:
    found = [one for one in check(GOOD, "acme.yaml", Misspelt).findings if one.rule == "hooks"]
    assert [(one.level, one.message) for one in found] == [
        (Level.ERROR, "the hook before_write cannot be called with demand, snapshot"),
        (Level.WARNING, "nobody calls after_decoding of the hooks"),
    ]
    assert found[0].hint == "def before_write(self, demand, snapshot)"
