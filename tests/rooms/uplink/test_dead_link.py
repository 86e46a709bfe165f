"""A link that is gone without a word is noticed: what the kernel is told, and that it obeys."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent.uplink.dial import Address, Trust, dial
from tests.peers.mosquitto import Mosquitto


@pytest.mark.parametrize(("probe_every_s", "idle_s"), [(120.0, 120), (25.0, 25), (0.2, 1)])
async def test_the_kernel_gives_up_after_twenty_seconds(
    tmp_path: Path, probe_every_s: float, idle_s: int
) -> None:
    async with Mosquitto(tmp_path) as broker:
        with await dial(Address.parse(broker.url), Trust(), 3.0, probe_every_s) as sock:
            told = {
                name: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}"))
                for name in ("USER_TIMEOUT", "KEEPIDLE", "KEEPINTVL", "KEEPCNT")
            }
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    # In the worst case of decision 0034 the second probe, 5 s after the first, finds the 20 s over.
    assert told == {"USER_TIMEOUT": 20_000, "KEEPIDLE": idle_s, "KEEPINTVL": 5, "KEEPCNT": 3}


def _apart() -> str | None:
    """Why no network of our own can be made here; None when it can."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    try:
        subprocess.run(["unshare", "-n", "iptables", "-L"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespace with iptables here: {error}"
    return None


async def test_a_dead_path_is_noticed_busy_and_quiet(tmp_path: Path) -> None:
    if why := _apart():
        pytest.skip(why)
    # Shortened: 1.5 s instead of 20 s unanswered, probes after 1 s and 1 s more.
    child = await asyncio.create_subprocess_exec(
        "unshare", "-n", sys.executable, "-m", "tests.peers.dead_link", str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await child.communicate()
    assert child.returncode == 0
    found = json.loads(out.splitlines()[-1])
    for name, least_s in (("busy", 1.4), ("quiet", 1.9)):
        seconds, why = found[name]
        assert "timed out" in why.lower(), found
        assert least_s <= seconds <= 10.0, found
