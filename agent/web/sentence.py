"""What a home does and why, in one sentence; numbers and instants as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agent.web.view import Home, Text
from agent.web.words import Speech

DOING: Mapping[str, Text] = {
    "heating": Text("正在制热", "Heating"),
    "hot_water": Text("正在加热生活热水", "Heating hot water"),
    "defrosting": Text("正在除霜，几分钟后恢复制热", "Defrosting; back to heating in some minutes"),
    "cooling": Text("正在制冷", "Cooling"),
    "idle": Text("压缩机暂停", "The compressor rests"),
    "off": Text("已关机", "Switched off"),
    "unknown": Text("运行状态未知", "What it does is not known"),
}
SILENT = Text(
    "热泵没有应答。它会按自己的设定继续供暖。",
    "The heat pump does not answer. It goes on heating by its own settings.",
)
WHY: Mapping[str, Text] = {
    "plan_room": Text("按计划保持室温 {}", "the plan wants {} in the room"),
    "plan_water": Text("按计划调节水温", "the water follows the plan"),
    "resident_room": Text("按您的要求保持室温 {}", "you wish {} in the room"),
    "resident_water": Text("按您的要求调节", "as you wish"),
    "platform": Text("平台正在临时调节", "the platform adjusts it for a while"),
    "safety": Text(
        "安全第一，按安全水温供暖，您的设定稍后恢复",
        "safety comes first: safe water for now, then your choice again",
    ),
    "park": Text(
        "室温读数不可靠，先按安全水温供暖",
        "the room temperature is in doubt, so the water is kept safe",
    ),
    "off_day": Text(
        "今天是对比日，水温保持原样，用来核算节能量",
        "a day of comparison: the water stays as it was found",
    ),
    "machine": Text("按热泵自己的设定运行", "it follows its own panel"),
}


def sentence(home: Home, speech: Speech) -> str:
    """One sentence: what the system does, and why."""
    if home.doing == "silent":
        return speech.text(SILENT)
    of = home.dial.of if home.dial is not None else "water"
    key = f"{home.decides}_{of}" if home.decides in ("plan", "resident") else home.decides
    wanted = degrees(home.dial.value if home.dial is not None else home.wanted_c)
    why = speech.text(WHY[key]).format(wanted)
    if speech.language == "zh":
        return f"{speech.text(DOING[home.doing])}：{why}。"
    return f"{speech.text(DOING[home.doing])}: {why}."


def degrees(value: float | None) -> str:
    """A temperature, or a dash."""
    return "–" if value is None else f"{value:.1f} °C"


def watts(value: float | None) -> str:
    """A power, in kW from one on."""
    if value is None:
        return "–"
    return f"{value / 1000:.1f} kW" if value >= 1000 else f"{value:.0f} W"


def clock(at: datetime, now: datetime, speech: Speech) -> str:
    """A time of day, with the day where it is not today."""
    text = f"{at:%H:%M}"
    days = (at.date() - now.date()).days
    if days == 0:
        return text
    if days == 1:
        return f"明天 {text}" if speech.language == "zh" else f"{text} tomorrow"
    return f"{at:%m-%d} {text}"


def span(seconds: float, speech: Speech) -> str:
    """How long, in the largest fitting unit."""
    for size, zh, en in ((86400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {zh if speech.language == 'zh' else en}"
    return f"{max(0.0, seconds):.0f} {'秒' if speech.language == 'zh' else 's'}"
