"""The pages as pictures, of a home made for them; those of the documents come from here:

PICTURES=docs/images python -m pytest tests/browser/test_pictures.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.chromium import DESKTOP, IS_HERE, MISSING, PHONE, chromium
from bench.madehome import ALARM, HOME, LIVE, NOW
from bench.madesetup import PAPER, STAGES
from bench.pagehomes import House, Pictured

pytestmark = [pytest.mark.house, pytest.mark.skipif(not IS_HERE, reason=MISSING)]


@pytest.fixture(scope="module")
def box() -> Iterator[Pictured]:
    with Pictured(House(replace(LIVE, homes=(), set_up=False), setup=STAGES["ready"])) as found:
        yield found


@pytest.fixture(scope="module")
def home() -> Iterator[Pictured]:
    assert HOME.dial is not None
    wished = replace(HOME.dial, value=21.0, until=NOW + timedelta(hours=4))
    house = House(
        replace(LIVE, homes=(replace(HOME, decides="resident", dial=wished),)), hurry_s=1.0
    )
    with Pictured(house) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "path", "size", "language"),
    [
        ("page-phone-zh", "/", PHONE, "zh"),
        ("page-phone-en", "/", PHONE, "en"),
        ("page-desktop-en", "/", DESKTOP, "en"),
        ("plan-phone-zh", "/plan?device=hp1", PHONE, "zh"),
        ("technician-desktop-en", "/technician", DESKTOP, "en"),
        ("alarm-phone-zh", "/", PHONE, "zh"),
    ],
)
def test_a_picture(
    home: Pictured, tmp_path: Path, name: str, path: str, size: tuple[int, int], language: str
) -> None:
    home.house.live = replace(home.house.live, alarms=(ALARM,) if "alarm" in name else ())
    folder = Path(os.environ.get("PICTURES", tmp_path))
    with chromium(size) as page:
        page.log_in(home.base, home.code)
        page.open(f"{home.base}{path}{'&' if '?' in path else '?'}lang={language}")
        page.reads("gw-1")
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
        page.picture(folder / f"{name}.png")
        assert page.complaints() == []
    assert (folder / f"{name}.png").stat().st_size > 20_000


@pytest.mark.parametrize(
    ("stage", "size", "language", "word"),
    [
        ("ready", PHONE, "zh", "扫描线路"),
        ("nobody", PHONE, "zh", "没有设备应答"),
        ("found", PHONE, "zh", "它量哪台热泵的电？"),
        ("found", PHONE, "en", "Whose electricity does it measure?"),
    ],
)
def test_a_picture_of_the_setting_up(
    box: Pictured, tmp_path: Path, stage: str, size: tuple[int, int], language: str, word: str
) -> None:
    folder = Path(os.environ.get("PICTURES", tmp_path))
    name = f"install-{stage}-{'phone' if size == PHONE else 'desktop'}-{language}.png"
    box.house.setup = STAGES[stage]
    with chromium(size) as page:
        page.log_in(box.base, box.code)
        page.open(f"{box.base}/install?lang={language}")
        page.reads(word)
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
        page.picture(folder / name)
        assert page.complaints() == []
    assert (folder / name).stat().st_size > 20_000


def test_a_picture_of_the_handover(tmp_path: Path) -> None:
    file = Path(os.environ.get("PICTURES", tmp_path)) / "handover.png"
    with Pictured(House(paper=PAPER)) as found, chromium(DESKTOP) as page:
        page.log_in(found.base, found.code)
        page.open(f"{found.base}/handover")
        page.reads("验收记录", "still needed")
        page.picture(file)
        assert page.complaints() == []
    assert file.stat().st_size > 20_000
