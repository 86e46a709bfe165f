"""The canonical points: one name, one unit, one label in Chinese and English for each idea.

A new point is added here once. A map may add points of its own under names that begin with `x_`;
they carry unit and label in the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PointId = str
Value = float | int | bool | str


class Unit(StrEnum):
    """Units of the canonical points. NONE is for words, codes and truth values."""

    NONE = ""
    CELSIUS = "degC"
    KELVIN = "K"
    HERTZ = "Hz"
    AMPERE = "A"
    VOLT = "V"
    WATT = "W"
    KILOWATT_HOUR = "kWh"
    BAR = "bar"
    LITRE_PER_MINUTE = "L/min"
    RPM = "rpm"
    PERCENT = "%"
    HOUR = "h"
    MINUTE = "min"
    SECOND = "s"
    KILOWATT = "kW"


@dataclass(frozen=True, slots=True)
class Point:
    """A thing that can be read or set: its name, its unit, and what people call it."""

    id: PointId
    unit: Unit
    en: str
    zh: str


_TABLE = """
power_on                    |       | power                              | 开关机
mode                        |       | operating mode, set                | 设定模式
mode_active                 |       | operating mode, running            | 运行模式
water_supply_temp           | degC  | supply water temperature           | 出水温度
water_return_temp           | degC  | return water temperature           | 回水温度
water_supply_temp_total     | degC  | supply temperature after heater    | 总出水温度
outdoor_temp                | degC  | outdoor temperature                | 室外温度
indoor_temp                 | degC  | room temperature                   | 室内温度
indoor_humidity             | %     | room humidity                      | 室内湿度
water_setpoint              | degC  | water setpoint                     | 水温设定
water_hysteresis            | K     | water temperature hysteresis       | 水温回差
water_setpoint_z2           | degC  | water setpoint, zone 2             | 二区水温设定
water_setpoint_active       | degC  | water setpoint in force            | 当前水温目标
curve_offset                | K     | weather curve offset               | 气候曲线偏移
curve_index                 |       | weather curve number               | 气候曲线编号
weather_curve_on            |       | weather curve in use               | 气候曲线启用
dhw_on                      |       | hot water on                       | 生活热水开关
dhw_temp                    | degC  | hot water temperature              | 生活热水温度
dhw_setpoint                | degC  | hot water setpoint                 | 生活热水设定
dhw_boost                   |       | hot water boost                    | 热水快速加热
buffer_temp                 | degC  | buffer tank temperature            | 缓冲水箱温度
compressor_on               |       | compressor running                 | 压缩机运行
compressor_frequency        | Hz    | compressor frequency               | 压缩机频率
compressor_frequency_target | Hz    | compressor target frequency        | 压缩机目标频率
compressor_current          | A     | compressor current                 | 压缩机电流
input_current               | A     | input current                      | 输入电流
supply_voltage              | V     | supply voltage                     | 电源电压
dc_bus_voltage              | V     | DC bus voltage                     | 直流母线电压
discharge_temp              | degC  | discharge temperature              | 排气温度
suction_temp                | degC  | suction temperature                | 吸气温度
coil_temp                   | degC  | outdoor coil temperature           | 盘管温度
liquid_temp                 | degC  | refrigerant liquid temperature     | 冷媒液管温度
gas_temp                    | degC  | refrigerant gas temperature        | 冷媒气管温度
evaporating_temp            | degC  | evaporating temperature            | 蒸发温度
condensing_temp             | degC  | condensing temperature             | 冷凝温度
inverter_temp               | degC  | inverter temperature               | 变频模块温度
high_pressure               | bar   | high pressure                      | 高压压力
low_pressure                | bar   | low pressure                       | 低压压力
fan_speed                   | rpm   | fan speed                          | 风机转速
fan2_speed                  | rpm   | fan 2 speed                        | 风机2转速
eev_steps                   |       | expansion valve opening            | 膨胀阀开度
eev2_steps                  |       | expansion valve 2 opening          | 膨胀阀2开度
water_flow                  | L/min | water flow                         | 水流量
water_pressure              | bar   | water pressure                     | 水压
pump_on                     |       | circulation pump running           | 水泵运行
pump_mode                   |       | circulation pump mode              | 循环水泵模式
pump_speed                  | %     | circulation pump speed             | 水泵转速
defrost_active              |       | defrosting                         | 除霜中
antifreeze_active           |       | frost protection active            | 防冻运行
electric_heater_on          |       | backup heater on                   | 辅助电加热
dhw_heater_on               |       | hot water heater on                | 水箱电加热
quiet_mode                  |       | quiet mode                         | 静音模式
eco_mode                    |       | economy mode                       | 节能模式
sg_ready_mode               |       | SG-Ready state                     | 智能电网状态
active_power                | W     | electric power                     | 电功率
thermal_power               | W     | heat output                        | 制热功率
energy_total                | kWh   | electric energy, total             | 累计用电
heat_energy_total           | kWh   | heat energy, total                 | 累计制热量
cop                         |       | coefficient of performance         | 能效比
compressor_hours            | h     | compressor hours                   | 压缩机运行时间
compressor_starts           |       | compressor starts                  | 压缩机启动次数
alarm_active                |       | alarm present                      | 有故障
fault_code                  |       | fault code                         | 故障代码
fault_subcode               |       | fault subcode                      | 故障子代码
software_version            |       | software version                   | 软件版本
model_id                    |       | model number                       | 机型代码
serial_number               |       | serial number                      | 序列号
"""


def _parse(line: str) -> Point:
    name, unit, english, chinese = (part.strip() for part in line.split("|"))
    return Point(name, Unit(unit), english, chinese)


POINTS: dict[PointId, Point] = {
    point.id: point for point in map(_parse, _TABLE.strip().splitlines())
}
