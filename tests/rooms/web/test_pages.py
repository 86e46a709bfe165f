"""What the page says of a house, and what is asked of the house there."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from agent.web import Ended, words
from agent.web.installing import body
from agent.web.keys import Keys
from agent.web.routes import Asked
from agent.web.sentence import sentence
from agent.web.server import _sent
from agent.web.setup import Guessed, Machine, Setup
from agent.web.stream import Streams, Tempo
from agent.web.view import Dial, Handed, Paper, Text
from agent.web.words import WORDS, Speech
from tests.rooms.web.site import ALARM, HOME, LIVE, NOW, House, Visitor, coded, served

ZH, EN = Speech("zh"), Speech("en")


@asynccontextmanager
async def inside(house: House, folder: Path) -> AsyncIterator[Visitor]:
    """The page with somebody logged in by the household's PIN."""
    Keys(folder).set_pin("240613")
    async with served(house, folder) as (_, visitor):
        await visitor.log_in("240613")
        yield visitor


def page_of(**more: Any) -> House:
    return House(replace(LIVE, **more))


class Outline(HTMLParser):
    """What of a page may not be there: inline styles, handlers, foreign addresses, empty labels."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.wrong.append(f"{tag} {name}")
            if name in ("src", "href", "action") and value and "//" in value:
                self.wrong.append(f"{tag} {name}={value}")
            if name == "id" and value:
                self.ids.append(value)
        if tag in ("style", "iframe", "object") or (tag == "script" and not dict(attrs).get("src")):
            self.wrong.append(tag)


@pytest.mark.parametrize("path", ["/", "/login", "/plan?device=hp1", "/technician"])
async def test_a_page_asks_nothing_of_anybody_else_and_has_no_inline_code(
    tmp_path: Path, path: str
) -> None:
    code = coded(tmp_path)
    async with served(page_of(alarms=(ALARM,)), tmp_path) as (_, visitor):
        await visitor.log_in(code)
        text = (await visitor.ask("GET", path)).text
    outline = Outline(text)
    assert outline.wrong == []
    assert len(outline.ids) == len(set(outline.ids))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("19.5 °C", "-4.0 °C", "1.8 kW", "按计划保持室温 20.0 °C", "9.4 度", "自付 2.73 元",
                "补贴 1.88 元", "还可享受补贴 5210 度", "一切正常", "平台: 已连接")),
        ("en", ("19.5 °C", "the plan wants 20.0 °C in the room", "9.4 kWh", "you pay 2.73 yuan",
                "refund 1.88 yuan", "5210 kWh may still be refunded", "All is well")),
    ],
)  # fmt: skip
async def test_the_essential_is_there_before_anybody_logs_in_and_without_scripts(
    tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        text = (await visitor.ask("GET", f"/?lang={language}")).text
    for word in words:
        assert word in text
    assert 'name="value" value="20.5" aria-label' in text
    assert re.search(r'<button id="more-hp1"[^>]* disabled', text)


@pytest.mark.parametrize(
    ("asked", "cookie", "accepts", "found"),
    [
        ("", "", "", "zh-CN"),
        ("?lang=en", "", "zh-CN", "en"),
        ("", "", "en-US,en;q=0.9,zh;q=0.5", "en"),
        ("", "", "de-DE,en;q=0.9", "zh-CN"),
        ("?lang=fr", "", "", "zh-CN"),
    ],
)
async def test_chinese_first(
    tmp_path: Path, asked: str, cookie: str, accepts: str, found: str
) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        reply = await visitor.ask("GET", f"/{asked}", headers={"Accept-Language": accepts})
    assert f'<html lang="{found}">' in reply.text
    assert ("lang=en" in reply.headers.get("set-cookie", "")) is (asked == "?lang=en")


def test_every_word_is_said_somewhere() -> None:
    room = Path(words.__file__).parent
    texts = [one.read_text("utf-8") for one in room.glob("*.py") if one.name != "words.py"]
    made = (
        "audience_",
        "wanted_",
        "legend_",
        "kind_",
        "network_",
        "serves_",
        "begin_",
        "visit_",
        "S1",
        "S2",
        "S3",
    )  # put together from two parts
    for name in (one for one in WORDS if not one.startswith(made)):
        quoted = (f'"{name}"', f"'{name}'")
        assert any(one in text for text in texts for one in quoted), name


def test_every_word_is_there_in_both_languages() -> None:
    for name, text in WORDS.items():
        assert text.zh, name
        assert text.en, name
        assert text.zh.count("{}") == text.en.count("{}"), name


WATER = Dial("water", 45.0, 25.0, 55.0, 1.0)


@pytest.mark.parametrize(
    ("home", "zh", "en"),
    [
        (HOME, "正在制热：按计划保持室温 20.0 °C。",
         "Heating: the plan wants 20.0 °C in the room."),
        (replace(HOME, dial=WATER), "正在制热：按计划调节水温。",
         "Heating: the water follows the plan."),
        (replace(HOME, decides="resident", doing="idle"),
         "压缩机暂停：按您的要求保持室温 20.0 °C。",
         "The compressor rests: you wish 20.0 °C in the room."),
        (replace(HOME, decides="safety"), "安全第一", "safety comes first"),
        (replace(HOME, decides="park"), "室温读数不可靠", "the room temperature is in doubt"),
        (replace(HOME, decides="machine", doing="off"), "已关机：按热泵自己的设定运行。",
         "Switched off: it follows its own panel."),
        (replace(HOME, doing="silent"), "热泵没有应答", "does not answer"),
    ],
)  # fmt: skip
def test_one_sentence_says_what_it_does_and_why(home: Any, zh: str, en: str) -> None:
    assert zh in sentence(home, ZH)
    assert en in sentence(home, EN)


@pytest.mark.parametrize(
    ("path", "said", "point", "value"),
    [
        ("/api/wanted", {"device": "hp1", "value": 21.5}, "wanted", 21.5),
        ("/api/planned", {"device": "hp1"}, "as_planned", True),
        ("/api/mode", {"device": "hp1", "mode": "steady"}, "household_mode", "steady"),
        ("/api/mode", {"device": "hp1", "mode": "away", "until": "2026-02-12"}, "household_mode",
         "away 2026-02-12"),
        ("/api/plan", {"device": "hp1", "plan": "every 06:00 20"}, "week_plan", "every 06:00 20"),
        ("/api/seen", {"device": "hp1", "alarm": "A1"}, "alarm_acknowledge", "A1"),
    ],
)  # fmt: skip
async def test_a_wish_becomes_a_residents_command_by_script_and_by_form(
    tmp_path: Path, path: str, said: dict[str, Any], point: str, value: object
) -> None:
    house = House()
    async with inside(house, tmp_path) as visitor:
        json_reply = await visitor.ask("POST", path, said)
        form_reply = await visitor.ask("POST", path, form={k: str(v) for k, v in said.items()})
    assert json_reply.json == {"outcome": "verified", "why": "done"}
    assert (form_reply.status, form_reply.headers["location"]) == (303, "/?said=verified")
    assert len(house.wishes) == 2
    for wish in house.wishes:
        assert (wish.device, wish.point, wish.value) == ("hp1", point, value)
        assert (wish.role, wish.issuer) == ("resident", "page-1")


@pytest.mark.parametrize(
    ("why", "zh", "en"),
    [
        (
            "99 C is not allowed here; allowed: 16 to 28",
            "超出允许的范围",
            "outside of what is allowed",
        ),
        ("hp1 has not answered lately (this may pass)", "热泵最近没有应答", "not answered lately"),
        ("something new", "something new", "something new"),
    ],
)
async def test_a_refusal_is_told_plainly(tmp_path: Path, why: str, zh: str, en: str) -> None:
    house = House(end=Ended("refused", why))
    async with inside(house, tmp_path) as visitor:
        said = {"device": "hp1", "value": "21"}
        assert zh in (await visitor.ask("POST", "/api/wanted?lang=zh", form=said)).text
        reply = await visitor.ask("POST", "/api/wanted?lang=en", form=said)
        assert reply.status == 409
        assert en in reply.text
        told = await visitor.ask("POST", "/api/wanted", {"device": "hp1", "value": 21})
        assert (told.status, told.json["error"]) == (409, why)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/wanted", {"device": "hp1", "value": "hot"}),
        ("/api/wanted", {"device": "hp1", "value": 1e9}),
        ("/api/wanted", {"value": 20}),
        ("/api/mode", {"device": "hp1", "mode": "party"}),
        ("/api/plan", {"device": "hp1", "plan": "x" * 2001}),
        ("/api/seen", {"device": "", "alarm": "A1"}),
    ],
)
async def test_what_is_no_wish_reaches_nobody(
    tmp_path: Path, path: str, said: dict[str, Any]
) -> None:
    house = House()
    async with inside(house, tmp_path) as visitor:
        assert (await visitor.ask("POST", path, said)).status == 400
    assert house.wishes == []


async def test_until_when_a_choice_of_the_household_stands(tmp_path: Path) -> None:
    dial = replace(HOME.dial, until=NOW.replace(hour=20, minute=30))
    house = page_of(homes=(replace(HOME, dial=dial, decides="resident"),))
    async with inside(house, tmp_path) as visitor:
        text = (await visitor.ask("GET", "/?lang=zh")).text
    assert "按您的要求保持到 20:30" in text
    assert "恢复按计划" in text


async def test_an_alarm_says_what_to_do_and_whom_to_call(tmp_path: Path) -> None:
    async with inside(page_of(alarms=(ALARM,), connected=False), tmp_path) as visitor:
        text = (await visitor.ask("GET", "/?lang=zh")).text
    for word in ("需要检修", "请打开所有暖气阀门", "010-12345", "联网后通知：厂家、维修", "知道了",
                 "未连接，供暖照常"):  # fmt: skip
        assert word in text


async def test_what_a_machine_calls_itself_is_no_html(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    alarm = replace(ALARM, text=Text(evil, evil), todo=Text(evil, evil))
    house = page_of(alarms=(alarm,), homes=(replace(HOME, name=evil),), gateway=evil)
    async with inside(house, tmp_path) as visitor:
        text = (await visitor.ask("GET", "/")).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


async def test_the_technician_sees_the_raw_and_starts_a_test(tmp_path: Path) -> None:
    house, code = House(), coded(tmp_path)
    async with served(house, tmp_path) as (_, visitor):
        await visitor.log_in(code)
        text = (await visitor.ask("GET", "/technician?lang=en")).text
        for word in ("water_supply_temp", "41.2\N{NO-BREAK SPACE}°C", "412", "stale", "bus1", "300",
                     "water_setpoint", "F04 80%", 'action="/api/pin"',
                     "flow: 8.0 (14.0 ± 1.5)"):  # fmt: skip
            assert word in text
        assert (await visitor.ask("POST", "/api/pin", form={"pin": "240613"})).status == 303
        assert (await Visitor(visitor.port).log_in("240613")).json == {"role": "resident"}
        await visitor.ask("POST", "/api/test", {"device": "hp1"})
        await visitor.ask("POST", "/api/test", form={"device": "hp1", "order": "test_write"})
        await visitor.ask("POST", "/api/test", {"device": "hp1", "order": "poll_check"})
        refused = await visitor.ask("POST", "/api/test", {"device": "hp1", "order": "party"})
        assert refused.status == 400
        await visitor.ask("POST", "/api/confirm", form={"device": "hp1", "alarm": "A1"})
    assert [(w.point, w.value, w.role) for w in house.wishes] == [
        ("self_test", True, "service"),
        ("test_write", True, "service"),
        ("poll_check", True, "service"),
        ("alarm_acknowledge", "A1", "service"),
    ]


async def test_the_handover_is_printed_under_a_policy_of_its_own(tmp_path: Path) -> None:
    record = msgspec.Raw(b'{"gateway":"gw-1"}')
    paper = Paper("<style>b{}</style>sheet", "b{}", Handed(record, "a.b.c", ""))

    code = coded(tmp_path)
    async with served(House(paper=paper), tmp_path) as (_, visitor):
        port = visitor.port
        stranger, installer = Visitor(port), Visitor(port)
        assert (await stranger.ask("GET", "/handover")).status == 303
        assert (await stranger.ask("GET", "/api/handover")).status == 401
        await installer.log_in(code)
        sheet = await installer.ask("GET", "/handover")
        assert sheet.text == paper.html
        digest = base64.b64encode(sha256(b"b{}").digest()).decode()
        policy = sheet.headers["content-security-policy"]
        assert f"style-src 'sha256-{digest}'" in policy
        assert "script-src" not in policy
        said = (await installer.ask("GET", "/api/handover")).json
        assert said == {"handover": {"gateway": "gw-1"}, "jws": "a.b.c", "not_signed": ""}


async def test_a_resident_sees_no_raw_registers(tmp_path: Path) -> None:
    async with inside(House(), tmp_path) as visitor:
        assert (await visitor.ask("GET", "/technician")).status == 303
        assert (await visitor.ask("GET", "/api/service")).status == 401
        assert (await visitor.ask("POST", "/api/test", {"device": "hp1"})).status == 401


# --- live updates ---------------------------------------------------------------------------


class Stream:
    """An open stream of events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /events?lang=en HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        return cls(reader, writer)

    async def line(self, begins: str) -> str:
        """The next line that begins so."""
        async with asyncio.timeout(10):
            while True:
                text = (await self._reader.readline()).decode()
                assert text, "the stream has ended"
                if text.startswith(begins):
                    return text.removeprefix(begins).strip()

    async def pieces(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(await self.line("data: "))
        return found

    def close(self) -> None:
        self._writer.close()


async def test_a_change_is_sent_and_nothing_else(tmp_path: Path) -> None:
    house = House()
    async with served(house, tmp_path) as (_, visitor):
        stream = await Stream.open(visitor.port)
        first = set(await stream.pieces())
        assert first == {"alarms", "now-hp1", "dial-hp1", "mode-hp1", "money-hp1", "state"}
        assert set(await stream.pieces()) == {"day-hp1", "season-hp1", "plan-hp1"}  # slow to draw
        house.live = replace(LIVE, homes=(replace(HOME, room_c=20.7),))
        changed = await stream.pieces()
        assert "20.7 °C" in changed.pop("now-hp1")
        assert set(changed) <= {"day-hp1"}
        assert await stream.line(": ") == "still here"
        stream.close()


async def test_one_too_many_of_an_address_ends_its_oldest(tmp_path: Path) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        streams = [await Stream.open(visitor.port) for _ in range(4)]
        for stream in streams[1:]:
            await stream.pieces()
        with pytest.raises(AssertionError, match="the stream has ended"):
            await streams[0].line("this never comes")
        assert await streams[1].line(": ") == "still here"
        for stream in streams:
            stream.close()


async def test_so_many_addresses_may_watch_and_a_place_becomes_free(tmp_path: Path) -> None:
    streams = Streams(lambda asked, charts: {"now": "20"}, Tempo(0.0, 100.0))
    (route,) = streams.routes()
    open_now = []
    for number in range(8):
        stream = (await route.give(Asked("GET", "/events", f"10.0.0.{number}"))).stream
        assert stream is not None
        assert "retry" in await anext(stream)
        open_now.append(stream)
    refused = await route.give(Asked("GET", "/events", "10.0.0.99"))
    assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
    await open_now[0].aclose()
    assert (await route.give(Asked("GET", "/events", "10.0.0.99"))).status == 200
    for stream in open_now:
        await stream.aclose()


async def test_who_hangs_up_is_noticed_though_nothing_changes() -> None:
    streams = Streams(lambda asked, charts: {"now": "20"}, Tempo(0.0, 1e9))
    (route,) = streams.routes()
    stream = (await route.give(Asked("GET", "/events", "10.0.0.1"))).stream
    assert stream is not None
    gone = iter([False, False, False, True])
    reader = SimpleNamespace(at_eof=lambda: next(gone))
    sent = [text async for text in _sent(stream, reader)]
    assert [text.partition(b":")[0] for text in sent] == [b"retry", b"data"]


@pytest.mark.parametrize(("taken", "said"), [(True, "compared"), (False, "left out")])
def test_who_decided_on_a_machine_may_think_better_of_it(taken: bool, said: str) -> None:
    found = Machine(3, "heat_pump", "east", "midea", (Guessed("midea", "Midea", 0.9),))
    open_one, folded = (
        str(body(Setup("found", "gw", True, machines=(one,)), Speech("en")))
        for one in (found, replace(found, taken=taken))
    )
    form = open_one[open_one.index("<form") : open_one.index("</form>")]
    assert 'name="taken" value="true"' in form
    assert "<details" not in open_one
    decided = folded[folded.index("<details") : folded.index("</details>")]
    assert form in decided
    assert said in decided[: decided.index("</summary>")]


async def test_a_home_shows_its_own_heat_pump_though_another_name_ends_alike(
    tmp_path: Path,
) -> None:
    house = House()
    east = replace(HOME, name="East", device=f"east-{HOME.device}")
    house.live = replace(LIVE, homes=(HOME, east))
    async with served(house, tmp_path) as (_, visitor):
        text = (await visitor.ask("GET", "/")).text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    first = text[text.index(f"<h1>{HOME.name}</h1>") : text.index("<h1>East</h1>")]
    assert f"now-{HOME.device}" in first
    assert east.device not in first
