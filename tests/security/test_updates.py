"""Who lives with the gateway hears of an update, what it mends, and may wish not to hear of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as with_

from agent.updates import LOOK_EVERY_S, Newer, Waiting, waiting
from agent.web import Listen, PageSettings
from agent.web.view import Text
from makedeb import deb
from makedeb.repository import publish
from makedeb.targets import TARGETS
from tests.packaging.test_repository import EPOCH, LACKS, Place, place, run
from tests.rooms.test_showing import House as Core
from tests.rooms.web.site import LIVE, House, served

MENDS = "a stranger could read the room temperature"
__all__ = ["place"]  # the fixture


@pytest.mark.skipif(bool(LACKS), reason=f"this machine lacks {', '.join(LACKS)}")
def test_what_apt_has_fetched_is_told_with_what_it_mends(place: Place) -> None:
    lists = place.folder / "apt" / "state" / "lists"
    assert waiting("1.0", lists) is None
    place.apt("update")
    assert waiting("1.0", lists) == Waiting("1.1", "")
    assert waiting("1.1", lists) is None
    root = place.folder / "root-1.10"
    (root / "DEBIAN").mkdir(parents=True)
    control = deb.control(TARGETS[0], "1.10-1~deb12", 0, f"{MENDS}\n")
    (root / "DEBIAN" / "control").write_text(control)
    newest = place.folder / "heatpump-agent_1.10-1~deb12_amd64.deb"
    run("dpkg-deb", "--root-owner-group", "--build", root, newest)
    publish([newest], place.repository, "bookworm", "ours", EPOCH + 1)
    place.apt("update")
    assert waiting("1.9", lists) == Waiting("1.10", MENDS)


@pytest.mark.skipif(bool(LACKS), reason=f"this machine lacks {', '.join(LACKS)}")
def test_a_list_of_others_is_not_read(place: Place) -> None:
    place.apt("update")
    lists = place.folder / "apt" / "state" / "lists"
    for signed in lists.glob("*_InRelease"):
        signed.write_text(signed.read_text().replace("Origin: heatpump-agent", "Origin: Debian"))
    assert waiting("1.0", lists) is None


def test_nothing_fetched_is_nothing_waiting(tmp_path: Path) -> None:
    assert waiting("1.0", tmp_path / "none") is None
    (tmp_path / "x_InRelease").write_text("Origin: heatpump-agent\n")
    assert waiting("1.0", tmp_path) is None
    (tmp_path / "x_Packages").write_bytes(b"Package: heatpump-agent\nVersion: \xff\n\n\n\nx")
    assert waiting("1.0", tmp_path) is None


def test_it_is_looked_up_once_an_hour() -> None:
    now, looks = [0.0], list[float]()

    def look() -> Waiting | None:
        looks.append(now[0])
        return Waiting("2.0", "")

    newer = Newer(lambda: now[0], look)
    for second in (0.0, 10.0, LOOK_EVERY_S - 1, LOOK_EVERY_S, LOOK_EVERY_S + 1):
        now[0] = second
        assert newer.waiting() == Waiting("2.0", "")
    assert looks == [0.0, LOOK_EVERY_S]


async def test_the_household_reads_of_it_unless_it_does_not_want_to(tmp_path: Path) -> None:
    assert shown(None, notices=True) is None
    assert shown(Waiting("0.2.0", MENDS), notices=False) is None
    told = shown(Waiting("0.2.0", MENDS), notices=True)
    assert isinstance(told, Text)
    assert MENDS in told.en
    assert MENDS in told.zh
    assert "自动安装" in told.zh
    async with served(House(with_(LIVE, update=told)), tmp_path) as (_, visitor):
        assert told.zh in (await visitor.ask("GET", "/")).text
        assert told.en in (await visitor.ask("GET", "/?lang=en")).text


def shown(newer: Waiting | None, notices: bool) -> Text | None:
    """What the page is told of an update that waits."""
    home = Core()
    home.newer = newer
    page = PageSettings(Listen("127.0.0.1", 1), "gw", Path(), update_notices=notices)
    home.showing._config = replace(home.showing._config, page=page)
    return home.showing.live().update
