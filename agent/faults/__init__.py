"""What is wrong: samples in, alarms raised and cleared out. Pure; knows no clock and no wire."""

from __future__ import annotations

from agent.faults.believed import possible
from agent.faults.condition import Condition
from agent.faults.detector import Detector, Saved
from agent.faults.lifecycle import LifeCycle
from agent.faults.profile import Profile
from agent.faults.rights import Issuer, No
from agent.faults.rules import RULES
from agent.faults.sample import RowReader, Sample, sample_of
from agent.faults.season import ALL_YEAR, Season, SeasonSettings
from agent.faults.service import ALL, OutOfService
from agent.model import Expected, Suspect

__all__ = [
    "ALL",
    "ALL_YEAR",
    "RULES",
    "Condition",
    "Detector",
    "Expected",
    "Issuer",
    "LifeCycle",
    "No",
    "OutOfService",
    "Profile",
    "RowReader",
    "Sample",
    "Saved",
    "Season",
    "SeasonSettings",
    "Suspect",
    "possible",
    "sample_of",
]
