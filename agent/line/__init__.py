"""The wire: one line, one exchange at a time, and whose turn it is."""

from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.line import Line
from agent.line.overheard import frames_in
from agent.line.port import Opener, Port, PortSettings
from agent.line.scheduler import Idle, Scheduler, Turn
from agent.line.silence import LongestSilence, longest_silence
from agent.line.traffic import Traffic

__all__ = [
    "Answer",
    "Garbled",
    "Idle",
    "Line",
    "LongestSilence",
    "Opener",
    "Port",
    "PortSettings",
    "Refused",
    "Reply",
    "Scheduler",
    "Silence",
    "Traffic",
    "Turn",
    "frames_in",
    "longest_silence",
]
