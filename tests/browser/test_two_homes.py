"""Two homes on one page: what is turned at one is not lost when the other is turned."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bench.chromium import IS_HERE, MISSING, PHONE, chromium
from bench.madehome import HOME, LIVE
from bench.pagehomes import House, Pictured

pytestmark = [pytest.mark.house, pytest.mark.skipif(not IS_HERE, reason=MISSING)]


def test_taps_at_two_homes_in_a_row_are_two_wishes() -> None:
    assert HOME.dial is not None
    before = HOME.dial.value
    east = replace(HOME, name="East", device="east")
    house = House(replace(LIVE, homes=(HOME, east)), hurry_s=1.0)
    with Pictured(house) as found, chromium(PHONE) as page:
        page.log_in(found.base, found.code)
        page.open(found.base)
        for device in (HOME.device, "east", "east"):
            page.tap(f"#more-{device}")
        page.until(lambda: len(house.wishes) >= 2, "two wishes")
        step = HOME.dial.step
        assert [(one.device, one.value) for one in house.wishes] == [
            (HOME.device, before + step),
            ("east", before + 2 * step),
        ]
