"""One status that means the same on lamp and page, in `status` and at the platform. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SETTLE_S = 30.0
"""How long after the start a pump or the platform may be on its way without being missed."""
SILENT_S = 30.0
ROUNDS = 3


class Light(StrEnum):
    """What stands, the first that applies.

    Green says: every heat pump answers, no alarm needs anybody, and the platform has acknowledged
    every sample that is due.
    """

    STARTING = "starting"
    NO_BUS = "no_bus"
    NO_ANSWER = "no_answer"
    ALARM = "alarm"
    NO_PLATFORM = "no_platform"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Look:
    """A light in words, as a colour, and as flashes for lamps of one colour.

    `flashes` are seconds lit and dark by turns, from the beginning again and again; none for a
    steady light.
    """

    en: str
    zh: str
    colour: str
    flashes: tuple[float, ...]


def _times(count: int) -> tuple[float, ...]:
    """So many short flashes, then a pause; two seconds in all."""
    return (0.2, 0.2) * (count - 1) + (0.2, 2.0 - 0.2 - 0.4 * (count - 1))


LOOKS: Mapping[Light, Look] = {
    Light.STARTING: Look("Starting.", "正在启动。", "white", (1.0, 1.0)),
    Light.NO_BUS: Look(
        "The port to the heat pumps cannot be opened: look at adapter, cable and its name.",
        "通信端口打不开：请检查转换器、接线和端口名称。",
        "violet",
        _times(1),
    ),
    Light.NO_ANSWER: Look(
        "A heat pump does not answer: look at its power and at wires A and B.",
        "有热泵没有应答：请检查电源和 A、B 接线。",
        "blue",
        _times(2),
    ),
    Light.ALARM: Look(
        "An alarm stands: the page and `heatpump-agent alarms` say what to do.",
        "有报警：请看本地页面或 heatpump-agent alarms 的处理办法。",
        "red",
        (0.25, 0.25),
    ),
    Light.NO_PLATFORM: Look(
        "The platform does not answer. The heating goes on; nothing is lost.",
        "平台没有应答。供暖照常，数据不会丢失。",
        "amber",
        _times(3),
    ),
    Light.GREEN: Look(
        "All is well: the heat pumps answer and the platform has the readings.",
        "一切正常：热泵有应答，平台已收到数据。",
        "green",
        (),
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the light is told by; ages in seconds, None for never.

    `lines` says of each line whether its port is open (None: not tried yet), `pumps` of each heat
    pump how long ago it answered and how long it may take. `oldest_s` is the age of the oldest
    record that waits for the platform, None when none does; `due_s` when one should have been
    acknowledged; `sends` whether readings leave at all.
    """

    running_s: float
    lines: tuple[bool | None, ...]
    pumps: tuple[tuple[float | None, float], ...]
    alarm: bool
    connected: bool
    acknowledged_s: float | None
    oldest_s: float | None
    due_s: float
    sends: bool = True


def light(seen: Seen) -> Light:
    """What stands now."""
    starting = seen.running_s < SETTLE_S
    if False in seen.lines:
        return Light.NO_BUS
    if not all(age_s is not None and age_s <= most_s for age_s, most_s in seen.pumps):
        never = any(age_s is None for age_s, _ in seen.pumps)
        return Light.STARTING if starting and never else Light.NO_ANSWER
    if seen.alarm:
        return Light.ALARM
    if not _platform_has_all(seen):
        return Light.STARTING if starting and seen.acknowledged_s is None else Light.NO_PLATFORM
    return Light.GREEN


def answers_within_s(every_s: float) -> float:
    """How long a pump that is read so often may be silent before it counts as not answering."""
    return max(SILENT_S, ROUNDS * every_s)


def _platform_has_all(seen: Seen) -> bool:
    """While a backlog is sent the newest acknowledgement counts, else the oldest that waits."""
    if not seen.connected or not seen.sends:
        return seen.connected
    if seen.acknowledged_s is None:
        return False
    return seen.acknowledged_s <= seen.due_s or (seen.oldest_s or 0.0) <= seen.due_s
