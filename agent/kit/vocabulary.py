"""How vendors' tables call things, and what we call them."""

from __future__ import annotations

import re
from fractions import Fraction

from agent.model import POINTS, PointId, Unit

_COLUMNS = {
    "number": "number address addr register reg no 地址 寄存器 编号 寄存器地址",
    "name": "name description signal parameter point 名称 参数 描述 参数名称",
    "type": "type datatype data_type format 类型 数据类型",
    "scale": "scale factor resolution multiplier 倍率 精度 系数 分辨率",
    "unit": "unit units 单位",
    "access": "access rw r/w read/write 读写 属性 权限",
    "remark": "remark remarks note notes comment values range 备注 说明 范围",
    "table": "table function register_type 寄存器类型 功能码",
    "zh": "zh chinese 中文 中文名称",
}
_COLUMN_OF = {word: name for name, words in _COLUMNS.items() for word in words.split()}

_TYPES = {
    "s16": "s16 int16 sint16 short signed i16 有符号",
    "u16": "u16 uint16 word unsigned unsigned16 enum 无符号",
    "s32": "s32 int32 sint32 long i32",
    "u32": "u32 uint32 dword ulong",
    "f32": "f32 float float32 real",
    "bool": "bool boolean bit switch 布尔 位",
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words.split()}

_UNITS = {
    Unit.CELSIUS: "degc ℃ °c c deg_c 度",
    Unit.KELVIN: "k",
    Unit.HERTZ: "hz",
    Unit.AMPERE: "a",
    Unit.VOLT: "v",
    Unit.WATT: "w",
    Unit.KILOWATT: "kw",
    Unit.KILOWATT_HOUR: "kwh 度电",
    Unit.BAR: "bar",
    Unit.LITRE_PER_MINUTE: "l/min lpm",
    Unit.RPM: "rpm r/min 转/分",
    Unit.PERCENT: "% pct %rh",
    Unit.HOUR: "h hour hours 小时",
    Unit.MINUTE: "min 分钟",
    Unit.SECOND: "s sec 秒",
    Unit.NONE: "- none 1",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}

_NAMES: dict[PointId, str] = {
    "water_supply_temp": "outlet water|water outlet|outlet water temperature|leaving water"
    "|water outlet temperature|leaving water temperature|flow temperature|supply temperature"
    "|供水温度|出水",
    "water_return_temp": "inlet water|water inlet|inlet water temperature|water inlet temperature"
    "|entering water temperature|return temperature|进水温度|回水|进水",
    "outdoor_temp": "ambient|ambient temperature|outdoor|outside temperature|环境温度|外温",
    "indoor_temp": "room|indoor temperature|room temp|室温",
    "power_on": "on/off|on off|power|unit on/off|开关|开关机状态|启停",
    "mode": "mode|working mode|operation mode|运行模式设定|模式",
    "mode_active": "state|status|running state|operating state|运行状态|当前模式",
    "water_setpoint": "set temperature|heating setpoint|water set temperature|设定温度"
    "|制热设定温度",
    "dhw_setpoint": "hot water set temperature|dhw set temperature|热水设定温度",
    "dhw_temp": "tank temperature|water tank temperature|dhw temperature|水箱温度",
    "fault_code": "fault|error|error code|alarm code|故障|报警代码",
    "energy_total": "energy|total energy|electric energy|power consumption total|电能|总用电量",
    "active_power": "active power|input power|power consumption|功率|输入功率",
    "compressor_frequency": "frequency|compressor freq|压缩机运行频率",
    "discharge_temp": "exhaust temperature|discharge gas temperature|排气",
    "suction_temp": "suction|return gas temperature|回气温度",
    "coil_temp": "coil|fin temperature|coil temperature|翅片温度",
    "water_flow": "flow|flow rate|流量",
    "defrost_active": "defrost|defrost active|除霜",
    "quiet_mode": "silent mode|silent|quiet|静音",
}
_POINT_OF: dict[str, PointId] = {
    **{word: name for name, words in _NAMES.items() for word in words.split("|")},
    **{point.en: name for name, point in POINTS.items()},
    **{point.zh: name for name, point in POINTS.items()},
    **{name.replace("_", " "): name for name in POINTS},
}

# Of one unit in another, where a point has its own.
_FACTORS = {
    (Unit.KILOWATT, Unit.WATT): Fraction(1000),
    (Unit.WATT, Unit.KILOWATT): Fraction(1, 1000),
    (Unit.MINUTE, Unit.HOUR): Fraction(1, 60),
    (Unit.SECOND, Unit.HOUR): Fraction(1, 3600),
    (Unit.CELSIUS, Unit.KELVIN): Fraction(1),  # papers give differences in degC
}

CHINESE_WORDS = {
    **dict.fromkeys(["制热", "采暖", "供暖", "制热模式"], "heat"),
    **dict.fromkeys(["制冷", "制冷模式"], "cool"),
    **dict.fromkeys(["热水", "制热水", "生活热水", "热水模式"], "dhw"),
    **dict.fromkeys(["自动", "自动模式"], "auto"),
    **dict.fromkeys(["除霜", "化霜", "除霜中"], "defrost"),
    **dict.fromkeys(["关", "关机", "关闭", "停机", "停", "停止"], "off"),
    **dict.fromkeys(["开", "开机", "开启", "打开"], "on"),
    "待机": "standby",
    "防冻": "antifreeze",
    "静音": "quiet",
}

# What a sensor can possibly show, as the map's low and high; `*` for temperatures of other names.
LIMITS: dict[PointId, tuple[str, str]] = {
    "outdoor_temp": ("-45", "60"),
    "indoor_temp": ("-20", "60"),
    "discharge_temp": ("-45", "150"),
    "suction_temp": ("-60", "90"),
    "coil_temp": ("-60", "120"),
    "*": ("-30", "110"),
}


def column(head: str) -> str | None:
    """Which column a head line means; None for one we do not use."""
    return _COLUMN_OF.get(head.strip().lower().replace(" ", "_")) or _COLUMN_OF.get(head.strip())


def kind_of(text: str) -> str:
    """Our name of a vendor's type; raises ValueError."""
    word = re.sub(r"[\s_]", "", text.strip().lower())
    kind = _TYPE_OF.get(word) if word else "u16"
    if kind is None:
        allowed = "INT16, UINT16, INT32, UINT32, FLOAT, BOOL"
        raise ValueError(f"{text!r} is no type we know; allowed: {allowed}")
    return kind


def unit_of(text: str) -> Unit:
    """Our name of a unit; raises ValueError for one that must be converted by scale first."""
    word = text.strip().lower()
    unit = _UNIT_OF.get(word) if word else Unit.NONE
    if unit is None:
        allowed = ", ".join(unit for unit in Unit if unit)
        raise ValueError(f"{text!r} is no unit here; allowed: {allowed} (convert with scale)")
    return unit


def canonical(label: str) -> PointId | None:
    """The canonical point that a vendor's name means; None when no list knows it."""
    return _POINT_OF.get(" ".join(label.lower().split()))


def times(name: PointId, unit: Unit) -> Fraction | None:
    """By what a scale is multiplied for the unit the point has; None where it is another quantity.

    A table that names no unit is believed to mean the usual one.
    """
    known = POINTS.get(name)
    if known is None or unit in (Unit.NONE, known.unit):
        return Fraction(1)
    return _FACTORS.get((unit, known.unit))


def latin(text: str) -> str:
    """What of a text can stand in a name; nothing of one that has no Latin letters or digits."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
