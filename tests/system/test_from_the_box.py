"""The installed gateway, in its sandbox, from the claim code to green, page and lamp's words."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.installed import UNIT, Packages
from bench.machine import Machine
from simulators.stage import Child, free_port, mosquitto
from tests.system.fresh import install, listening, plain

CONFIG = "/etc/heatpump-agent/gateway.yaml"
IDENTITY = "/var/lib/heatpump-agent/identity"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
"""nspawn lays another one over it, which a sandbox with its own /proc does not see: no real machine
has two, and `status` would take the service for one of another boot."""
WEB = 8080
SIM = """
lines:
  bus1: {{kind: tcp, port: {port}, units: [
    {{map: midea_mthermal_r290, unit_id: 1, home: {{pump: inverter, start: 10 d}}}}]}}
"""
GATEWAY = """
gateway: gw-box
platform:
  broker: "mqtts://127.0.0.1:{broker}"
  acknowledge: puback
  batch_every: 1 s
  enrol: {{at: "{enrol}", ca: ca.pem}}
lines:
  - {{name: bus1, port: "tcp://127.0.0.1:{port}", devices: [
      {{name: hp, driver: midea_mthermal_r290, unit_id: 1, every: 2 s}}]}}
page: {{listen: "0.0.0.0:{web}"}}
"""
DROP_IN = "[Service]\nLoadCredential=claim-code:/etc/heatpump-agent/claim-code\n"
OFFER = "Package: heatpump-agent\nVersion: 99.0.0-1~deb12\nSecurity-Fix: a weakness\n"


@dataclass(frozen=True, slots=True)
class Around:
    """What a gateway finds in its house and at its platform; `code` is on its label."""

    code: str
    config: str
    ca: str


@asynccontextmanager
async def around(folder: Path, machine: Machine) -> AsyncIterator[Around]:
    """A pump, the enrolment service and a broker that wants certificates, beside the machine."""
    pump, port = free_port(), free_port()
    sim = folder / "sim.yaml"
    sim.write_text(SIM.format(port=pump))
    python = (*machine.beside, sys.executable, "-m")
    asked = ("--folder", str(folder / "pki"), "--gateway", "gw-box", "--json")
    async with AsyncExitStack() as stack:

        async def begin(child: Child) -> Child:
            await child.start()
            stack.push_async_callback(child.stop)
            return child

        await (await begin(Child(*python, "simulators.cli", str(sim), "--json"))).heard("ready")
        service = await begin(Child(*python, "simulators.enrolment", *asked))
        said = json.loads(await service.heard("codes"))
        pki = folder / "pki"
        rules = (
            f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n"
            f"require_certificate true\ncafile {pki}/ca.pem\ncrlfile {pki}/crl.pem\n"
            f"certfile {pki}/broker.pem\nkeyfile {pki}/broker.key\n"
        )
        await begin(mosquitto(folder, rules, machine.beside))
        config = GATEWAY.format(broker=port, enrol=said["url"], port=pump, web=WEB)
        yield Around(said["codes"]["gw-box"], config, Path(said["ca"]).read_text())


async def status(machine: Machine) -> dict[str, Any]:
    """What `heatpump-agent status` says to root."""
    said: dict[str, Any] = json.loads(
        await machine.ask("heatpump-agent", "status", CONFIG, "--json")
    )
    return said


async def until_green(machine: Machine) -> dict[str, Any]:
    """The first status with a green light."""
    said: dict[str, Any] = {}
    try:
        async with asyncio.timeout(60.0):
            while (said.get("light") or {}).get("shows") != "green":
                said = await status(machine)
    except TimeoutError:
        log = await machine.ask("journalctl", "-b", "--no-pager", "-n", "40", "-u", UNIT)
        raise AssertionError(f"{said}\n{log}") from None
    return said


def page(machine: Machine, code: str) -> tuple[str, str]:
    """The household's page, as a phone in the house gets it: before the code and after it."""

    def get(method: str, path: str, body: str | None, head: dict[str, str]) -> tuple[str, str]:
        with closing(http.client.HTTPConnection(machine.inner, WEB, timeout=10)) as link:
            link.request(method, path, body, head)
            reply = link.getresponse()
            assert reply.status == 200, f"{path}: {reply.status}"
            return str(reply.getheader("Set-Cookie")).partition(";")[0], reply.read().decode()

    before = get("GET", "/", None, {})[1]
    sent = {"Content-Type": "application/json"}
    cookie = get("POST", "/api/login", json.dumps({"code": code}), sent)[0]
    return before, get("GET", "/technician", None, {"Cookie": cookie})[1]


async def test_from_the_claim_code_to_green(tmp_path: Path, built: Packages) -> None:
    async with plain(tmp_path) as machine, around(tmp_path, machine) as house:
        await machine.do("umount", BOOT_ID)
        await install(machine, built.now)
        machine.write("/etc/heatpump-agent/claim-code", house.code)
        await machine.do("chmod", "600", "/etc/heatpump-agent/claim-code")  # root's
        machine.write("/etc/heatpump-agent/ca.pem", house.ca)
        machine.write("/var/lib/apt/lists/our_InRelease", "Origin: heatpump-agent\n")
        machine.write("/var/lib/apt/lists/our_Packages", OFFER)
        machine.write(CONFIG, house.config)
        machine.write(f"/etc/systemd/system/{UNIT}.d/code.conf", DROP_IN)
        await machine.do("systemctl", "daemon-reload")
        await machine.do("systemctl", "restart", UNIT)
        said = await until_green(machine)
        assert said["identity"]["standing"] == "valid"
        modes = await machine.do("sh", "-c", f"stat -c '%U %a' {IDENTITY}/key.pem")
        assert modes == "heatpump-agent 600"
        assert await listening(machine) == {f"0.0.0.0:{WEB}"}
        before, after = page(machine, house.code)
        assert "99.0.0" in before
        assert "compressor_frequency" in after
        log = await machine.do("journalctl", "-b", "--no-pager", "-u", UNIT)
        assert house.code not in log
        assert "PRIVATE KEY" not in log
