"""What is wrong: samples in, alarms raised and cleared out. Pure; knows no clock and no wire."""

from __future__ import annotations

from agent.faults.condition import Condition, Expected, Suspect
from agent.faults.detector import Detector, Saved
from agent.faults.lifecycle import LifeCycle
from agent.faults.profile import Profile
from agent.faults.rules import RULES
from agent.faults.sample import RowReader, Sample, sample_of

__all__ = [
    "RULES",
    "Condition",
    "Detector",
    "Expected",
    "LifeCycle",
    "Profile",
    "RowReader",
    "Sample",
    "Saved",
    "Suspect",
    "sample_of",
]
