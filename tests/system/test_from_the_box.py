"""The installed gateway, in its sandbox: set up at its page, and from the claim code to green."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.installed import UNIT, Packages
from bench.machine import Machine
from simulators.stage import Child, free_port, mosquitto
from tests.system.fresh import install, listening, plain

CONFIG = "/etc/heatpump-agent/gateway.yaml"
KEY = "/var/lib/heatpump-agent/identity/key.pem"
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


class Beside:
    """Programs in the network of the machine, as an async context manager that ends them."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self._folder, self._within = folder, machine.beside
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def pump(self) -> int:
        """A heat pump with Modbus TCP; its port."""
        port, sim = free_port(), self._folder / "sim.yaml"
        sim.write_text(SIM.format(port=port))
        await (await self._begin("simulators.cli", str(sim), "--json")).heard("ready")
        return port

    async def platform(self, pump: int) -> Around:
        """An enrolment service, and a broker that takes its certificates."""
        port, pki = free_port(), self._folder / "pki"
        asked = ("--folder", str(pki), "--gateway", "gw-box", "--json")
        said = json.loads(await (await self._begin("simulators.enrolment", *asked)).heard("codes"))
        rules = (
            f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n"
            f"require_certificate true\ncafile {pki}/ca.pem\ncrlfile {pki}/crl.pem\n"
            f"certfile {pki}/broker.pem\nkeyfile {pki}/broker.key\n"
        )
        await self._started(mosquitto(self._folder, rules, self._within))
        config = GATEWAY.format(broker=port, enrol=said["url"], port=pump, web=WEB)
        return Around(said["codes"]["gw-box"], config, Path(said["ca"]).read_text())

    async def _begin(self, *module: str) -> Child:
        return await self._started(Child(*self._within, sys.executable, "-m", *module))

    async def _started(self, child: Child) -> Child:
        await child.start()
        self._stack.push_async_callback(child.stop)
        return child


class Phone:
    """A phone in the house's network, at the gateway's page."""

    def __init__(self, machine: Machine) -> None:
        self._host, self._cookie = machine.inner, ""

    def ask(self, method: str, path: str, **body: Any) -> tuple[int, str]:
        """Status and text of a reply; a session that begins is kept."""
        head = {"Content-Type": "application/json", "Cookie": self._cookie}
        with closing(http.client.HTTPConnection(self._host, WEB, timeout=10)) as link:
            link.request(method, path, json.dumps(body) if method == "POST" else None, head)
            reply = link.getresponse()
            self._cookie = (reply.getheader("Set-Cookie") or self._cookie).partition(";")[0]
            return reply.status, reply.read().decode()

    def setup(self) -> dict[str, Any]:
        """How far the setting up is."""
        said: dict[str, Any] = json.loads(self.ask("GET", "/api/setup")[1])
        return said


async def shows(machine: Machine, light: str) -> dict[str, Any]:
    """What `heatpump-agent status` says to root once it shows this light."""
    said: dict[str, Any] = {}
    try:
        async with asyncio.timeout(60.0):
            while (said.get("light") or {}).get("shows") != light:
                told = await machine.ask("heatpump-agent", "status", CONFIG, "--json")
                said = json.loads(told) if told.startswith("{") else {"wrong": told}
    except TimeoutError:
        log = await machine.ask("journalctl", "-b", "--no-pager", "-n", "40", "-u", UNIT)
        raise AssertionError(f"{said}\n{log}") from None
    return said


@asynccontextmanager
async def installed(folder: Path, package: Path) -> AsyncIterator[tuple[Machine, Beside]]:
    """A machine with the package as it comes, and what is beside it."""
    async with plain(folder) as machine, Beside(folder, machine) as beside:
        await machine.do("umount", BOOT_ID)
        await install(machine, package)
        yield machine, beside


async def test_from_the_claim_code_to_green(tmp_path: Path, built: Packages) -> None:
    async with installed(tmp_path, built.now) as (machine, beside):
        house = await beside.platform(await beside.pump())
        machine.write("/etc/heatpump-agent/claim-code", house.code)
        await machine.do("chmod", "600", "/etc/heatpump-agent/claim-code")  # root's
        machine.write("/etc/heatpump-agent/ca.pem", house.ca)
        machine.write("/var/lib/apt/lists/our_InRelease", "Origin: heatpump-agent\n")
        machine.write("/var/lib/apt/lists/our_Packages", OFFER)
        machine.write(CONFIG, house.config)
        machine.write(f"/etc/systemd/system/{UNIT}.d/code.conf", DROP_IN)
        await machine.do("systemctl", "daemon-reload")
        await machine.do("systemctl", "restart", UNIT)
        said = await shows(machine, "green")
        assert said["identity"]["standing"] == "valid"
        assert await machine.do("stat", "-c", "%U %a", KEY) == "heatpump-agent 600"
        assert await listening(machine) == {f"0.0.0.0:{WEB}"}
        phone = Phone(machine)
        assert "99.0.0" in phone.ask("GET", "/")[1]
        assert phone.ask("POST", "/api/login", code=house.code)[0] == 200
        assert "compressor_frequency" in phone.ask("GET", "/technician")[1]
        log = await machine.do("journalctl", "-b", "--no-pager", "-u", UNIT)
        assert house.code not in log
        assert "PRIVATE KEY" not in log


async def test_set_up_at_the_page(tmp_path: Path, built: Packages) -> None:
    async with installed(tmp_path, built.now) as (machine, beside):
        pump, phone = await beside.pump(), Phone(machine)
        assert phone.ask("POST", "/api/login", code="0000-0000-0000-0000")[0] == 401
        assert phone.ask("GET", "/api/setup")[0] == 401
        label = json.loads(await machine.do("heatpump-agent", "claim", CONFIG, "--json"))["code"]
        assert phone.ask("POST", "/api/login", code=label)[0] == 200
        assert phone.ask("POST", "/api/setup/network", broker="mqtt://127.0.0.1:1")[0] == 200
        steps = {one["question"]: one for one in phone.setup()["network"]}
        assert machine.inner in steps["address"]["says"]["en"]  # seen from within the sandbox too
        assert "refuses" in steps["broker"]["says"]["en"]
        assert phone.ask("POST", "/api/setup/search", other=f"tcp://127.0.0.1:{pump}")[0] == 200
        async with asyncio.timeout(60.0):
            while phone.setup()["stage"] == "searching":
                await asyncio.sleep(0.2)
        (found,) = phone.setup()["machines"]
        assert phone.ask("POST", "/api/setup/unit", unit_id=1, taken=True, name="hp")[0] == 200
        whole = {"gateway": "gw-box", "broker": "mqtt://127.0.0.1:1"}
        assert phone.ask("POST", "/api/setup/write", **whole)[0] == 200
        await shows(machine, "no_platform")
        assert found["driver"] in await machine.do("heatpump-agent", "check", CONFIG)
        assert await machine.do("stat", "-c", "%U", CONFIG) == "heatpump-agent"
        assert phone.ask("POST", "/api/login", code=label)[0] == 200  # another process by now
        assert "outdoor_temp" in phone.ask("GET", "/technician")[1]
