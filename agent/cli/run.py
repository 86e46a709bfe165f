"""`run` and `check`: the program itself, and whether its configuration is right."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
from collections.abc import Iterator

from msgspec.structs import asdict

from agent import app, claim, config, garbage
from agent.claim import ClaimError
from agent.cli.base import FAILED, OK, Commands, command
from agent.control import highest_asked
from agent.errors import FileError
from agent.files import is_there
from agent.identity import CERTIFICATE
from agent.model import POINTS
from agent.status import Status
from agent.tables import table


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    run = command(commands, "run", _run, config_file=True, as_json=True)
    run.add_argument("--watch", action="store_true", help="show values every few seconds")
    command(commands, "check", _check, config_file=True, as_json=True)


def _run(arguments: argparse.Namespace) -> int:
    """Read, watch, control and send until stopped by SIGTERM or Ctrl-C."""
    garbage.one_heap()
    try:
        found = config.read(arguments.config)
    except FileError:
        # Only here: a gateway that is set up needs neither the search nor who sets it up.
        from agent.cli.waiting import is_service, until_right  # noqa: PLC0415

        if not is_service():
            raise
        # Right in the end: systemd starts the program again, as after every end.
        asyncio.run(until_right(arguments.config))
        return OK
    asyncio.run(_run_until_stopped(found, arguments))
    return OK


async def _run_until_stopped(found: config.Config, arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload, arguments.config)
    status = Status()
    show = (
        asyncio.create_task(status.show(arguments.json))
        if arguments.watch or arguments.json
        else None
    )
    try:
        await app.run(found, stop, status.started)
    finally:
        if show is not None:
            show.cancel()


def reload(path: str) -> None:
    """A changed file is checked; a wrong one changes nothing, a right one asks for a restart."""
    log = logging.getLogger("agent")
    try:
        config.read(path)
    except FileError as error:
        for mistake in error.mistakes:
            log.error("configuration refused, the old one stays: %s", mistake)
        return
    log.info("configuration is right; restart to use it file=%s", path)


def _check(arguments: argparse.Namespace) -> int:
    """Say whether a configuration is right, and how busy its lines will be.

    Exit code 1 when the gateway could not get its certificate: there is none and no claim code.
    """
    found = config.read(arguments.config)
    lacks_code = _lacks_code(found)
    rows = [
        [
            line.port.name,
            device.name,
            device.map.map,
            device.unit_id,
            len(device.plan()),
            sum(block.request.count for block in device.plan()),
        ]
        for line in found.lines
        for device in line.devices
    ]
    homes, lowered = found.uplink.inventory.homes, list(_lowered(found))
    if arguments.json:
        keys = ("line", "device", "driver", "unit_id", "requests", "registers")
        devices = [dict(zip(keys, row, strict=True)) for row in rows]
        told = {"devices": devices, "homes": [asdict(home) for home in homes], "lowered": lowered}
        print(json.dumps(told | {"lacks_code": lacks_code}))
        return OK if lacks_code is None else FAILED
    print(table(["line", "device", "driver", "unit", "requests", "registers"], rows))
    for home in homes:
        if home.lacks:
            names = ", ".join(f"{_label(name)}" for name in home.lacks)
            print(f"home {home.name} lacks: {names}; a sensor or a meter can supply it (homes:)")
    for one in lowered:
        print(
            f"{one['device']}: {one['point']} will be {one['asked']:g} at most: the machine takes"
            f" nothing between that and comfort.highest, {one['highest']:g}"
        )
    if lacks_code is not None:
        print(
            f"No certificate yet, and no claim code to get one: {lacks_code} cannot be read. A code"
            " that systemd hands over (LoadCredential) is there only while the service runs.\n"
            f"还没有证书，也没有认领码：读不到 {lacks_code}。由 systemd 交给服务的认领码"
            "（LoadCredential）只在服务运行时存在。"
        )
        return FAILED
    print(f"{arguments.config}: all is well")
    return OK


def _lowered(found: config.Config) -> Iterator[dict[str, str | float]]:
    """The homes whose `comfort.highest` the machine cannot be asked for, with what it is asked."""
    for home in found.core.control.homes:
        highest = home.highest_c
        asked = highest_asked(found.core.devices[home.device], home.point, highest)
        if highest is not None and asked is not None and asked < highest:
            yield {"device": home.device, "point": home.point, "highest": highest, "asked": asked}


def _lacks_code(found: config.Config) -> str | None:
    """The file where the claim code should be, when it is needed and not there.

    That one is named is all that the configuration is checked for: used up, it may be deleted.
    """
    enrol = found.enrol
    if enrol is None or is_there(enrol.folder / CERTIFICATE):
        return None
    try:
        claim.read(enrol.claim)
    except ClaimError:
        return str(enrol.claim)
    return None


def _label(name: str) -> str:
    point = POINTS.get(name)
    return f"{point.en} {point.zh}" if point is not None else "fault alarm 故障报警"
