"""A household at its page, in a real browser, with a real gateway behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bench.chromium import DESKTOP, IS_HERE, MISSING, PHONE, chromium
from bench.pagehomes import Gateway

pytestmark = [
    pytest.mark.house,
    pytest.mark.timeout(200),
    pytest.mark.skipif(not IS_HERE, reason=MISSING),
]

SEEN = {"zh-CN": "知道了", "en-US": "I have seen it"}
SAID = {"zh-CN": "已知晓", "en-US": "seen"}


@pytest.fixture(scope="module")
def home() -> Iterator[Gateway]:
    with Gateway() as found:
        found.do(found.stage.sim.say({"line": "bus1", "unit": 2, "fault": "silent"}))
        yield found


def dial(home: Gateway) -> dict[str, object]:
    found: dict[str, object] = home.live()["homes"][0]["dial"]
    return found


@pytest.mark.parametrize(
    ("size", "language", "words"),
    [
        (PHONE, "zh-CN", ("热泵", "室内", "想要的室温", "本采暖季", "一周计划", "登录后可以调节")),
        (DESKTOP, "en-US", ("Heat pump", "Room", "Wanted in the room", "This season",
                            "Week plan", "Log in to change anything")),
    ],
)  # fmt: skip
def test_the_house_is_seen_in_both_languages_on_phone_and_desktop(
    home: Gateway, size: tuple[int, int], language: str, words: tuple[str, ...]
) -> None:
    with chromium(size, language) as page:
        page.open(home.base)
        page.reads(*words, "°C", "kW")
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
        assert page.hosts() == {home.base.removeprefix("http://")}
        assert page.complaints() == []


def test_with_scripts_blocked_the_numbers_are_there_and_a_tap_works(home: Gateway) -> None:
    with chromium(scripts=False) as page:
        page.open(f"{home.base}/?lang=zh")
        for word in ("室内", "°C", "按计划", "今天", "度"):
            assert word in page.text
        page.log_in(home.base, home.code)
        before = float(str(dial(home)["value"]))
        page.tap("#more-midea")
        page.reads("已完成", "按您的要求保持到")
        assert float(str(dial(home)["value"])) == before + 0.5
        page.tap("#back-midea")
        page.reads("已完成")
        assert dial(home)["until"] is None


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (DESKTOP, "en-US")])
def test_warmer_by_two_taps_and_until_when(
    home: Gateway, size: tuple[int, int], language: str
) -> None:
    with chromium(size, language) as page:
        page.log_in(home.base, home.code)
        before = float(str(dial(home)["value"]))
        page.tap("#more-midea")
        page.tap("#more-midea")
        page.until(lambda: dial(home)["until"], "the gateway's word until when")
        now = datetime.fromisoformat(home.live()["at"])
        until = datetime.fromisoformat(str(dial(home)["until"]))
        assert timedelta(hours=3, minutes=59) <= until - now <= timedelta(hours=24)
        assert float(str(dial(home)["value"])) == before + 1.0
        page.reads(f"{until:%H:%M}", f"{before + 1.0:.1f} °C")
        page.until(lambda: home.live()["homes"][0]["decides"] == "resident", "the resident's rank")
        page.tap("#back-midea")
        page.until(lambda: dial(home)["until"] is None, "the plan to hold again")
        assert page.complaints() == []


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (DESKTOP, "en-US")])
def test_the_week_plan_is_changed_by_touch(
    home: Gateway, size: tuple[int, int], language: str
) -> None:
    with chromium(size, language) as page:
        page.log_in(home.base, home.code)
        page.open(f"{home.base}/plan?device=midea")
        steps = page.until(lambda: page.all(".steps li"), "the steps")
        assert len(steps) == 3
        page.tap(".steps li:nth-child(1) .more")
        page.tap(".steps li:nth-child(3) .delete")
        page.tap(".add")
        page.tap(".steps li:nth-child(3) .days label:nth-child(7)")
        page.tap("#plan > .row button")
        page.until(lambda: page.driver.current_url.endswith("said=verified"), "the plan to be kept")
        plan = home.live()["homes"][0]["plan"]
        assert plan[0] == {"days": [0, 1, 2, 3, 4], "minute": 360, "value": 20.5}
        assert plan[2]["days"] == [0, 1, 2, 3, 4, 5]
        assert plan[2]["minute"] == 480
        page.open(f"{home.base}/plan?device=midea")
        page.tap("main form:last-of-type .link")
        page.until(lambda: home.live()["homes"][0]["plan"][0]["value"] == 20.0, "the old plan")
        assert page.complaints() == []


def test_away_and_back(home: Gateway) -> None:
    with chromium() as page:
        page.log_in(home.base, home.code)
        page.tap("#mode-midea-away")
        page.until(lambda: home.live()["homes"][0]["mode"] == "away", "away")
        page.until(lambda: page.all("#mode-midea-away[aria-pressed=true]"), "the mode to be lit")
        page.tap("#mode-midea-plan")
        page.until(lambda: home.live()["homes"][0]["mode"] == "plan", "the plan")


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (DESKTOP, "en-US")])
def test_a_platform_that_is_away_is_shown_without_a_reload(
    home: Gateway, size: tuple[int, int], language: str
) -> None:
    away = {"zh-CN": "未连接，供暖照常", "en-US": "not connected; heating goes on"}[language]
    back = {"zh-CN": "平台: 已连接", "en-US": "Platform: connected"}[language]
    with chromium(size, language) as page:
        page.open(home.base)
        page.reads(back, within_s=60.0)
        home.do(home.stage.stop_broker())
        page.reads(away, within_s=30.0)
        home.do(home.stage.start_broker())
        page.reads(back, within_s=60.0)


def test_an_alarm_is_seen_and_acknowledged(home: Gateway) -> None:
    def silent() -> list[dict[str, object]]:
        return [one for one in home.live()["alarms"] if one["device"] == "haier"]

    with chromium(PHONE, "zh-CN") as page:
        page.log_in(home.base, home.code)
        page.until(silent, "the alarm of the silent pump", 170.0, every_s=2.0)
        page.reads("热泵售后 400-000-0000", SEEN["zh-CN"])
        for button in page.until(lambda: page.all("[id^=seen-]"), "something to acknowledge"):
            if "haier" in button.find_element("xpath", "..").get_attribute("innerHTML"):
                button.click()
                break
        page.until(lambda: silent()[0]["acknowledged"], "the acknowledgement")
        page.reads(SAID["zh-CN"])
