"""The words of a self-test's findings, in both languages, and which of them comes first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import fmean

from agent.model import Check, Value, Visit


class Words(StrEnum):
    """Why a test ended early."""

    FROST = "frost"
    SILENT = "silent"
    FAULT = "fault"
    ALARM = "alarm"
    HOT = "hot"
    OUTRANKED = "outranked"
    LONG = "long"


_RANK = {Visit.NOW: 0, Visit.SOON: 1, Visit.NONE: 2}
_TEXTS: Mapping[str, tuple[str, str]] = {
    "sensors": ("a sensor shows nothing", "传感器无数值"),
    "power": (
        "it cannot be switched on and set to heat from here",
        "无法远程开机并切换到制热模式",
    ),
    "demand": ("the water setpoint does not change as asked", "水温设定未按要求改变"),
    "flow": ("the circulation pump brings no flow", "循环水泵无水流"),
    "compressor": ("the compressor does not start", "压缩机不启动"),
    "warm_already": (
        "the water is warm enough: the compressor had no reason to start",
        "水温已足够，压缩机无需启动",
    ),
    "heat": ("it makes heat", "制热正常"),
    "no_heat": ("the compressor runs and makes no heat", "压缩机运行但不制热"),
    "low_flow": ("too little water flows: supply far above return", "水流量不足，供回水温差过大"),
    "heat_unknown": ("supply and return are not known", "供回水温度未知"),
    "moved": ("a test write was read back", "试写后读回一致"),
    "restored": ("what was found is set again", "原来的设定已恢复"),
    "restore": ("what was found could not be put back", "未能恢复原来的设定"),
    "frost": ("ended: frost comes first", "已中止：防冻优先"),
    "silent": ("ended: the machine does not answer", "已中止：设备无应答"),
    "fault": ("ended: the machine shows a fault", "已中止：设备报故障"),
    "alarm": ("ended: an urgent alarm stands", "已中止：存在紧急告警"),
    "hot": ("ended: the water is too hot", "已中止：水温过高"),
    "outranked": ("ended: somebody else sets the machine", "已中止：他人正在设定设备"),
    "long": ("ended: it took too long", "已中止：超时"),
    "stopped": ("ended by order", "已按指令中止"),
}
_UNJUDGED: Mapping[str, tuple[str, str]] = {
    "trial": (
        "no setpoint one kelvin away is allowed: nothing was written",
        "相差 1 度的设定都不允许，没有写入",
    ),
    "demand": ("the setpoint is at its limit: not raised", "设定已达上限，未提高"),
    "flow": ("the machine shows no pump and no flow", "设备不显示水泵和流量"),
    "compressor": ("the machine shows no compressor and no power", "设备不显示压缩机和功率"),
}


def check(
    step: str, visit: Visit, values: Mapping[str, Value | None], judged: bool = True
) -> Check:
    """A finding with its words."""
    en, zh = _TEXTS[step] if judged or step not in _UNJUDGED else _UNJUDGED[step]
    return Check(step, visit, en, zh, judged, values)


def found_of(
    spreads_k: Sequence[float], rise_k: float | None, low_k: float, high_k: float
) -> Check:
    """What the kelvins between supply and return of a running compressor say."""
    if not spreads_k:
        return check("heat_unknown", Visit.NONE, {"rise_k": _short(rise_k)}, judged=False)
    spread_k = fmean(spreads_k)
    values = {"spread_k": _short(spread_k), "rise_k": _short(rise_k)}
    if spread_k < low_k:
        return check("no_heat", Visit.NOW if (rise_k or 0.0) < low_k else Visit.SOON, values)
    if spread_k > high_k:
        return check("low_flow", Visit.SOON, values)
    return check("heat", Visit.NONE, values)


def worst_first(checks: Sequence[Check]) -> tuple[Check, ...]:
    """What needs a visit first, then in the order of the test."""
    return tuple(sorted(checks, key=lambda one: _RANK[one.visit]))


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
