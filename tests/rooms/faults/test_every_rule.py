"""What must hold for every rule: nothing seen raises nothing, no number is an error, words fit."""

from __future__ import annotations

from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.faults import RULES, Condition, Detector, Profile, Sample
from agent.faults.catalogue import CATALOGUE
from agent.faults.rule import Finding, Rule
from agent.faults.sample import FIELDS
from agent.faults.telling import Told
from agent.faults.texts import WORDS
from agent.model import Expected
from agent.replay.recorded import RecordedMachine

AT = 1_768_363_200.0
PROFILE = Profile(
    refrigerant="R32",
    highest_hz=100.0,
    eev_steps=480.0,
    high_pressure_bar=42.0,
    floor_heating=True,
)
MODES = (None, "heating", "hot_water", "cooling", "defrost", "idle")
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False), st.floats(-60.0, 160.0))
STEPS = st.sampled_from((1.0, 30.0, 61.0, 700.0, 4000.0, 90000.0))


def watching(*rules: Rule) -> Detector:
    return Detector(RecordedMachine(frozenset(FIELDS)), PROFILE, rules=rules or RULES)


def test_nothing_is_said_of_samples_without_values() -> None:
    detector = watching()
    for n in range(2 * 2880 + 9):
        assert detector.see(Sample(30.0 * n, AT + 30.0 * n)) == ()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_number_is_an_error(data: st.DataObject) -> None:
    detector, mono, at = watching(), 0.0, AT
    for _ in range(data.draw(st.integers(3, 25))):
        mono += data.draw(STEPS)
        at = data.draw(st.sampled_from((AT + mono, at, at - 7200.0)))
        lost = data.draw(st.sampled_from((None, None, None, "no answer")))
        mode = data.draw(st.sampled_from(MODES))
        chosen = data.draw(st.dictionaries(st.sampled_from(FIELDS), NUMBERS, max_size=25))
        for one in detector.see(Sample(mono, at, mode=mode, lost=lost, **chosen)):
            assert isinstance(one, Condition)
            assert one.en
            assert one.zh
    again = Detector(RecordedMachine(frozenset(FIELDS)), PROFILE, detector.save(), rules=RULES)
    again.see(Sample(mono + 30.0, at + 30.0))


@settings(max_examples=30, deadline=None)
@given(st.lists(NUMBERS, min_size=len(FIELDS), max_size=len(FIELDS)))
def test_one_sample_alone_sends_nobody(row: list[float | None]) -> None:
    """A single poll opens no alarm by itself: it takes a second one, or a delay."""
    detector, calm = watching(), {"outdoor_temp": 8.0, "water_supply_temp": 35.0}
    for n in range(10):
        detector.see(Sample(30.0 * n, AT + 30.0 * n, **calm))
    said = detector.see(Sample(300.0, AT + 300.0, **dict(zip(FIELDS, row, strict=True))))
    assert [one.rule for one in said if one.raise_after_s == 0.0] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_of_the_catalogue_and_speaks_to_both(rule: Rule) -> None:
    assert rule.fault in CATALOGUE or rule.fault == "unknown"
    assert rule.words in WORDS.values()
    assert rule.words.resident_en
    assert rule.words.resident_zh


@pytest.mark.parametrize("fault", [one for one in CATALOGUE if one != "F28"])
def test_texts_of_a_fault_stand_in_both_languages(fault: str) -> None:
    words = WORDS.get(fault) or WORDS[f"{fault} stuck"]
    for text in (words.en, words.zh, words.resident_en, words.resident_zh):
        assert text.format_map(Told(Finding()))
    named = [{part[1] for part in Formatter().parse(text)} for text in (words.en, words.zh)]
    assert {name for name in named[0] if name and not name.endswith("_en")} == {
        name for name in named[1] if name and not name.endswith("_zh")
    }


def test_what_was_seen_is_told_with_what_is_usual() -> None:
    found = Finding(
        {"subcooling": 1.2, "capacity": 840.0, "size": 0.9},
        {"subcooling": Expected(5.0, 0.3), "capacity": Expected(860.0, 2.0)},
    )
    told = Told(found)
    assert told["seen_en"] == "subcooling 1.2 K (usual 5.0), heat output -18 %"
    assert told["seen_zh"] == "过冷度 1.2 K（平时5.0），制热量 -18 %"
    assert f"{told['subcooling_usual']:.1f} {told['nobody']:.1f}" == "5.0 -"
