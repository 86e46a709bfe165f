"""Looking at a line nobody has configured yet: who is there, what it is, and what is wrong.

Reads only. Talks through `agent.line`; its judgements are pure.
"""

from agent.scan.advice import ADVICE, Advice
from agent.scan.diagnose import Evidence, Fault, Finding, diagnose
from agent.scan.draft import Choice, configuration, is_free, likely, supplied
from agent.scan.examine import Patient, doctor
from agent.scan.recognise import Guess, Verdict
from agent.scan.search import WITHIN_S, Found, Search, Wanted, search
from agent.scan.settings import Setting

__all__ = [
    "ADVICE",
    "WITHIN_S",
    "Advice",
    "Choice",
    "Evidence",
    "Fault",
    "Finding",
    "Found",
    "Guess",
    "Patient",
    "Search",
    "Setting",
    "Verdict",
    "Wanted",
    "configuration",
    "diagnose",
    "doctor",
    "is_free",
    "likely",
    "search",
    "supplied",
]
