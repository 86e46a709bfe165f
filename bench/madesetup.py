"""A gateway from its box at every stage of setting it up, and the sheet that is left behind at the
end: nobody's, for pictures and for whoever reads pages for a living.
"""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Raw
from msgspec.json import encode

from agent.handover import Handover, Wire
from agent.handover import Machine as Handed
from agent.handoverpage import STYLE, sheet
from agent.model import Check, Outcome, Visit
from agent.selftest import TRIAL, Report
from agent.web.setup import Guessed, Hint, Machine, Reached, Setup, Shown
from agent.web.view import Handed as Signed
from agent.web.view import Paper, Text
from bench.madehome import NOW

PORT = "/dev/heatpump/usb-1.2-00"
NETWORK = (
    Reached("address", True, Text("eth0 192.168.1.30。", "eth0 192.168.1.30.")),
    Reached(
        "route", True,
        Text("经 192.168.1.1（eth0）通往外面。", "The way out is 192.168.1.1 (eth0)."),
    ),
    Reached(
        "broker", False,
        Text(
            "platform.example:8883 拒绝连接：机器在，端口不对或服务没开。",
            "platform.example:8883 refuses: the machine is there, the port is wrong or its service"
            " is off.",
        ),
    ),
)  # fmt: skip
READY = Setup(
    "ready", "gw-1", True, (PORT, "/dev/ttyAMA0"), network=NETWORK,
    broker="mqtts://platform.example:8883",
)  # fmt: skip
MACHINES = (
    Machine(
        1, "heat_pump", "hp1", "midea_mthermal_r290",
        (
            Guessed("midea_mthermal_r290", "Midea M-Thermal Arctic R290", 0.97),
            Guessed("midea_mthermal_r32", "Midea M-Thermal Arctic R32", 0.03),
        ),
        (
            Shown(Text("出水温度", "supply water temperature"), 41.2, "°C"),
            Shown(Text("回水温度", "return water temperature"), 36.4, "°C"),
            Shown(Text("室外温度", "outdoor temperature"), -4.0, "°C"),
        ),
    ),
    Machine(
        11, "meter", "meter1", "eastron_sdm120",
        (Guessed("eastron_sdm120", "Eastron SDM120", 1.0),),
        (Shown(Text("有功功率", "active power"), 1830.0, "W"),), serves=1,
    ),
    Machine(
        21, "sensor", "room1", "xy_md02", (Guessed("xy_md02", "XY MD02", 0.93),),
        (Shown(Text("室内温度", "room temperature"), 19.5, "°C"),), serves=1,
    ),
    Machine(33, "heat_pump", "hp2", ""),
)  # fmt: skip
FOUND = Setup(
    "found", "gw-1", True, (PORT,), PORT, "9600 8N1",
    machines=(
        *MACHINES,
        Machine(
            12, "meter", "meter2", "eastron_sdm120",
            (Guessed("eastron_sdm120", "Eastron SDM120", 1.0),), taken=True, serves=1,
        ),
    ),
    network=NETWORK, broker="mqtts://platform.example:8883",
)  # fmt: skip
STAGES = MappingProxyType({
    "ready": READY,
    "searching": Setup(
        "searching", "gw-1", True, (PORT,), PORT,
        says=Text("9600 波特，无校验：地址 12", "9600 baud, no parity: id 12"),
    ),
    "nobody": Setup(
        "nobody", "gw-1", True, (PORT,), PORT, network=NETWORK,
        hints=(
            Hint(
                Text("A、B 接反", "A and B swapped"),
                Text("每次提问后线路呈中断。", "After each question the line reads as a break."),
                Text("把转换器上的两根线对调。", "Swap the two wires at the adapter."),
                0.95,
            ),
        ),
    ),
    "found": FOUND,
    "written": Setup("written", "gw-1", True, (PORT,), PORT),
})  # fmt: skip


def _report(device: str, order: str, visit: Visit, en: str, zh: str) -> Report:
    check = Check("polls", visit, en, zh, values={"answered": 10})
    return Report(device, NOW, Outcome.VERIFIED, visit, (check,), order)


_MADE = Handover(
    "gw-1", NOW, "heatpump-agent", "0.1.0", "2031-12-31",
    (
        Wire(
            "bus1", PORT, 9600, "none", 1,
            (
                Handed(
                    "east", "heat_pump", "midea_mthermal_r290", 1,
                    (
                        _report("east", "poll_check", Visit.NONE, "every poll was answered",
                                "每次轮询都有应答"),
                        _report("east", TRIAL, Visit.SOON, "it was not restored",
                                "没有恢复"),
                    ),
                    (TRIAL,),
                ),
                Handed("meter1", "meter", "eastron_sdm120", 11, (), ("poll_check",)),
            ),
        ),
    ),
)  # fmt: skip
_WHY = "not signed: this gateway has no key of its own (platform.enrol)"
PAPER = Paper(sheet(_MADE, _WHY), STYLE, Signed(Raw(encode(_MADE)), "", _WHY))
