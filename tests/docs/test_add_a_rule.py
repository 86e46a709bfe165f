"""The page for those who add a rule: its code runs, and its events are all there are."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.faults import texts
from agent.faults.catalogue import CATALOGUE
from agent.faults.rule import NOTHING, Event

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-a-rule.md").read_text("utf-8")
RULE, TEXTS, CASES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_rule_of_the_page_finds_what_its_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    words: dict[str, texts.Words] = eval(f"{{{TEXTS}}}", vars(texts).copy())  # noqa: S307 - ours
    monkeypatch.setattr(texts, "WORDS", {**texts.WORDS, **words})
    room: dict[str, Any] = {"__name__": "inverter_hot"}
    exec(RULE, room)  # noqa: S102 - our own page
    rule = room["INVERTER_HOT"]
    assert rule.fault in CATALOGUE
    cases = eval(f"{{{CASES}}}", room)  # noqa: S307
    for _, ((_, sample),), expected in cases.values():
        found = rule.look(SimpleNamespace(sample=SimpleNamespace(**sample)), {})
        assert [rule.name for _ in found] == expected
        assert found == NOTHING or rule.words.en.format_map(dict(found[0].evidence))


def test_the_events_of_the_page_are_all_there_are() -> None:
    (table,) = re.findall(r"^\| event .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([A-Z]+)`", table)
    assert sorted(named) == sorted(one.name or "" for one in Event)
