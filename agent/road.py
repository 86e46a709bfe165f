"""The road between the rooms: gives facts to the core and carries out the effects, in order.

A write is counted on disk before it reaches the wire; a command's id is on disk before the core
hears of it; a result closes its command in the same breath in which it is kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from math import inf
from zoneinfo import ZoneInfo

import msgspec

from agent.clock import Clock
from agent.config.lines import LineConfig
from agent.consent import Consent
from agent.core import Core
from agent.errors import SpoolError
from agent.facts import (
    CommandReceived,
    CommandTurnedAway,
    Count,
    Effect,
    Fact,
    ForecastKnown,
    Journal,
    Keep,
    Note,
    PlatformBack,
    Save,
    Send,
    Stopping,
    Tick,
    WriteDone,
)
from agent.line import Line, Port, Scheduler
from agent.model import (
    Command,
    Outcome,
    Result,
    Write,
)
from agent.records import Lane, Notice, NoticeKind
from agent.remembered import remember
from agent.spool import Spool
from agent.uplink import RefusedCommand, encode_body, parse_command, parse_forecast
from agent.uplink.adapters import Kept

log = logging.getLogger("agent")

TICK_S = 10.0
STOP_WITHIN_S = 4.0
HOUSEHOLD = (Lane.TELEMETRY, Lane.ACCOUNT)
"""What shows how a household lives; alarms, results and notices serve its safety."""
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


async def account(effect: Count | Journal, spool: Spool, timezone: ZoneInfo, boot: str) -> None:
    """Count a write under its local day, or add a line to the journal; durable on return.

    The instant of a write is kept before its count: a kill in between costs time, not wear.
    """
    stamp = effect.stamp
    if isinstance(effect, Journal):
        await spool.journal(stamp.at.isoformat(), effect.kind, msgspec.json.encode(effect.detail))
        return
    if effect.interval:
        await remember(spool, effect.device, effect.point, stamp, boot)
    await spool.count_write(effect.device, effect.point, stamp.day_in(timezone))


class Road:
    """Carries facts to the core and its effects to spool and lines."""

    def __init__(
        self,
        core: Core,
        spool: Spool,
        clock: Clock,
        timezone: ZoneInfo,
        consent: Consent | None = None,
        gateway: str = "",
    ) -> None:
        self.core, self._spool, self._clock, self._timezone = core, spool, clock, timezone
        self._consent, self._gateway = consent, gateway
        self.malformed = 0
        self._lines: dict[str, Line] = {}
        self._unsigned, self._unsigned_told = 0, -inf
        self.tellers: tuple[Callable[[Kept], None], ...] = ()

    def connect(self, lines: tuple[Line, ...]) -> None:
        """Tell the road which line serves which device."""
        self._lines = {device: line for line in lines for device in line.scheduler.devices}

    def open(self, lines: Iterable[LineConfig]) -> tuple[Line, ...]:
        """Every line of the configuration, joined to this road; none runs yet."""
        made = tuple(
            Line(Port(one.port), Scheduler(one.devices), self.take, self._clock.stamp)
            for one in lines
        )
        self.connect(made)
        return made

    async def take(self, fact: Fact) -> None:
        """One fact, and everything that follows from it; a write not counted is not sent.

        A disk that fails is logged and the rest goes on: the house does not wait for the disk.
        """
        failed: SpoolError | None = None
        unsent: list[Write] = []
        for effect in self.core.step(fact):
            if failed is not None and isinstance(effect, Send):
                unsent.append(effect.write)
                continue
            try:
                await self._do(effect)
            except SpoolError as error:
                failed = error
                log.error("not stored%s", told({"effect": type(effect).__name__, "why": error}))
        for write in unsent:
            why = f"the write could not be counted: {failed}"
            await self.take(WriteDone(write, Outcome.FAILED, why, fact.stamp))

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Keep(lane) if lane in HOUSEHOLD and self._withdrawn:
                pass
            case Keep(lane, record, stamp):
                seq = self._spool.append(lane, stamp, encode_body(record))
                for tell in self.tellers:
                    tell(Kept(lane, seq, record, stamp.at, stamp.trusted))
                if isinstance(record, Result):
                    await self._spool.finish_command(record.command_id)
            case Count() | Journal():
                await account(effect, self._spool, self._timezone, self._clock.boot)
            case Send(write):
                self._lines[write.device].send(write)
            case Save(key, value):
                await self._spool.save_state(key, msgspec.json.encode(value))
            case Note(level, text, fields):
                log.log(LEVELS[level], "%s%s", text, told(fields))

    # --- commands ---------------------------------------------------------------------------

    async def command(self, payload: bytes, retained: bool) -> None:
        """A command as it came: parse it, remember its id on disk, then let the core decide."""
        stamp = self._clock.stamp()
        parsed = parse_command(payload, retained, stamp.at, stamp.trusted, self._gateway)
        if isinstance(parsed, Command):
            command_id, expires_at = parsed.id, parsed.expires_at
        elif parsed.command_id is not None:
            command_id, expires_at = parsed.command_id, stamp.at + timedelta(days=1)
        else:
            self.malformed += 1
            await self._do(Journal("malformed", {"why": parsed.why}, stamp))
            log.warning("command without an id dropped%s", told({"why": parsed.why}))
            return
        if not await self._spool.remember_command(command_id, expires_at, payload):
            await self._do(Journal("repeated", {"id": command_id}, stamp))
            log.info("command repeated, not carried out again%s", told({"id": command_id}))
            return
        await self.take(_fact(parsed, self._clock))

    async def order(self, command: Command) -> None:
        """A command of somebody at the gateway itself, remembered as every other."""
        payload = msgspec.json.encode(command)
        if await self._spool.remember_command(command.id, command.expires_at, payload):
            await self.take(_fact(command, self._clock))

    async def unsigned(self, why: str) -> None:
        """A command nobody may be believed to have sent: no result, one line a minute."""
        stamp = self._clock.stamp()
        self._unsigned += 1
        if stamp.mono < self._unsigned_told + 60.0:  # a captured broker shall not fill the disk
            return
        log.warning("command not believed%s", told({"why": why, "count": self._unsigned}))
        await self._do(Journal("unsigned", {"why": why, "count": self._unsigned}, stamp))
        self._unsigned, self._unsigned_told = 0, stamp.mono

    async def forecast(self, payload: bytes) -> None:
        """The outdoor air of the next days, if it can be believed; nobody is answered."""
        stamp = self._clock.stamp()
        try:
            found = parse_forecast(payload, stamp.at, stamp.trusted, self._gateway)
        except (ValueError, RecursionError) as error:
            log.warning("forecast not taken%s", told({"why": error}))
            return
        await self.take(ForecastKnown(found.start, found.outdoor_c, stamp))
        fields = {"hours": len(found.outdoor_c), "start": found.start.isoformat()}
        log.info("forecast%s", told(fields))

    def config_pushed(self, payload: bytes) -> None:
        """A configuration from afar is not taken over; the installer's file stays."""
        log.warning("configuration from the platform is not accepted bytes=%d", len(payload))

    def link(self, up: bool, why: str) -> None:
        """The link to the broker changed; after a return every device is told in full once."""
        if up:
            self.core.step(PlatformBack(self._clock.stamp()))
        level = logging.INFO if up else logging.WARNING
        log.log(level, "platform %s%s", "connected" if up else "away", told({"why": why}))

    async def close_commands(self) -> None:
        """Commands that a crash cut off end now, as failed: nobody knows how far they came."""
        for payload in await self._spool.open_commands():
            try:
                known = msgspec.json.decode(payload, type=dict[str, object])
                command_id = str(known["id"])
            except (ValueError, KeyError, RecursionError):
                continue
            why = "the gateway restarted before the command was done"
            fact = CommandTurnedAway(command_id, Outcome.FAILED, why, self._clock.stamp())
            await self.take(fact)

    # --- consent ----------------------------------------------------------------------------

    @property
    def sends(self) -> bool:
        """Whether readings leave at all: the household may have said no."""
        return not self._withdrawn

    @property
    def _withdrawn(self) -> bool:
        return self._consent is not None and not self._consent.given

    async def heed_consent(self) -> None:
        """Look up what the household decided; withdrawn, what still waited is deleted and told."""
        if self._consent is None:
            return
        changed, stamp = self._consent.changed(), self._clock.stamp()
        if changed:
            await self._do(Journal("consent", {"given": self._consent.given}, stamp))
            log.info("consent%s", told({"given": self._consent.given}))
        if changed and self._consent.given:
            self.core.step(PlatformBack(stamp))  # what moved meanwhile was told to nobody
        if self._withdrawn:
            await self._delete_household()

    async def _delete_household(self) -> None:
        if not any(self._spool.status().depth[lane] for lane in HOUSEHOLD):
            return
        await self._spool.commit()
        for lane in HOUSEHOLD:
            last = self._spool.newest(lane)
            gone = await self._spool.forget(lane, 1, last)
            if gone:
                notice = Notice(NoticeKind.WITHDRAWN, lane, 1, last, gone)
                self._spool.append(Lane.NOTICE, self._clock.stamp(), encode_body(notice))

    # --- time and end -----------------------------------------------------------------------

    async def tick(self) -> None:
        """Let time pass for what must be judged although no device speaks."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self.heed_consent()
                await self.take(Tick(self._clock.stamp()))
            except Exception:
                # The line loop guards the same core: a wrong rule must not end the gateway.
                log.exception("tick failed")

    async def park(self) -> None:
        """Write the park values and wait until the bus has taken them."""
        await self.take(Stopping(self._clock.stamp()))
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                for line in set(self._lines.values()):
                    await line.settled()
        except TimeoutError:
            log.warning("stopped before every park value was verified")


def told(fields: Mapping[str, object]) -> str:
    """Fields as ` key=value`; text is quoted where it could be taken for more than one field."""
    parts: list[str] = []
    for key, value in fields.items():
        text = str(value)
        # Some of it comes from outside: a line feed must not begin a line of the log.
        plain = text.isprintable() and not set(text) & set(' "=')
        parts.append(f" {key}={text if plain else json.dumps(text, ensure_ascii=False)}")
    return "".join(parts)


def _fact(parsed: Command | RefusedCommand, clock: Clock) -> Fact:
    stamp = clock.stamp()
    if isinstance(parsed, Command):
        return CommandReceived(parsed, stamp)
    assert parsed.command_id is not None
    sender = (parsed.device, parsed.point, parsed.issuer)
    return CommandTurnedAway(parsed.command_id, parsed.outcome, parsed.why, stamp, *sender)
