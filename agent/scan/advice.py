"""What each finding of the doctor is called and what to do next, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from agent.scan.diagnose import Fault


@dataclass(frozen=True, slots=True)
class Advice:
    """Name of a fault and the next step, in both languages."""

    en: str
    zh: str
    next_en: str
    next_zh: str


ADVICE: dict[Fault, Advice] = {
    Fault.WRONG_PORT: Advice(
        "wrong port",
        "端口不对",
        "Look at `ls /dev/serial/by-id/`, pull the adapter and see which name goes; use that one."
        " If the name is right, look at rights (group dialout) and whether another program has it.",
        "查看 `ls /dev/serial/by-id/`，拔下转换器看哪个名字消失，用那个端口；"
        "名字没错时，检查权限（dialout 组）以及是否被其他程序占用。",
    ),
    Fault.SWAPPED: Advice(
        "A and B swapped",
        "A、B 接反",
        "Swap the two wires at the adapter and run this again. It does no harm.",
        "把转换器上的两根线对调，再检查一次。对调没有坏处。",
    ),
    Fault.NO_POWER: Advice(
        "nothing on the line: no power or a broken wire",
        "线路无声：未通电或断线",
        "See that the machine is on and its bus terminals are meant for Modbus; measure the wires"
        " through; swap A and B once; then try another port.",
        "确认设备已通电、所接端子是 Modbus；量通断；对调一次 A、B；再换一个端口试。",
    ),
    Fault.WRONG_BAUD: Advice(
        "wrong baud rate",
        "波特率不对",
        "Write the settings at which the machine answered into the configuration, or set the"
        " machine to those of the line.",
        "把设备应答时的设置写入配置，或者把设备改成线路的设置。",
    ),
    Fault.WRONG_PARITY: Advice(
        "wrong parity",
        "校验位不对",
        "Write the parity at which the machine answered into the configuration, or set the machine"
        " to that of the line.",
        "把设备应答时的校验位写入配置，或者把设备改成线路的校验位。",
    ),
    Fault.SECOND_MASTER: Advice(
        "a second master on the line",
        "线路上还有一个主站",
        "Find who else asks: a wired remote, a building controller, a second gateway. Only one may"
        " ask; give the other a bus of its own.",
        "找出另一个主站：线控器、楼宇控制器或第二个网关。一条线只能有一个主站，请把另一个分开接。",
    ),
    Fault.SAME_ID: Advice(
        "two machines with one id",
        "两台设备地址相同",
        "Switch one of the machines off: if the other then answers well, give one another id.",
        "先关掉其中一台；另一台恢复正常，就给其中一台换一个地址。",
    ),
    Fault.NO_TERMINATION: Advice(
        "no termination, or noise on a long line",
        "缺少终端电阻，或长线受干扰",
        "Put 120 ohm across A and B at both ends of the line and nowhere else. If that does not"
        " help, lower the baud rate and keep the line away from mains and the compressor's cable.",
        "只在线路两端各接一个 120 欧电阻。没有改善时降低波特率，并让线路远离电源线和压缩机电缆。",
    ),
    Fault.ECHO: Advice(
        "the adapter echoes",
        "转换器回送",
        "Switch the echo of the adapter off (its receiver must be off while it sends).",
        "关闭转换器的回送（发送时应关闭接收）。",
    ),
    Fault.UNIT_SILENT: Advice(
        "one machine does not answer",
        "有一台设备不应答",
        "See that it is on, that its id is the one in the configuration, and that its settings are"
        " those of the line.",
        "确认它已通电，地址与配置一致，串口设置与线路一致。",
    ),
    Fault.DAMAGED: Advice(
        "answers are damaged",
        "应答有损坏",
        "Look at the wiring in this order: loose terminals, star wiring, termination, shield.",
        "依次检查：端子松动、星形接线、终端电阻、屏蔽层。",
    ),
    Fault.WRONG_DRIVER: Advice(
        "another machine than configured",
        "设备与配置的驱动不符",
        "Look at the name plate and correct `driver` in the configuration; write nothing before."
        " `heatpump-agent scan` says what speaks for which driver.",
        "核对铭牌，改正配置里的 driver，此前不要写入；`heatpump-agent scan` 会列出依据。",
    ),
    Fault.WELL: Advice(
        "all well",
        "一切正常",
        "Compare supply, return and outdoor temperature with the display: `heatpump-agent read`.",
        "用 `heatpump-agent read` 把出水、回水、室外温度与显示屏对照。",
    ),
}
