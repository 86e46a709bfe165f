"""The whole program on one screen: open the rooms, let facts flow, close in order.

scheduler.next -> port.exchange -> codec.decode -> core.step -> spool.append
                                                   spool -> uplink -> platform ack -> forget
session -> parse -> remember -> core -> guard -> scheduler -> write -> read back -> result
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import __version__, garbage
from agent.asking import Asking
from agent.clock import Clock
from agent.config import Config
from agent.consent import Consent, place
from agent.core import Core
from agent.enrol import Keeper
from agent.glimpse import Teller
from agent.intact import Intact
from agent.lamp import Lamp
from agent.line import Line
from agent.restored import restored_core
from agent.road import Road
from agent.showing import Showing
from agent.spool import Spool
from agent.thinning import fold
from agent.updates import Newer
from agent.uplink import Uplink
from agent.uplink.adapters import bridges
from agent.vitals import Vitals
from agent.watchdog import Watchdog
from agent.web import Rooms, figures, page

if TYPE_CHECKING:
    from agent.uplink.adapters.bridge import Bridge

log = logging.getLogger("agent")


@dataclass(frozen=True, slots=True)
class Gateway:
    """The rooms, opened and connected."""

    core: Core
    spool: Spool
    uplink: Uplink
    lines: tuple[Line, ...]
    bridges: tuple[Bridge, ...]
    vitals: Vitals


async def run(
    config: Config,
    stop: asyncio.Event,
    started: Callable[[Gateway], None] | None = None,
) -> None:
    """Run until `stop` is set. Raises SpoolError when the durable buffer cannot be opened."""
    clock = Clock()
    spool = await Spool.open(config.spool, clock.boot, clock.stamp, fold)
    if spool.opening_note:
        log.warning("%s", spool.opening_note)
    try:
        core = await restored_core(config, spool, clock)
        consent = Consent(place(config.spool.path), otherwise=not config.consent_here)
        road = Road(core, spool, clock, config.timezone, consent, config.gateway)
        lines = road.open(config.lines)
        uplink = Uplink(
            config.uplink,
            spool,
            on_command=road.command,
            on_unsigned=road.unsigned,
            on_forecast=road.forecast,
            on_config=road.config_pushed,
            on_link=road.link,
            boot=clock.boot,
            version=__version__,
            clock_set=lambda: clock.stamp().trusted,
        )
        keeper = None
        if config.enrol is not None:
            keeper = Keeper(config.enrol, clock.stamp, uplink.refused, uplink.hurry)
        told = bridges(config.adapters, config.core, core.open_alarms, spool, road.command)
        asking = Asking(road.order, clock)
        road.tellers = (asking.keep, *(bridge.keep for bridge in told))
        intact = Intact()
        vitals = Vitals(road, spool, uplink, lines, told, keeper, intact, clock, config)
        uplink.health = vitals.told
        watchdog = Watchdog(vitals.stuck, vitals.summary)
        teller = Teller(
            config.spool.path,
            clock.boot,
            vitals.light,
            vitals.identity,
            lambda: clock.stamp().at.isoformat(timespec="seconds"),
        )
        lamp = Lamp(config.lamp, vitals.light) if config.lamp else None
        showing = Showing(core, spool, vitals, clock, config, Newer(time.monotonic))
        rooms = Rooms(showing.live, showing.service, asking.ask, handover=showing.handover)
        served = [figures(config.metrics, vitals.now)] if config.metrics else []
        served += [page(config.page, rooms)] if config.page else []
        await road.close_commands()
        await road.heed_consent()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(spool.run(), name="spool")]
            tasks += [group.create_task(online(uplink, keeper), name="uplink")]
            tasks += [group.create_task(keeper.run(), name="enrol")] if keeper else []
            tasks += [group.create_task(road.tick(), name="tick")]
            tasks += [group.create_task(line.run(), name=f"line {line.name}") for line in lines]
            tasks += [group.create_task(one.run(), name=one.name) for one in told]
            tasks += [group.create_task(watchdog.run(), name="watchdog")]
            tasks += [group.create_task(teller.run(), name="light")]
            tasks += [group.create_task(lamp.run(), name="lamp")] if lamp else []
            tasks += [group.create_task(garbage.collect(), name="garbage")]
            tasks += [group.create_task(intact.run(), name="intact")]
            tasks += [group.create_task(one, name="web") for one in served]
            if started is not None:
                started(Gateway(core, spool, uplink, lines, told, vitals))
            await stop.wait()
            await road.park()
            for task in tasks:
                task.cancel()
    finally:
        await spool.close()


async def online(uplink: Uplink, keeper: Keeper | None) -> None:
    """Serve the platform, once there is a certificate to show there."""
    if keeper is not None:
        await keeper.enrolled.wait()
    await uplink.run()
