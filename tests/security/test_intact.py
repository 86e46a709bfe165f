"""A file of the program that was changed is noticed, told, and not told too soon."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from msgspec.structs import replace as with_

from agent.intact import AGAIN_AFTER_S, FIRST_AFTER_S, LIST, LOOK_EVERY_S, Intact, changed
from agent.uplink.messages import StateHealth
from agent.uplink.uplink import _worth_telling
from makedeb import stage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The program as a package brings it."""
    stage.static(ROOT / "packaging" / "debian", tmp_path)
    stage.program(ROOT, "1.0", tmp_path)
    stage.seal(tmp_path)
    return tmp_path / stage.LIB


def test_the_package_lists_every_file_of_the_program(installed: Path) -> None:
    listed = {line.partition("  ")[2] for line in (installed / LIST).read_text().splitlines()}
    there = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert listed == there - {LIST}
    assert "agent/control/guard.py" in listed
    assert changed(installed) == ()


def test_each_kind_of_change_is_seen(installed: Path) -> None:
    (installed / "agent/control/guard.py").write_text("def admit(*_): return True\n")
    (installed / "agent/model.py").unlink()
    assert changed(installed) == ("agent/control/guard.py", "agent/model.py")
    (installed / LIST).write_bytes(b"\xff\xfe")
    assert changed(installed) == (LIST,)
    (installed / LIST).unlink()
    assert changed(installed) is None


class Days:
    """Time that passes when somebody waits; at given moments something happens."""

    def __init__(self, at: dict[float, object]) -> None:
        self.now, self.at = 0.0, dict(at)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [one for one in self.at if one <= self.now]:
            happen = self.at.pop(moment)
            assert callable(happen)
            happen()
        if self.now > 3 * LOOK_EVERY_S:
            raise asyncio.CancelledError


async def watched(installed: Path, at: dict[float, object]) -> Intact:
    days = Days(at)
    found = Intact(installed, days.sleep)
    with pytest.raises(asyncio.CancelledError):
        await found.run()
    return found


async def test_a_changed_file_is_told_once_it_stays_so(
    installed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    guard = installed / "agent/control/guard.py"
    found = await watched(installed, {LOOK_EVERY_S: lambda: guard.write_text("")})
    assert found.count == 1
    told = [one.getMessage() for one in caplog.records]
    assert told == [
        "files of the program were changed count=1 first=agent/control/guard.py"
    ]  # once, not every day


async def test_an_upgrade_under_way_is_no_change(
    installed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    guard = installed / "agent/control/guard.py"
    text = guard.read_text()
    guard.write_text("")
    found = await watched(
        installed, {FIRST_AFTER_S + AGAIN_AFTER_S / 2: lambda: guard.write_text(text)}
    )
    assert found.count == 0
    assert not caplog.records


async def test_a_source_tree_is_left_alone() -> None:
    await Intact().run()


def test_the_platform_hears_of_it_at_once() -> None:
    before = StateHealth(True, 1.0, {}, None, 0, 0, 0, None, 0, {}, security={"changed": 0})
    after = with_(before, security={"changed": 1})
    assert _worth_telling(before, after, after_s=10.0)
    assert not _worth_telling(before, with_(before, security={"unsigned": 9}), after_s=10.0)
