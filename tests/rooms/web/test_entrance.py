"""Who may do what on the page: the route table walked, codes, sessions, guesses, foreign pages."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agent.web.keys import FILE, Keys
from agent.web.limits import Pace, Tries
from agent.web.routes import EVENTS, Need
from tests.rooms.web.site import House, Visitor, coded, served

OPEN_TO_ALL = {"/", "/login", "/api/login", "/api/live", "/events", "/page.css", "/page.js"}


async def test_every_route_that_changes_something_is_refused_before_somebody_logs_in(
    tmp_path: Path,
) -> None:
    async with served(House(), tmp_path) as (site, visitor):
        assert any(route.writes for route in site.routes)
        for route in site.routes:
            if route.kind == EVENTS:
                continue
            reply = await visitor.ask(route.method, route.path, {} if route.writes else None)
            if route.path not in OPEN_TO_ALL:
                assert reply.status in (401, 303), route.path
            if route.writes and route.path != "/api/login":
                assert reply.status == 401, route.path


async def test_what_is_open_is_what_the_list_says(tmp_path: Path) -> None:
    async with served(House(), tmp_path) as (site, _):
        assert {one.path for one in site.routes if one.need is Need.NOTHING} == OPEN_TO_ALL


async def test_the_code_of_the_label_opens_and_is_nowhere_on_disk(tmp_path: Path) -> None:
    code = coded(tmp_path)
    assert len(code.replace("-", "")) == 16
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert code not in file.read_text()
    assert code.replace("-", "") not in file.read_text()
    async with served(House(), tmp_path) as (_, visitor):
        reply = await visitor.log_in(code.lower().replace("-", " "))
        assert reply.json == {"role": "installer"}
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in reply.headers["set-cookie"]
        assert (await visitor.ask("POST", "/api/pin", {"pin": "240613"})).status == 200
        household = Visitor(visitor.port)
        assert (await household.log_in("240613")).json == {"role": "resident"}
        assert (await household.ask("POST", "/api/pin", {"pin": "111222"})).status == 401
        assert (await household.ask("POST", "/api/logout", {})).status == 200
        assert (await household.ask("POST", "/api/logout", {})).status == 401


async def test_a_new_pin_ends_the_sessions_of_the_old_one(tmp_path: Path) -> None:
    code = coded(tmp_path)
    Keys(tmp_path).set_pin("240613")
    async with served(House(), tmp_path) as (_, installer):
        household = Visitor(installer.port)
        await household.log_in("240613")
        await installer.log_in(code)
        assert (await installer.ask("POST", "/api/pin", {"pin": "998877"})).status == 200
        assert (await household.ask("POST", "/api/logout", {})).status == 401
        assert (await household.log_in("240613")).status in (401, 429)


async def test_a_new_claim_code_ends_the_sessions_of_the_old_one(tmp_path: Path) -> None:
    code = coded(tmp_path)
    async with served(House(), tmp_path) as (_, installer):
        await installer.log_in(code)
        assert (await installer.ask("POST", "/api/pin", {"pin": "998877"})).status == 200
        coded(tmp_path)
        assert (await installer.ask("POST", "/api/pin", {"pin": "998877"})).status == 401


async def test_codes_that_cannot_be_read_open_nothing_and_it_is_said(tmp_path: Path) -> None:
    code = coded(tmp_path)
    async with served(House(), tmp_path) as (_, installer):
        await installer.log_in(code)
        (tmp_path / FILE).write_text('{"claim"')
        assert (await installer.ask("POST", "/api/pin", {"pin": "998877"})).status == 401
        form = await installer.ask("GET", "/login")
        assert form.status == 503
        assert str(tmp_path / FILE) in form.text, form.text


async def test_a_session_ends_when_nobody_uses_it(tmp_path: Path) -> None:
    house, code = House(), coded(tmp_path)
    async with served(house, tmp_path) as (_, visitor):
        await visitor.log_in(code)
        for _ in range(2):  # each request begins the time anew
            house.mono += 3500.0
            assert (await visitor.ask("POST", "/api/pin", {"pin": ""})).status == 200
        assert (await visitor.ask("POST", "/api/pin", {"pin": ""})).status == 200
        house.mono += 3601.0
        assert (await visitor.ask("POST", "/api/pin", {"pin": ""})).status == 401


@pytest.mark.parametrize("pin", ["12345", "1234567890123", "abcdef", "111111", "１２３４５６"])
def test_what_is_no_pin_is_refused(tmp_path: Path, pin: str) -> None:
    with pytest.raises(ValueError, match="PIN"):
        Keys(tmp_path).set_pin(pin)


async def test_guesses_cost_more_and_more_time(tmp_path: Path) -> None:
    house, code = House(), coded(tmp_path)
    async with served(house, tmp_path) as (_, visitor):
        for _ in range(4):
            assert (await visitor.log_in("wrong")).status == 401
        reply = await visitor.log_in("wrong")
        assert reply.status == 429
        assert reply.headers["retry-after"] == "1"
        assert (await visitor.log_in(code)).status == 429  # right, but too early
        house.mono += 1.1
        assert (await visitor.log_in("wrong")).headers["retry-after"] == "2"
        house.mono += 2.1
        assert (await visitor.log_in(code)).status == 200
        assert (await visitor.log_in("wrong")).status == 401  # counted anew


def test_a_thousand_guesses_take_weeks() -> None:
    tries, mono, waited = Tries(), 0.0, 0.0
    for _ in range(1000):
        wait_s = tries.wait_s("10.0.0.9", mono)
        mono, waited = mono + wait_s, waited + wait_s
        tries.failed("10.0.0.9", mono)
    assert waited > 40 * 86_400  # the sources' own delay ends at an hour each


def test_one_who_guesses_from_many_addresses_waits_too_and_keeps_nobody_out_for_long() -> None:
    tries, mono = Tries(), 0.0
    for number in range(1000):
        mono += tries.wait_s(f"10.0.{number >> 8}.{number & 255}", mono)
        tries.failed(f"10.0.{number >> 8}.{number & 255}", mono)
    assert mono > 980 * 60
    assert 0 < tries.wait_s("the household", mono) <= 60.0


def test_the_pace_lets_a_burst_through_and_then_so_many_a_second() -> None:
    pace = Pace(burst=3, a_second=2, together=2)
    assert [pace.wait_s("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert pace.wait_s("a", 0.0) == 0.5
    assert pace.wait_s("b", 0.0) == 0
    assert pace.wait_s("a", 0.5) == 0
    assert pace.wait_s("a", 0.5) > 0


async def test_too_many_requests_are_told_so(tmp_path: Path) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        found = [(await visitor.ask("GET", "/api/live")).status for _ in range(70)]
    assert found[:60] == [200] * 60
    assert found[-1] == 429


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "gateway.local:8080"}, 401),
        ({"Host": "[::1]:8080"}, 401),
        ({"Host": "gateway"}, 401),
        ({"Host": ""}, 403),
        ({"Host": "a@evil.example"}, 403),
    ],
)
async def test_a_foreign_page_changes_nothing(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        assert (await visitor.ask("POST", "/api/logout", {}, headers)).status == status


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
        b"\xff\xfe\xfd\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
        b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_request_ends_nothing(tmp_path: Path, raw: bytes) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        assert (await visitor.send(raw)).status in (400, 404)
        assert (await visitor.ask("GET", "/")).status == 200


@pytest.mark.parametrize(
    ("headers", "said", "status"),
    [
        ({}, {"code": 5}, 400),
        ({}, {}, 400),
        ({}, {"code": "x" * 65}, 400),
        ({}, [1], 400),
    ],
)
async def test_what_is_not_a_code_is_told_so(
    tmp_path: Path, headers: dict[str, str], said: object, status: int
) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        assert (await visitor.ask("POST", "/api/login", said, headers)).status == status


async def test_every_answer_forbids_what_the_page_does_not_need(tmp_path: Path) -> None:
    async with served(House(), tmp_path) as (site, visitor):
        for route in site.routes:
            if route.kind == EVENTS:
                continue
            reply = await visitor.ask(route.method, route.path)
            policy = reply.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "default-src 'none'" in policy
            assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/a\r\nX: y", "/<b>"])
async def test_nobody_is_led_away(tmp_path: Path, to: str) -> None:
    code = coded(tmp_path)
    async with served(House(), tmp_path) as (_, visitor):
        reply = await visitor.ask("POST", "/api/login", form={"code": code, "next": to})
        assert (reply.status, reply.headers["location"]) == (303, "/")
