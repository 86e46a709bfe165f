"""An installer with a phone: from the box to green, with swapped wires put right on the way."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from agent import config
from agent.drivers import driver
from bench.chromium import IS_HERE, MISSING, PHONE, chromium
from bench.commissionhomes import FreshHome
from simulators.uart import Serial
from simulators.variant import Variant, machine
from simulators.weather import synthetic_winter
from simulators.wiring import Pair, Wiring

pytestmark = [
    pytest.mark.house,
    pytest.mark.timeout(500),
    pytest.mark.skipif(not IS_HERE, reason=MISSING),
]

SEARCH, NETWORK = 'form[action="/api/setup/search"]', 'form[action="/api/setup/network"]'
SECOND_PHONE = """
document.activeElement.blur();
fetch("/api/setup/unit", {
  method: "POST",
  headers: {"Content-Type": "application/json", Accept: "application/json"},
  body: JSON.stringify(arguments[0]),
});
"""

OPEN = 'return [...document.querySelectorAll("details[open]")].map((one) => one.id)'


@pytest.fixture
def home() -> Iterator[FreshHome]:
    units = []
    for unit_id, name in ((1, "midea_mthermal_r290"), (5, "eastron_sdm120")):
        unit = machine(driver(name).map, unit_id, synthetic_winter(), Random(unit_id))
        assert isinstance(unit.registers, Variant)
        unit.registers.lacking, unit.registers.generous = frozenset(), False
        unit.serial = Serial(9600)
        units.append(unit)
    with FreshHome(Pair(units, Wiring(swapped=True))) as found:
        yield found


def test_from_the_box_to_green_with_a_wire_put_right(home: FreshHome) -> None:
    with chromium(PHONE, "zh-CN") as page:
        page.open(home.base)
        page.reads("还没有安装调试")
        page.follow("main .button")
        page.fill("#code", home.code)
        page.follow("main button")
        page.reads("扫描线路", "网络", "✓ 地址")
        page.fill(f"{NETWORK} [name=broker]", "mqtt://127.0.0.1:1")
        page.follow(f"{NETWORK} button")
        page.reads("✗ 平台", "拒绝连接")
        page.fill(f"{NETWORK} [name=broker]", home.broker)
        page.follow(f"{NETWORK} button")
        page.reads("✓ 平台")
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
        page.follow(f"{SEARCH} button")
        page.reads("正在扫描")
        page.reads("没有设备应答", "A、B 接反", "把转换器上的两根线对调", within_s=240.0)
        home.do(home.lay(Wiring()))
        page.follow(f"{SEARCH} button")
        page.reads(
            "找到 2 台设备",
            "热泵",
            "电表",
            "它量哪台热泵的电？",
            "显示屏上是这些值吗",
            "°C",
            within_s=240.0,
        )
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
        page.fill("#unit-1 input[name=name]", "east")
        page.follow("#unit-1 .leave")
        page.reads("east midea_mthermal_r290", "不用")
        page.tap("#decided-1 summary")
        page.follow("#unit-1 .take")
        page.reads("已核对")
        page.fill("input[name=gateway]", "gw-0042")
        page.tap("#decided-1 summary")
        meter = {"unit_id": 5, "taken": True, "name": "meter1", "serves": 1}
        page.driver.execute_script(SECOND_PHONE, meter)
        page.reads("属于地址 1")
        gateway = 'return document.querySelector("[name=gateway]").value'
        assert page.driver.execute_script(gateway) == "gw-0042"  # it outlives the live update
        assert page.driver.execute_script(OPEN) == ["decided-1"]  # and so does what is unfolded
        page.follow("button.write")
        page.reads("配置已写入")
        page.until(lambda: home.light() == "green", "green", 90.0)
        page.reads("east", "一切正常", within_s=30.0)
        assert page.hosts() == {home.base.removeprefix("http://")}
    made = config.read(home.config)
    assert made.gateway == "gw-0042"
    assert [device.name for line in made.lines for device in line.devices] == ["east", "meter1"]
    assert [(one.heat_pump, one.supplies[0].device) for one in made.core.homes] == [
        ("east", "meter1")
    ]
    assert home.pair.writes == 0
