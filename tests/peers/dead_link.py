"""A network of its own whose link dies: when do two sessions, one busy, one quiet, notice?

Run in a fresh network namespace, `unshare -n python -m tests.peers.dead_link FOLDER`: everything on
its loopback is dropped, as on a link that is gone without a word. Prints seconds and reasons.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

from agent.errors import LinkError
from agent.uplink import dial
from agent.uplink.dial import Address
from agent.uplink.session import Session
from agent.uplink.settings import SessionSettings
from tests.peers.mosquitto import Mosquitto

PROBE_EVERY_S = 1.0
LIMIT_S = 20.0


async def main(folder: Path) -> dict[str, tuple[float, str]]:
    """For the busy and the quiet session: seconds until it failed, and what it said."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Mosquitto(folder))
        busy, quiet = [
            await stack.enter_async_context(Session(_settings(broker.url, name)))
            for name in ("busy", "quiet")
        ]
        subprocess.run(["iptables", "-A", "INPUT", "-p", "tcp", "-j", "DROP"], check=True)
        async with asyncio.TaskGroup() as group:
            sent = group.create_task(_noticed(busy.publish("x", b"unanswered")))
            heard = group.create_task(_noticed(_listen(quiet)))
        return {"busy": sent.result(), "quiet": heard.result()}


def _settings(url: str, name: str) -> SessionSettings:
    """Nothing but the kernel may notice: pings and PUBACK have minutes."""
    return SessionSettings(
        Address.parse(url), name, (f"w/{name}", b""), keepalive_s=600, answer_s=600.0,
        timeout_s=600.0, probe_every_s=PROBE_EVERY_S,
    )  # fmt: skip


async def _listen(session: Session) -> None:
    async for _ in session.messages():
        pass


async def _noticed(waiting: Coroutine[Any, Any, object]) -> tuple[float, str]:
    began = monotonic()
    try:
        async with asyncio.timeout(LIMIT_S):
            await waiting
    except LinkError as error:
        return monotonic() - began, str(error)
    except TimeoutError:
        return LIMIT_S, "never noticed"
    raise AssertionError("it ended without an error")


if __name__ == "__main__":
    dial.GIVE_UP_S, dial.PROBE_AGAIN_S = 1.5, 1  # a shorter test of the same kernel
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
