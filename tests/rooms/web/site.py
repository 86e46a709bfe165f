"""A page of a house that does not exist, asked over a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from agent.claim import make_code
from agent.web import Ended, Listen, PageSettings, Rooms, Wish
from agent.web.keys import Keys
from agent.web.server import serve
from agent.web.site import Site, site
from agent.web.stream import Tempo
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
)  # fmt: skip

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
    tests={"hp1": Test(NOW, "verified", "none", (("none", Text("水温正常", "water is right")),))},
)  # fmt: skip
LIMIT_S = 10.0
DONE = Ended("verified", "done")


@dataclass(slots=True)
class House:
    """What the page is told, and what was wished there."""

    live: Live = LIVE
    wishes: list[Wish] = field(default_factory=list)
    end: Ended = DONE
    mono: float = 1000.0
    hurry_s: float = 0.0
    service: Service = SERVICE

    def now(self) -> float:
        """Monotonic seconds; with `hurry_s` they pass with every look."""
        self.mono += self.hurry_s
        return self.mono

    async def told(self) -> Service:
        return self.service

    async def ask(self, wish: Wish) -> Ended:
        self.wishes.append(wish)
        return self.end

    @property
    def rooms(self) -> Rooms:
        return Rooms(lambda: self.live, self.told, self.ask)

    def site(self, folder: Path) -> Site:
        settings = PageSettings(Listen("127.0.0.1", free_port()), "gw-1", folder, "010-12345")
        return site(settings, self.rooms, self.now, Tempo(0.01, 0.05))


def coded(folder: Path) -> str:
    """A claim code that opens the page of this folder."""
    code = make_code()
    Keys(folder).set_claim(code)
    return code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser that keeps one cookie."""

    port: int
    cookie: str = ""

    async def ask(
        self,
        method: str,
        path: str,
        said: object = None,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> Reply:
        """One request, its answer."""
        sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        body = b""
        if said is not None:
            body, sent["Content-Type"] = json.dumps(said).encode(), "application/json"
        if form is not None:
            body, sent["Content-Type"] = (
                urlencode(form).encode(),
                "application/x-www-form-urlencoded",
            )
        if body:
            sent["Content-Length"] = str(len(body))
        if self.cookie:
            sent["Cookie"] = f"session={self.cookie}"
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return await self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    async def send(self, raw: bytes) -> Reply:
        """Bytes as they are."""
        async with asyncio.timeout(LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(raw)
            text = await reader.read()
            writer.close()
        head, _, body = text.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        return Reply(int(first.split()[1]), headers, body)

    async def log_in(self, code: str) -> Reply:
        """Type in a code and keep the cookie."""
        reply = await self.ask("POST", "/api/login", {"code": code})
        self.cookie = reply.headers.get("set-cookie", "").partition("=")[2].partition(";")[0]
        return reply


@asynccontextmanager
async def served(house: House, folder: Path) -> AsyncIterator[tuple[Site, Visitor]]:
    """The page on a port of its own."""
    port = free_port()
    made = house.site(folder)
    task = asyncio.create_task(
        serve(Listen("127.0.0.1", port), made.routes, made.door, "page"), name="page"
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                except OSError:
                    await asyncio.sleep(0)
        yield made, Visitor(port)
    finally:
        task.cancel()
        await asyncio.wait({task})
