"""What is remembered of writes and holes, where it cannot be read any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.remembered import HOLES, KEY, recall, recall_holes
from tests.rooms.quirks.testquirk import device_of, map_of
from tests.rooms.spool.testspool import STAMP, spool_at


@pytest.mark.parametrize("saved", [b'{"of": "another version"}', b'["\xff"]'])
async def test_what_cannot_be_read_is_begun_anew(tmp_path: Path, saved: bytes) -> None:
    async with spool_at(tmp_path / "spool.db") as spool:
        await spool.count_write("hp", "mode", "2026-01-06")
        await spool.save_state(f"{KEY} hp mode", saved)
        await spool.save_state(f"{HOLES} hp", saved)
        assert await recall(spool, STAMP, "boot-1") == {("hp", "mode"): STAMP.mono}
        device = device_of(map_of("x_r1: {at: 201, en: a, zh: b}"))
        await recall_holes(spool, [device])
        assert device.unsupported == frozenset()
