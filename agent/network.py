"""Whether a gateway has a way to its platform: address, way out, name, broker; looks, changes none.

What the kernel says is read from `/proc/self/net`, which the sandbox of the service shows too.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from agent.uplink.dial import Address

WITHIN_S = 5.0
_ADDRESS_OF = 0x8915  # SIOCGIFADDR, linux/sockios.h: of IPv4, by the name of the interface
_HERE = Path("/")
_ANYWHERE = "0" * 32


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one question; `good` whether all is well, `en` and `zh` say what to do."""

    question: str
    good: bool
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Interface:
    """A plug or a radio: whether it is linked, and its addresses beyond the link itself."""

    name: str
    linked: bool
    addresses: tuple[str, ...]


async def look(broker: str, within_s: float = WITHIN_S, root: Path = _HERE) -> tuple[Found, ...]:
    """Every question in order, as far as one makes sense after the other; `broker` may be empty.

    A broker gets `within_s` to answer. Only a connection is tried: certificates come later.
    """
    return tuple([one async for one in _look(broker, within_s, root)])


async def _look(broker: str, within_s: float, root: Path) -> AsyncIterator[Found]:
    there = interfaces(root)
    yield _address(there)
    yield _way_out(way_out(root))
    if not broker:
        return
    try:
        address = Address.parse(broker)
    except ValueError as error:
        yield Found("name", False, f"{error}.", f"平台地址应为 mqtts://主机:端口：{broker}")
        return
    try:
        async with asyncio.timeout(within_s):
            hosts = await _hosts(address)
    except (TimeoutError, OSError, UnicodeError):  # the last of a name with an empty part
        yield Found(
            "name", False,
            f"Nobody knows the name {address.host}: misspelt, or the router gives no name service.",
            f"查不到 {address.host}：可能写错了，或路由器没有提供域名解析。",
        )  # fmt: skip
        return
    if address.host not in hosts:
        is_at = ", ".join(hosts)
        yield Found("name", True, f"{address.host} is {is_at}.", f"{address.host} 是 {is_at}。")
    yield await _broker(address, within_s)


def interfaces(root: Path = _HERE) -> tuple[Interface, ...]:
    """Every interface but the loop. Empty when the kernel does not tell."""
    lines = _lines(root / "proc/self/net/dev")[2:]
    names = [line.partition(":")[0].strip() for line in lines]
    later: dict[str, list[str]] = {}
    for line in _lines(root / "proc/self/net/if_inet6"):
        digits, *_, name = line.split()
        later.setdefault(name, []).append(str(IPv6Address(int(digits, 16))))
    return tuple(
        Interface(
            name,
            _text(root / f"sys/class/net/{name}/carrier") == "1",
            tuple(filter(_leads_out, (*_first_address(name), *later.get(name, ())))),
        )
        for name in names
        if name != "lo"
    )


def way_out(root: Path = _HERE) -> tuple[str, str] | None:
    """Interface and router of the way to everywhere else; None when there is none."""
    for line in _lines(root / "proc/self/net/route")[1:]:
        name, target, router, flags, _, _, _, mask, *_ = line.split()
        if target == mask == "00000000" and int(flags, 16) & 1:  # RTF_UP
            return name, str(IPv4Address(struct.pack("<I", int(router, 16))))
    for line in _lines(root / "proc/self/net/ipv6_route"):
        target, size, _, _, router, _, _, _, _, name = line.split()
        if target == _ANYWHERE and size == "00" and name != "lo":
            return name, str(IPv6Address(int(router, 16)))
    return None


def _address(there: tuple[Interface, ...]) -> Found:
    held = [f"{one.name} {', '.join(one.addresses)}" for one in there if one.addresses]
    if held:
        return Found("address", True, f"{'; '.join(held)}.", f"{'；'.join(held)}。")
    linked = [one.name for one in there if one.linked]
    if linked:
        which = ", ".join(linked)
        return Found(
            "address", False,
            f"{which} is linked and has no address: the router gives none out (DHCP).",
            f"{which} 已连接但没有地址：路由器没有分配（DHCP）。",
        )  # fmt: skip
    return Found(
        "address", False,
        "Nothing is linked: plug in the cable, or join the radio network (nmtui, raspi-config).",
        "没有连接：请插网线，或用 nmtui、raspi-config 连接无线网。",
    )  # fmt: skip


def _way_out(found: tuple[str, str] | None) -> Found:
    if found is None:
        return Found(
            "route", False,
            "There is no way out of this network: no router has made itself known.",
            "没有通往外面的路：没有找到路由器。",
        )  # fmt: skip
    name, router = found
    return Found(
        "route", True, f"The way out is {router} ({name}).", f"经 {router}（{name}）通往外面。"
    )


async def _broker(address: Address, within_s: float) -> Found:
    where = f"{address.host}:{address.port}"
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return Found(
            "broker", False,
            f"{where} does not answer within {within_s:g} s: a firewall, or nobody is there.",
            f"{where} 在 {within_s:g} 秒内没有应答：可能被防火墙拦住，或对方不在。",
        )  # fmt: skip
    except OSError as error:
        if error.errno == errno.ECONNREFUSED:
            return Found(
                "broker", False,
                f"{where} refuses: the machine is there, the port is wrong or its service is off.",
                f"{where} 拒绝连接：机器在，端口不对或服务没开。",
            )  # fmt: skip
        return Found(
            "broker", False,
            f"{where} cannot be reached: {error.strerror or error}.",
            f"{where} 连不上：{error.strerror or error}。",
        )  # fmt: skip
    writer.close()
    return Found("broker", True, f"{where} answers.", f"{where} 有应答。")


async def _hosts(address: Address) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(where[0]) for *_, where in found))


def _first_address(name: str) -> tuple[str, ...]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asked = struct.pack("256s", name.encode()[:15])
            told = fcntl.ioctl(asking.fileno(), _ADDRESS_OF, asked)
        except OSError:
            return ()
    return (socket.inet_ntoa(told[20:24]),)


def _leads_out(text: str) -> bool:
    address = ip_address(text)
    return not (address.is_link_local or address.is_loopback)


def _lines(path: Path) -> list[str]:
    return [line for line in _text(path).splitlines() if line.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:  # an interface that is down has no carrier to read
        return ""
