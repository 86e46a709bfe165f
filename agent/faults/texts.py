"""What people are told of each fault, in English and Chinese; the one place for words.

For a technician exact, with units and what was seen; for a resident what he himself can do now
and whom to call. Braces name evidence of the finding; `{x_usual}` is what was to be expected of
`x`; what is not known shows as a dash.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.faults.rule import Words

_CALL_EN = "call the service number on the machine"
_CALL_ZH = "拨打机身上的售后电话"
_NONE_EN = "Heating goes on and you need do nothing; the service knows."
_NONE_ZH = "供暖不受影响，您无需操作，售后人员已收到通知。"
_VISIT_EN = "Heating goes on. The service will look at it; you need do nothing until then."
_VISIT_ZH = "供暖仍在进行。售后人员会来检查，在此之前您无需操作。"

_OWN_HISTORY: Mapping[str, Words] = {
    "F00": Words(
        "Unusual for this machine, and like no known fault: {seen_en}. Look at the trend first.",
        "与本机平时不符，且不像任何已知故障：{seen_zh}。请先查看趋势。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F01": Words(
        "Signs of too little refrigerant: {seen_en}. Leak test, then weigh in the charge of the "
        "nameplate. R290, R32: ventilate, no flames.",
        "制冷剂不足的迹象：{seen_zh}。请检漏后按铭牌定量充注；R290、R32 须通风并禁明火。",
        "Heating has become weaker; the service will come. Do not open the outdoor unit. If you "
        f"hear hissing or smell gas at it, keep away from it, light no fire there, and {_CALL_EN}.",
        "制热变弱，售后人员会上门检查，请勿自行打开室外机。如听到漏气声或闻到异味，请远离室外机、"
        f"不要在附近用火，并{_CALL_ZH}。",
    ),
    "F02": Words(
        "Signs of too much refrigerant: {seen_en}. Recover, and weigh in the charge of the "
        "nameplate. Air in the circuit looks alike: at rest its pressure is then above that of the "
        "refrigerant at its temperature.",
        "制冷剂过多的迹象：{seen_zh}。请回收后按铭牌定量充注。系统内混入空气表现相似：停机时压力高于该温度下的"
        "饱和压力。",
        _VISIT_EN,
        _VISIT_ZH,
    ),
    "F03": Words(
        "Water side of the condenser transfers less heat: {seen_en}. Descale it; check the water "
        "quality and the strainer.",
        "水侧换热器换热变差：{seen_zh}。请除垢，并检查水质和过滤器。",
        _VISIT_EN,
        _VISIT_ZH,
    ),
    "F04": Words(
        "Water flow is low: {seen_en}. Check valves, strainer, circuit pressure and pump stage; "
        "bleed.",
        "水流量偏低：{seen_zh}。请检查阀门、过滤器、系统压力和水泵档位，并排气。",
        "Too little heating water flows. Please open all radiator or floor valves, and look at the "
        f"water pressure gauge: it should show 1 to 2 bar. If it shows less, {_CALL_EN}.",
        f"供暖水流量不足。请打开所有暖气或地暖阀门，并查看水压表，应为1至2公斤；若偏低，请{_CALL_ZH}。",
    ),
    "F07": Words(
        "Outdoor coil takes up less heat, in dry weather as well: {seen_en}. Clean the coil; check "
        "what stands before the intake, and the fan.",
        "室外换热器吸热变差，干燥天气也是如此：{seen_zh}。请清洗翅片，检查进风口遮挡和风机。",
        "Please clear leaves, snow, plastic film and anything stored within half a metre of the "
        "outdoor unit. Do not hose it in frost, and do not reach inside.",
        "请清理室外机周围半米内的树叶、积雪、塑料布和杂物。结冰天气不要用水冲洗，也不要把手伸进机内。",
    ),
    "F09": Words(
        "Ice stays on the outdoor coil after defrosts: {seen_en}. Check coil sensor, reversing "
        "valve, drain and its heater; defrost by hand.",
        "除霜后室外换热器仍有残冰：{seen_zh}。请检查盘管传感器、四通阀、排水及其加热带，并手动除霜。",
        "Please look at the outdoor unit: clear snow and ice around and below it so that water can "
        "drain. Do not chip ice off the fins and pour no hot water on them. The service will come.",
        "请查看室外机：清除周围和底部的冰雪，保证排水畅通。不要敲打翅片上的冰，也不要浇热水。售后人员会上门。",
    ),
    "F13": Words(
        "Compressor pumps less than it did at the same speed: {seen_en}. Measure pressures and "
        "current; valve plate or scroll wear.",
        "同样转速下压缩机排量下降：{seen_zh}。请测压力和电流，检查阀片或涡旋磨损。",
        _VISIT_EN,
        _VISIT_ZH,
    ),
    "F14": Words(
        "Reversing valve lets hot gas pass to the suction side: {seen_en}. Compare its pipe "
        "temperatures; replace the valve.",
        "四通阀内部串气：{seen_zh}。请对比四通阀各管温度，必要时更换。",
        _VISIT_EN,
        _VISIT_ZH,
    ),
    "F16": Words(
        "A sensor is off: {seen_en}. Compare with a thermometer or a gauge, replace or calibrate. "
        "If the gauge shows the same high pressure, there may be air in the refrigerant.",
        "传感器有偏差：{seen_zh}。请用温度计或压力表比对，更换或校准。若压力表读数同样偏高，可能是系统内混入空气。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F08 weak": Words(
        "Fan is slower than it was: {seen_en}. Check for ice or objects in the fan, bearing, "
        "capacitor, board.",
        "风机比平时慢：{seen_zh}。请检查风叶结冰或异物、轴承、电容、主板。",
        "The fan of the outdoor unit turns too slowly. If snow, ice or an object blocks the grille "
        "from outside, clear it; never reach inside. The service will come.",
        "室外机风扇转得偏慢。若外侧格栅被雪、冰或杂物挡住，请清除，切勿把手伸进机内。售后人员会上门。",
    ),
}

_AT_ONCE: Mapping[str, Words] = {
    "F05": Words(
        "Air in the water circuit: in {noisy_min:.0f} of {seen_min:.0f} looks at even pump "
        "speed the flow jumped by a quarter. Bleed; keep the circuit above 1 bar.",
        "水路有空气：水泵转速平稳时，{seen_min:.0f}次读数中有{noisy_min:.0f}次流量跳动超过四分之一。"
        "请排气，系统压力保持1 bar以上。",
        "There is air in your heating water; gurgling is a sign of it. Please bleed the radiators "
        "or the floor manifold, and see that the gauge shows 1 to 2 bar.",
        "供暖水里有空气，可能听到水流声。请给暖气片或分水器放气，并查看水压表应为1至2公斤。",
    ),
    "F06": Words(
        "No water flow with the pump commanded: {water_flow:.1f} L/min, usual "
        "{water_flow_usual:.1f} L/min; supply {water_supply_temp:.1f} C, return "
        "{water_return_temp:.1f} C. Check pump, its supply, strainer, closed valves, frozen pipe.",
        "水泵已启动但无水流：流量{water_flow:.1f} L/min（平时{water_flow_usual:.1f}），"
        "出水{water_supply_temp:.1f}℃，回水{water_return_temp:.1f}℃。请检查水泵及供电、过滤器、阀门、管路是否冻结。",
        "The heating water does not move. Leave the machine switched on: it protects itself from "
        f"frost. Open all valves you can reach and {_CALL_EN} now.",
        f"供暖水不流动。请不要断电（机组通电才能防冻），打开能够到的所有阀门，并立即{_CALL_ZH}。",
    ),
    "F08": Words(
        "Fan does not do its work: {fan_speed:.0f} rpm, usual {fan_speed_usual:.0f} rpm; air to "
        "evaporating {approach:.1f} K at {compressor_frequency:.0f} Hz. Check for ice or objects "
        "in the fan, motor, plug, board.",
        "风机工作异常：{fan_speed:.0f}转/分（平时{fan_speed_usual:.0f}），"
        "空气与蒸发温差{approach:.1f} K，"
        "{compressor_frequency:.0f} Hz。请检查风叶结冰或异物、电机、插头、主板。",
        "The fan of the outdoor unit does not turn as it should. If snow, ice or an object blocks "
        "the grille from outside, clear it; never reach inside. The heating may stop: "
        f"{_CALL_EN} now.",
        "室外机风扇转动异常。若外侧格栅被雪、冰或杂物挡住，请清除，切勿把手伸进机内。"
        f"制热可能停止，请立即{_CALL_ZH}。",
    ),
    "F10": Words(
        "Defrost is missing: {ran_h:.1f} h of heating between -8 and +6 C without one, air to coil "
        "{approach:.1f} K. Check coil sensor, defrost settings, reversing valve.",
        "该除霜而未除霜：-8至6℃下制热{ran_h:.1f}小时无除霜，空气与盘管温差{approach:.1f} K。"
        "请检查盘管传感器、除霜参数、四通阀。",
        "Ice may be growing on the outdoor unit. Please clear snow around it, do not chip the ice, "
        "and pour no water on it. The service will come.",
        "室外机可能正在结冰。请清除周围积雪，不要敲冰，也不要浇水。售后人员会上门。",
    ),
    "F11": Words(
        "Needless defrosts: {in_a_row:.0f} in a row, the last at {outdoor_temp:.1f} C outdoors "
        "with the coil at {coil_temp:.1f} C after {since_min:.0f} min. Check defrost settings "
        "and the coil sensor.",
        "除霜过频：连续{in_a_row:.0f}次无霜除霜，最近一次室外{outdoor_temp:.1f}℃、盘管{coil_temp:.1f}℃、"
        "间隔{since_min:.0f}分钟。请检查除霜参数和盘管传感器。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F12": Words(
        "Expansion valve does not follow its command: {seen_en}. Check coil, plug and needle of "
        "the valve. A clogged filter drier looks like a closed valve: it is colder behind than "
        "before.",
        "膨胀阀不按指令动作：{seen_zh}。请检查阀线圈、插头、阀针。干燥过滤器堵塞与阀关死相似：其后比其前更冷。",
        f"The heating has become weak or may stop. Leave it switched on and {_CALL_EN}.",
        f"制热变弱或可能停机。请保持通电，并{_CALL_ZH}。",
    ),
    "F14 stuck": Words(
        "Reversing valve does not switch: {what_en}. Check the pilot coil, its supply, and the "
        "valve.",
        "四通阀不换向：{what_zh}。请检查先导线圈、供电和阀体。",
        f"The machine cannot thaw itself or heats the wrong way. Leave it on and {_CALL_EN}.",
        f"机组不能正常除霜或制热方向不对。请保持通电，并{_CALL_ZH}。",
    ),
    "F15": Words(
        "Impossible value {value} from: {label_en}. Check plug, wiring and sensor.",
        "{label_zh}数值异常：{value}。请检查插头、接线和传感器。",
        _VISIT_EN,
        _VISIT_ZH,
    ),
    "F15 absent": Words(
        "No value from: {label_en}. Check plug, wiring and sensor.",
        "{label_zh}无数值。请检查插头、接线和传感器。",
        _VISIT_EN,
        _VISIT_ZH,
    ),
    "F17": Words(
        "{label_en} has shown {value:g} for {stuck_h:.1f} h of running while others moved. Check "
        "the sensor and its plug.",
        "{label_zh}运行中{stuck_h:.1f}小时一直显示{value:g}，其他数值有变化。请检查传感器和插头。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F18": Words(
        "Short cycling: {starts:.0f} starts and {short:.0f} runs under 6 min in a day, those at a "
        "defrost left out. Look at curve, hysteresis, flow, buffer, oversizing.",
        "频繁启停：一天启动{starts:.0f}次，短于6分钟的运行{short:.0f}次（不计除霜）。"
        "请检查水温曲线、回差、流量、缓冲水箱和机组选型。",
        "The machine switches on and off too often. Please open the room valves and thermostats "
        "further, so that all rooms take heat.",
        "机组启停过于频繁。请把各房间的阀门和温控器开大一些，让所有房间都能散热。",
    ),
    "F19": Words(
        "Backup heater works without need: {on_min:.0f} min on, {outdoor_temp:.1f} C outdoors, "
        "compressor at {compressor_frequency:.0f} Hz, supply {water_supply_temp:.1f} C. Check "
        "contactor, bivalent point and settings.",
        "辅助电加热误开：已开{on_min:.0f}分钟，室外{outdoor_temp:.1f}℃，"
        "压缩机{compressor_frequency:.0f} Hz，出水{water_supply_temp:.1f}℃。"
        "请检查接触器、双价点和设置。",
        "The electric heater works although the heat pump alone would do, and costs much power. "
        "If you switched on an emergency or booster mode, switch it off; else the service comes.",
        "电加热在不需要时工作，耗电较多。若您开启了应急或强热功能，请关闭；否则售后人员会上门。",
    ),
    "F20": Words(
        "{what_en} is at {value:g} C and may freeze. Visit the home today: check that the heat "
        "pump has power and runs and that water flows; if it does not run, drain the water or heat "
        "the room by other means.",
        "{what_zh}温度仅{value:g}℃，有冻结危险。请今天上门：检查热泵是否通电运行、水路是否畅通；"
        "若不能运行，请排空水路或用其他方式取暖。",
        "Your heating may freeze. See that the machine has power and is switched on, open all "
        f"valves, and {_CALL_EN} now. If nobody can come within hours, have the water drained.",
        f"供暖水可能结冰。请确认机组通电并已开机，打开所有阀门，立即{_CALL_ZH}。几小时内无人能来时，请排空水路。",
    ),
    "F20 off": Words(
        "The heat pump is off at {outdoor_temp:g} C outdoors; its water freezes within hours. "
        "Call the household: switch it on, or drain the water.",
        "室外{outdoor_temp:g}℃而热泵处于关机状态，水路几小时内就会结冰。请立即联系住户：开机，或排空水路。",
        "Your heat pump is switched off and it freezes outside. Please switch it on now. If it is "
        f"to stay off, the water must be drained: {_CALL_EN}.",
        f"热泵已关机而室外结冰。请立即开机；若要长期停用，必须排空水路，请{_CALL_ZH}。",
    ),
    "F20 ahead": Words(
        "{why_en} at {outdoor_temp:.1f} C outdoors; the water in the machine reaches 2 C in about "
        "{left_h:.1f} h (last {water_c:.1f} C, cooling constant {tau_h:.1f} h). Restore power and "
        "flow before, or drain.",
        "{why_zh}，室外{outdoor_temp:.1f}℃；机内水约{left_h:.1f}小时后降到2℃"
        "（最近{water_c:.1f}℃，冷却时间常数{tau_h:.1f}小时）。请在此之前恢复供电和水流，或排水。",
        "The heat pump stands still in the frost. Check its switch and fuse and that the house has "
        f"power; leave the pump on. If it stays off, {_CALL_EN}; the water may have to be drained.",
        "热泵在低温下停止工作。请检查机组开关、空气开关和家中是否有电，保持水泵运行；"
        f"若仍不工作，请{_CALL_ZH}，可能需要排空水路。",
    ),
    "F21": Words(
        "Capacity is short: supply {water_supply_temp:.1f} C for {water_setpoint_active:.1f} C "
        "over {short_min:.0f} min at {compressor_frequency:.0f} Hz (most {most_hz:.0f} Hz), "
        "{outdoor_temp:.1f} C outdoors. Look first for charge, flow, coil and ice.",
        "制热能力不足：{short_min:.0f}分钟内出水{water_supply_temp:.1f}℃低于设定{water_setpoint_active:.1f}℃，"
        "压缩机{compressor_frequency:.0f} Hz（最高{most_hz:.0f}），室外{outdoor_temp:.1f}℃。"
        "请先检查制冷剂、水流量、翅片和结冰。",
        "The machine gives all it can and the water stays too cool. Close windows, keep the "
        "outdoor unit free of snow and leaves. The service looks for the reason.",
        "机组已满负荷但水温仍达不到。请关好门窗，清除室外机上的积雪和树叶。售后人员会查找原因。",
    ),
    "F22": Words(
        "Supply water is set hotter than needed: {setpoint_c:.1f} C on average at "
        "{outdoor_temp:.1f} C outdoors, homes alike need {needed_c:.1f} C, for three days. Lower "
        "the curve in steps of 2 K.",
        "水温设定过高：室外平均{outdoor_temp:.1f}℃时设定{setpoint_c:.1f}℃，同类家庭约需{needed_c:.1f}℃，"
        "已连续三天。请每次将曲线降低2 K。",
        "The heating water is set hotter than it needs to be, which costs power. If your rooms are "
        "warm enough, lower the water temperature by 2 degrees and wait a day.",
        "供暖水温设得偏高，比较费电。若房间够暖，请把水温调低2度，观察一天。",
    ),
    "F23": Words(
        "High pressure or overheat: {what_en} {value:.1f} {unit}, limit {limit:.1f} {unit}. Check "
        "flow, setpoint, charge, sensor.",
        "高压或过热：{what_zh}{value:.1f} {unit}，限值{limit:.1f} {unit}。"
        "请检查水流量、水温设定、制冷剂和传感器。",
        "The machine gets too hot and may stop itself. Open all valves, lower the water "
        f"temperature, and {_CALL_EN} if it stops.",
        f"机组温度或压力过高，可能自动停机。请打开所有阀门、调低水温；若已停机，请{_CALL_ZH}。",
    ),
    "F24": Words(
        "Mains voltage {supply_voltage:.0f} V for {lasts_s:.0f} s, allowed {low:.0f} to {high:.0f} "
        "V. Do not start the compressor at undervoltage; measure at the house connection.",
        "电源电压{supply_voltage:.0f} V，已{lasts_s:.0f}秒，允许{low:.0f}至{high:.0f} V。"
        "欠压时不要启动压缩机，请在入户处测量。",
        "The voltage of your house is not right. Switch off other large consumers for now and tell "
        "the power company.",
        "家中电压不正常。请暂时关闭其他大功率电器，并联系供电公司。",
    ),
    "F25": Words(
        "The {name_en} does not answer ({why_en}). Check its power and the bus cable.",
        "{name_zh}无应答（{why_zh}），请检查电源和通讯线。",
        "The gateway cannot reach the {name_en}. Please check that it has power. If it heats as "
        "usual you need do nothing.",
        "网关联系不上{name_zh}。请检查它是否通电；若供暖正常，您无需操作。",
    ),
    "F25 frozen": Words(
        "Every value has stood still for {frozen_min:.0f} min: the link answers with old values. "
        "Restart the adapter; check the bus.",
        "所有数值{frozen_min:.0f}分钟未变：通讯返回旧数据。请重启转换器并检查总线。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F25 poor": Words(
        "{lost_percent:.0f} % of the polls of the last hours were lost. Check cable, termination, "
        "shield, addresses.",
        "最近数小时有{lost_percent:.0f}%的轮询丢失。请检查线缆、终端电阻、屏蔽和地址。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F26": Words(
        "Clock is wrong: {what_en}. Check time servers, clock battery and time zone.",
        "时钟错误：{what_zh}。请检查时间服务器、时钟电池和时区。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F27": Words(
        "Meter does not fit: {what_en} {value:.1f}, expected {value_usual:.1f} {unit}. Check "
        "wiring, transformer ratio and pulse value.",
        "计量不一致：{what_zh}{value:.1f}，应为{value_usual:.1f} {unit}。"
        "请检查接线、互感器变比和脉冲当量。",
        _NONE_EN,
        _NONE_ZH,
    ),
    "F28": Words(
        "{en}",
        "{zh}",
        "The machine shows a fault of its own: {code}. If it does not heat, switch it off and on "
        f"once; if the fault comes back, {_CALL_EN} and name the code.",
        f"机组显示故障代码{{code}}。若不制热，请断电重启一次；若再次出现，请{_CALL_ZH}并告知代码。",
    ),
}

WORDS: Mapping[str, Words] = {**_OWN_HISTORY, **_AT_ONCE}
"""By the number of the fault; a rule that says it otherwise has an entry of its own, `F20 off`."""
