"""The catalogue of faults: what each number stands for in words, and where its signature is from.

An alarm names faults by these numbers; people are told the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an air-to-water heat pump: number, names, source of its signature."""

    id: str
    en: str
    zh: str
    source: str


UNKNOWN_FAULT = "F00"
"""Something is unusual that no fault of the catalogue explains."""

_FIELD = "measured on one inverter unit, 40.7 device-days at 5 s"
_PRACTICE = "field practice"
_WEAR = "Rossi and Braun, HVAC&R Research 3 (1997) 19"

_TABLE = f"""
F00 | unknown anomaly | 不明异常 | own history of the machine
F01 | refrigerant undercharge or leak | 制冷剂不足或泄漏 | Choi and Kim, Energy 27 (2002) 391
F02 | refrigerant overcharge | 制冷剂过多 | NIST, Appl. Therm. Eng. 31 (2011) 765
F03 | condenser fouled on the water side | 水侧换热器结垢 | {_FIELD}
F04 | low water flow | 水流量偏低 | {_FIELD}
F05 | air in the water circuit | 水路有空气 | heat meters of 304 homes, heatpumpmonitor.org
F06 | no water flow, pump failed | 水泵故障，无水流 | {_PRACTICE}
F07 | evaporator fouled or blocked | 室外换热器脏堵 | {_FIELD}
F08 | fan fault | 风机故障 | {_PRACTICE}
F09 | defrost incomplete, ice builds up | 除霜不净，结冰累积 | DOI 10.1016/j.apenergy.2012.12.054
F10 | defrost missing | 该除霜而不除霜 | DOI 10.1016/j.apenergy.2012.12.054
F11 | needless defrost | 除霜过频 | Keene et al., 22 cold-climate field sites
F12 | expansion valve stuck | 膨胀阀卡住 | {_PRACTICE}
F13 | compressor valve leak or wear | 压缩机内漏或磨损 | {_WEAR}
F14 | reversing valve leak or stuck | 四通阀串气或卡住 | {_FIELD}
F15 | sensor open, short or absent | 传感器断路或短路 | Ouman H23 manual
F16 | sensor offset or drift | 传感器偏差 | {_FIELD}
F17 | sensor stuck | 传感器读数不变 | {_FIELD}
F18 | short cycling | 频繁启停 | 136 Swiss and 304 European homes
F19 | backup heater stuck or needless | 辅助电加热误开 | {_FIELD}
F20 | freeze risk | 冻结危险 | manuals of Poolex, Panasonic, ENBRA
F21 | capacity shortage | 制热能力不足 | {_FIELD}
F22 | supply water set too hot | 水温设定过高 | Weigert, Energy Informatics 5:70 (2022)
F23 | high pressure or overheat | 高压或过热 | {_FIELD}
F24 | mains voltage | 电源电压异常 | GB/T 12325
F25 | communication lost | 通讯中断 | {_PRACTICE}
F26 | clock wrong | 时钟错误 | {_FIELD}
F27 | meter fault | 计量故障 | {_PRACTICE}
F28 | the machine's own fault code | 机组自身故障代码 | {_FIELD}
"""


def _parse(line: str) -> Fault:
    number, english, chinese, source = (part.strip() for part in line.split("|"))
    return Fault(number, english, chinese, source)


CATALOGUE: Mapping[str, Fault] = {
    fault.id: fault for fault in map(_parse, _TABLE.strip().splitlines())
}
