"""The enrolment service as a command: it prints what a gateway needs, and serves it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from agent.enrol.settings import EnrolSettings, Kind
from agent.enrol.step import enrol
from simulators.stage import Child


async def test_what_it_prints_gets_a_certificate(tmp_path: Path) -> None:
    names = ("--folder", str(tmp_path / "pki"), "--gateway", "gw-1", "--gateway", "gw-2")
    service = Child.python("simulators.enrolment", *names, "--days", "30", "--json")
    await service.start()
    try:
        said = json.loads(await service.heard("codes"))
        (tmp_path / "code").write_text(said["codes"]["gw-2"])
        settings = EnrolSettings(
            "gw-2", said["url"], tmp_path / "id", tmp_path / "code", Path(said["ca"])
        )
        done = await asyncio.to_thread(enrol, settings, datetime.now(UTC), True)
        assert done.kind is Kind.INSTALLED, done.why
    finally:
        await service.stop()
