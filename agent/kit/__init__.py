"""The kit for those who write drivers: a map's text in, findings, drafts and pages out. Pure."""

from agent.kit.check import Checked, check
from agent.kit.finding import Finding, Level
from agent.kit.page import page

__all__ = ["Checked", "Finding", "Level", "check", "page"]
