"""What the core must know from before the start, out of the durable store.

A saved value of another version is no reason not to start: it is logged and begun anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from agent.account.books import Kept, curve_key, days_key, state_key
from agent.account.curve import Piece
from agent.account.days import Day
from agent.account.home import AccountState
from agent.clock import Clock
from agent.config import Config
from agent.control import KEPT, Chosen, Learned
from agent.core import Core, Restored
from agent.errors import UNREADABLE, FileError, Mistake
from agent.faults import OutOfService, Saved
from agent.homes import Home
from agent.model import Alarm, Value
from agent.pollcheck import ORDER as POLL_CHECK
from agent.remembered import recall, recall_holes
from agent.selftest import ORDER, RUNNING, TRIAL, Report
from agent.spool import Spool, saved_state

log = logging.getLogger("agent")

KEPT_TESTS = (POLL_CHECK, TRIAL, ORDER)

T = TypeVar("T")


async def restored_core(config: Config, spool: Spool, clock: Clock) -> Core:
    """The heart of this configuration as it stood before the stop; `spool` is open."""
    await recall_holes(spool, config.core.devices.values())
    before = await restored(spool, clock, config.core.homes, config.core.devices)
    return Core(config.core, before)


async def restored(
    spool: Spool, clock: Clock, homes: Iterable[Home] = (), devices: Iterable[str] = ()
) -> Restored:
    """Write counts and instants, open alarms, the accounts of the homes, and what was learnt."""
    return Restored(
        spool.writes(),
        await _saved(spool, "alarms", tuple[Alarm, ...], ()),
        await recall(spool, clock.stamp(), clock.boot),
        await _saved(spool, "learned", dict[str, Learned], {}),
        await _accounts(spool, homes),
        next(iter(await _saved(spool, "emergency", tuple[datetime, ...], ())), None),
        await _detectors(spool, devices),
        await _saved(spool, "out_of_service", tuple[OutOfService, ...], ()),
        next(iter(await _saved(spool, RUNNING, tuple[dict[str, dict[str, Value]], ...], ())), {}),
        await _saved(spool, KEPT, dict[str, Chosen], {}),
    )


async def _detectors(spool: Spool, devices: Iterable[str]) -> Mapping[str, Saved]:
    found: dict[str, Saved] = {}
    for name in devices:
        for saved in await _saved(spool, f"detector {name}", tuple[Saved, ...], ()):
            found[name] = saved
    return found


async def _accounts(spool: Spool, homes: Iterable[Home]) -> Mapping[str, Kept]:
    found: dict[str, Kept] = {}
    for home in homes:
        state = await _saved(spool, state_key(home.name), AccountState, AccountState())
        days = await _saved(spool, days_key(home.name), tuple[Day, ...], ())
        curve = await _saved(spool, curve_key(home.name), tuple[Piece, ...], ())
        found[home.name] = Kept(state, days, curve)
    return found


def kept_days(path: str, home: str) -> tuple[Day, ...]:
    """Every day of a home in a durable buffer, oldest first, also while a gateway has it open.

    Raises SpoolError when the file cannot be read, FileError when another version wrote the days.
    """
    closed, state = saved_state(path, days_key(home)), saved_state(path, state_key(home))
    try:
        days = msgspec.json.decode(closed, type=tuple[Day, ...]) if closed else ()
        now = msgspec.json.decode(state, type=AccountState).days if state else ()
    except UNREADABLE as error:
        raise FileError([Mistake(path, 1, "", f"the account of {home}: {error}")]) from None
    return tuple(sorted((*days, *now), key=lambda day: day.day))


def kept_alarms(path: str) -> tuple[Alarm, ...]:
    """The open alarms in a durable buffer, also while a gateway has it open.

    Raises SpoolError when the file cannot be read, FileError when another version wrote them.
    """
    return _kept(path, "alarms", tuple[Alarm, ...])


def kept_service(path: str) -> tuple[OutOfService, ...]:
    """What is out of service, or was until a moment ago. Raises as `kept_alarms`."""
    return _kept(path, "out_of_service", tuple[OutOfService, ...])


def kept_reports(path: str, devices: Iterable[str]) -> tuple[Report, ...]:
    """The last self-test, test write and poll check of each of these devices, as far as it had one.

    Raises as `kept_alarms`.
    """
    keys = (f"{order} {device}" for device in devices for order in KEPT_TESTS)
    kept = (_kept(path, key, tuple[Report, ...]) for key in keys)
    return tuple(report for reports in kept for report in reports)


def _kept(path: str, key: str, kind: type[tuple[T, ...]]) -> tuple[T, ...]:
    saved = saved_state(path, key)
    try:
        return msgspec.json.decode(saved, type=kind) if saved else ()
    except UNREADABLE as error:
        raise FileError([Mistake(path, 1, "", f"what is kept as {key}: {error}")]) from None


async def _saved(spool: Spool, key: str, kind: type[T], otherwise: T) -> T:
    saved = await spool.load_state(key)
    if saved is None:
        return otherwise
    try:
        return msgspec.json.decode(saved, type=kind)
    except UNREADABLE as error:
        log.warning("what was saved cannot be read, begun anew key=%s why=%s", key, error)
        return otherwise
