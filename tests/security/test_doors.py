"""Which sockets a running gateway listens on: those its configuration names, and no other."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.rooms.test_cli import until

ROOT = Path(__file__).parents[2]
LISTENS = "0A"
CONFIG = """\
gateway: gw
platform: {{broker: "mqtt://127.0.0.1:9"}}
lines:
  - {{name: bus, port: "tcp://127.0.0.1:9", devices: [{{name: hp, driver: midea_mthermal_r290}}]}}
{more}
"""


def listening(pid: int) -> set[tuple[str, int]]:
    """Address and port of every TCP socket that a process listens on, and every UDP one it has."""
    ours = set[str]()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            link = str(descriptor.readlink())
            ours |= {link[8:-1]} if link.startswith("socket:[") else set()
    found = set[tuple[str, int]]()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path(f"/proc/{pid}/net/{table}")
        for row in path.read_text("ascii").splitlines()[1:] if path.exists() else ():
            fields = row.split()
            if fields[9] in ours and (fields[3] == LISTENS or table.startswith("udp")):
                found.add(place(fields[1]))
    return found


def place(text: str) -> tuple[str, int]:
    """`0100007F:1F90` as address and port; /proc writes addresses in words of the machine."""
    address, _, port = text.partition(":")
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    return str(ip_address(b"".join(struct.pack("=I", word) for word in words))), int(port, 16)


@contextmanager
def running(folder: Path, more: str, ready: str) -> Iterator[int]:
    path = folder / "gateway.yaml"
    path.write_text(CONFIG.format(more=more), "utf-8")
    command = [sys.executable, "-m", "agent.cli", "run", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as gateway:
        assert gateway.stderr is not None
        try:
            until(gateway.stderr, ready)
            yield gateway.pid
            gateway.terminate()
            assert gateway.wait(8) == 0
        finally:
            gateway.kill()


def test_the_search_sees_a_listening_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        assert one.getsockname() in listening(os.getpid())


def test_no_door_is_open_unless_the_configuration_names_one(tmp_path: Path) -> None:
    with running(tmp_path, "", "no link to the broker") as pid:
        assert listening(pid) == set()


@pytest.mark.parametrize("names", [("metrics",), ("page",), ("metrics", "page")])
def test_a_door_that_is_named_is_the_only_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    more = "\n".join(f"{name}: {{listen: '127.0.0.1:{port}'}}" for name, port in ports.items())
    with running(tmp_path, more, "no link to the broker") as pid:
        named = {("127.0.0.1", port) for port in ports.values()}
        while len(listening(pid)) < len(named):  # they are taken a moment after the start
            pass
        assert listening(pid) == named


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in taken]
