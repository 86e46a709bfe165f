"""What `make run` shows comes out as it must: a command, an outage, a silent pump."""

from __future__ import annotations

import asyncio
import sys

import pytest

pytestmark = [pytest.mark.house, pytest.mark.timeout(280)]


async def test_the_tour_comes_out_as_it_must() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators.tour",
        "--brisk",
        "--end",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    for words in (
        "result  verified",
        "platform away",
        "platform reachable",
        "ALARM   haier",
        "cleared haier",
        "0 missing",
    ):
        assert words in text, text
