"""The way to the platform, step by step: on a kernel made of files, on sockets of this machine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.cli import main
from agent.network import Found, interfaces, look, way_out

DEV = """Inter-|   Receive
 face |bytes
    lo: 1 2
 nic-x: 1 2
 nic-y: 1 2
"""
ROUTE = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
nic-x\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
nic-x\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""
SIX = "fd000000000000000000000000000002 02 40 00 80 nic-x\n"
LINK = "fe800000000000000000000000000002 03 40 20 80 nic-y\n"
ROUTE_6 = "0" * 32 + " 00 " + "0" * 32 + " 00 fe80" + "0" * 27 + "1 400 1 0 3 nic-y\n"


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "ascii")


def step(found: tuple[Found, ...], question: str) -> Found:
    (one,) = (one for one in found if one.question == question)
    assert one.zh
    return one


async def test_what_is_plugged_in_and_the_way_out(tmp_path: Path) -> None:
    nothing = await look("", root=tmp_path)
    assert "plug in the cable" in step(nothing, "address").en
    assert not step(nothing, "route").good
    put(tmp_path, "proc/self/net/dev", DEV)
    put(tmp_path, "proc/self/net/if_inet6", LINK)
    put(tmp_path, "sys/class/net/nic-y/carrier", "1\n")
    linked = step(await look("", root=tmp_path), "address")
    assert (linked.good, linked.en.partition(" ")[0]) == (False, "nic-y")
    assert "DHCP" in linked.en
    put(tmp_path, "proc/self/net/if_inet6", SIX + LINK)
    assert [(one.name, one.addresses) for one in interfaces(tmp_path)] == [
        ("nic-x", ("fd00::2",)),
        ("nic-y", ()),
    ]
    assert step(await look("", root=tmp_path), "address").good
    put(tmp_path, "proc/self/net/ipv6_route", ROUTE_6)
    assert way_out(tmp_path) == ("nic-y", "fe80::1")
    put(tmp_path, "proc/self/net/route", ROUTE)
    assert way_out(tmp_path) == ("nic-x", "192.168.1.1")
    assert "192.168.1.1 (nic-x)" in step(await look("", root=tmp_path), "route").en


@pytest.mark.timeout(30)
async def test_name_and_broker_answer_or_the_reason_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = await look(f"mqtt://127.0.0.1:{port}", root=tmp_path)
    assert step(found, "broker").good
    assert [one.question for one in found] == ["address", "route", "broker"]
    assert step(await look(f"mqtt://localhost:{port}", root=tmp_path), "name").good
    server.close()
    await server.wait_closed()
    assert "refuses" in step(await look(f"mqtt://127.0.0.1:{port}", root=tmp_path), "broker").en
    unknown = step(await look("mqtts://broker.invalid", root=tmp_path), "name")
    assert "Nobody knows the name broker.invalid" in unknown.en
    empty = step(await look("mqtts://broker..invalid:8883", root=tmp_path), "name")
    assert "Nobody knows the name broker..invalid" in empty.en
    assert not step(await look("broker", root=tmp_path), "name").good


def test_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text("gateway: gw\nlines: []\nplatform: {broker: 'mqtt://127.0.0.1:1'}\n", "utf-8")
    assert main(["network", str(file), "--json"]) == 1
    told = {one["question"]: one for one in json.loads(capsys.readouterr().out)}
    assert not told["broker"]["good"]
    assert main(["network", str(file), "--broker", "mqtt://nowhere.invalid"]) == 1
    assert "查不到 nowhere.invalid" in capsys.readouterr().out
