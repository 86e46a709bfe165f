"""One order carried out by a whole gateway without its platform: lines, core and buffer, no uplink.

For people at the machine. The result, and what was read meanwhile, wait in the buffer for the
platform as if the gateway had run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from agent.clock import Clock
from agent.config import Config
from agent.core import Core
from agent.model import Command, Outcome, PointId, Result, Value
from agent.restored import restored_core
from agent.road import Road
from agent.spool import Spool
from agent.thinning import fold
from agent.uplink.adapters import Kept

ANSWERS_WITHIN_S = 60.0
LIFE = timedelta(hours=2)


async def carry_out(
    config: Config, device: str, point: PointId, value: Value, within_s: float
) -> Result:
    """The result of a service's order, given as soon as the device answers.

    Raises SpoolError when the buffer cannot be opened: a gateway that runs has it.
    """
    clock = Clock()
    spool = await Spool.open(config.spool, clock.boot, clock.stamp, fold)
    try:
        core = await restored_core(config, spool, clock)
        road = Road(core, spool, clock, config.timezone)
        lines = road.open(config.lines)
        answer = asyncio.Queue[Result]()
        road.tellers = (_listener(answer),)
        await road.close_commands()
        while not answer.empty():  # of orders that a restart had cut off
            answer.get_nowait()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(spool.run(), name="spool")]
            tasks += [group.create_task(road.tick(), name="tick")]
            tasks += [group.create_task(line.run(), name=f"line {line.name}") for line in lines]
            try:
                return await _ordered(road, core, clock, answer, device, point, value, within_s)
            finally:
                await road.park()
                for task in tasks:
                    task.cancel()
    finally:
        await spool.close()


async def _ordered(
    road: Road,
    core: Core,
    clock: Clock,
    answer: asyncio.Queue[Result],
    device: str,
    point: PointId,
    value: Value,
    within_s: float,
) -> Result:
    if not await _answers(core, device):
        why = f"{device} does not answer"
        return Result("", device, point, Outcome.FAILED, why, value)
    now = clock.stamp().at
    wish = Command(
        f"cli-{uuid4().hex}", "command line", "service", device, point, value, now, now + LIFE
    )
    await road.order(wish)
    try:
        async with asyncio.timeout(within_s):
            while (found := await answer.get()).command_id != wish.id:
                pass
            return found
    except TimeoutError:
        why = f"no result within {within_s:g} s; what was found is put back at the next start"
        return Result(wish.id, device, point, Outcome.FAILED, why, value)


async def _answers(core: Core, device: str) -> bool:
    """Whether the device gives anything; polls are seconds apart, and so is the looking."""
    for _ in range(int(ANSWERS_WITHIN_S / 0.2)):
        if core.snapshots[device].readings:
            return True
        await asyncio.sleep(0.2)
    return False


def _listener(answer: asyncio.Queue[Result]) -> Callable[[Kept], None]:
    def listen(kept: Kept) -> None:
        if isinstance(kept.record, Result):
            answer.put_nowait(kept.record)

    return listen
