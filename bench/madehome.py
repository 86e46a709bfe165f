"""A home that does not exist, of which everything is known: what a page shows of a full day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import sin
from zoneinfo import ZoneInfo

from agent.web.view import (
    Bar,
    Bus,
    Depth,
    Dial,
    Home,
    Lamp,
    Line,
    Live,
    Money,
    Service,
    Slot,
    Standing,
    Step,
    Test,
    Text,
    Trend,
    Value,
)

AT = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")
NOW = AT.astimezone(CHINA)
HOME = Home(
    name="east", device="hp1", doing="heating", decides="plan", room_c=19.5, outdoor_c=-4.0,
    water_c=41.2, wanted_c=20.0, power_w=1830.0, age_s=4.0,
    dial=Dial("room", 20.0, 16.0, 28.0, 0.5), mode="plan",
    plan=(
        Step((0, 1, 2, 3, 4), 360, 20.0), Step((5, 6), 450, 21.0),
        Step(tuple(range(7)), 1320, 18.0),
    ),
    today=Money(9.4, "yuan", 4.61, 1.88),
    season=Money(1203.0, "yuan", 588.2, 240.6, 5210.0),
    slots=tuple(
        Slot(
            NOW - timedelta(minutes=10 * n),
            19.4 + 0.5 * sin(n / 14) + 0.15 * sin(n / 2.5),
            20.0 if n < 60 else 18.0,
            -4.0 - 4.0 * sin(n / 23),
            max(180.0, 1500.0 + 700.0 * sin(n / 9)),
        )
        for n in range(143, 0, -1)
    ),
    bars=tuple(
        Bar(NOW.date() - timedelta(days=n), 19.0 + 6.0 * sin(n / 5) + n % 3, 19.2, -3.0)
        for n in range(60, 0, -1)
    ),
)  # fmt: skip
GREEN = Lamp("green", "green", Text("一切正常", "All is well"))
LIVE = Live("gw-1", NOW, True, True, 3, GREEN, (HOME,))
ALARM = Standing(
    "A1", "hp1", "S2", Text("水流量偏低", "Water flow is low"),
    Text("请打开所有暖气阀门", "Please open all radiator valves"), NOW - timedelta(hours=2),
    False, True, ("vendor", "service"),
)  # fmt: skip
SERVICE = Service(
    values={"hp1": (
        Value("water_supply_temp", Text("出水温度", "supply"), 41.2, "degC", "good", 4.0, 412),
        Value("indoor_temp", Text("室内温度", "room temperature"), None, "degC", "stale", 900.0),
    )},
    buses=(Bus("bus1", 300, 4, 1, 2, 0, 75, 3),),
    depth=Depth({"alarm": 0, "telemetry": 12}, 7.5, 40960, 0, 0, None, True, 500, 488, 3, 1),
    alarms=(
        Trend(
            "A1", "low_flow", "S2", "hp1", Text("水流量偏低", "Water flow is low"), NOW,
            "unacknowledged_active", "", {"flow": 8.0}, {"flow": (14.0, 1.5)}, (("F04", 0.8),),
        ),
    ),
    log=(Line(NOW, "command", {"point": "water_setpoint", "value": 42, "role": "platform"}),),
    tests={"hp1": (
        Test("self_test", NOW, "verified", "none", (
            ("none", Text("水温正常", "water is right"), ""),)),
        Test("poll_check", NOW, "verified", "soon", (
            ("soon", Text("应答有损坏", "answers arrive damaged"), "polls 10, answered 9"),)),
    )},
)  # fmt: skip
