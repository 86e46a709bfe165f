"""A gateway from its box: claim code on file, nothing else; until the broker has its readings."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulators.authority import DAY, Authority
from simulators.enrolment import Enrolment
from simulators.stage import Child
from tests.peers.mosquitto import Mosquitto, Tls

pytestmark = [pytest.mark.house, pytest.mark.timeout(90)]

SIM = """
lines:
  bus1:
    kind: tcp
    port: {port}
    units:
      - {{map: simulated_pump, unit_id: 1, home: {{pump: inverter, share: 1.0, start: 10 d}}}}
"""
GATEWAY = """
gateway: gw-box
spool: {{path: {folder}/spool.db, commit_every: 1 s}}
platform:
  broker: {broker}
  acknowledge: puback
  batch_every: 1 s
  enrol:
    at: {enrol}
    claim_code: claim-code
    ca: {ca}
    folder: identity
lines:
  - {{name: bus1, port: "tcp://127.0.0.1:{port}", devices: [
      {{name: hp, driver: simulated_pump, unit_id: 1, every: 1 s}}]}}
"""
G = "gw-box"


class Box:
    """A gateway and what it said last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agent = Child.python(
            "agent.cli", "run", str(folder / "gateway.yaml"), "--json", log=folder / "agent.log"
        )
        self.agent.on_json = self._heard
        self.said: dict[str, Any] = {}
        self._changed = asyncio.Event()

    def _heard(self, line: dict[str, Any]) -> None:
        self.said = line
        self._changed.set()

    async def until(self, standing: str, *lights: str) -> None:
        """Wait for this standing of the certificate, and for one of these lights."""
        found: tuple[object, object] = ("", "")
        try:
            async with asyncio.timeout(45.0):
                while found[0] != standing or found[1] not in lights:
                    self._changed.clear()
                    await self._changed.wait()
                    found = (self.said["identity"]["standing"], self.said["light"])
        except TimeoutError:
            pytest.fail(f"{found}\n{(self.folder / 'agent.log').read_text()[-3000:]}")


async def status(folder: Path) -> tuple[int, str | None, str | None]:
    """Exit code of `status`, the light and the standing of the certificate in its answer."""
    command = (sys.executable, "-m", "agent.cli", "status", str(folder / "gateway.yaml"), "--json")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    said = json.loads(out)
    light, identity = said["light"] or {}, said["identity"] or {}
    assert process.returncode is not None
    return process.returncode, light.get("shows"), identity.get("standing")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Enrolment]:
    with Enrolment(Authority(tmp_path / "ca")) as found:
        yield found


@pytest.fixture
async def pump(tmp_path: Path) -> AsyncIterator[Child]:
    with_port = tmp_path / "sim.yaml"
    with_port.write_text(SIM.format(port=0))
    sim = Child.python("simulators.cli", str(with_port), "--json", log=tmp_path / "sim.log")
    await sim.start()
    await sim.heard("ready")
    yield sim
    await sim.stop()


async def test_from_the_box_to_the_broker_withdrawn_and_back(
    tmp_path: Path, service: Enrolment, pump: Child
) -> None:
    authority, now = service.authority, datetime.now(UTC)
    server = authority.server(now - DAY, now + DAY)
    tls = Tls(authority.ca, *server, require_certificate=True, crl=authority.crl)
    code = tmp_path / "claim-code"
    async with Mosquitto(tmp_path, tls=tls) as broker:
        (tmp_path / "gateway.yaml").write_text(
            GATEWAY.format(
                folder=tmp_path,
                broker=broker.url,
                enrol=service.url,
                ca=authority.ca,
                port=json.loads(await pump.heard("ready"))["port"],
            )
        )
        code.write_text("0000-0000-0000-0000")
        box = Box(tmp_path)
        await box.agent.start()
        try:
            await box.until("waiting", "starting", "no_platform")
            code.write_text(service.label(G))
            await box.until("valid", "green")
            assert box.said["uplink"]["acknowledged"] > 0
            async with asyncio.timeout(15.0):  # another program sees it a few seconds later
                while await status(tmp_path) != (0, "green", "valid"):
                    pass
            # The library that makes keys was never in this process: it costs eleven megabytes.
            assert "cryptography" not in Path(f"/proc/{box.agent.pid}/maps").read_text()
            authority.revoke(tmp_path / "identity" / "certificate.pem")
            await broker.stop()
            await broker.start()
            await box.until("withdrawn", "no_platform")
            assert "withdrawn" in box.said["identity"]["en"]
            assert box.said["devices"]["hp"]["water_supply_temp"] is not None
            code.write_text(service.label(G))
            await box.until("valid", "green")
            await pump.stop()
            await box.until("valid", "no_bus")
        finally:
            await box.agent.stop()
    assert await status(tmp_path) == (1, None, None)
    log = (tmp_path / "agent.log").read_text()
    assert code.read_text() not in log
    assert "PRIVATE" not in log
