"""Looks at the open rooms and says what the local page shows; changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec

from agent.account.books import Kept
from agent.account.days import Day
from agent.account.tariff import Bill, Tariff
from agent.clock import Clock
from agent.config import Config
from agent.control import HomeControl
from agent.core import Core
from agent.errors import UNREADABLE, SpoolError
from agent.handover import handover, signed_apart
from agent.handoverpage import STYLE, sheet
from agent.light import LOOKS, Light
from agent.model import Alarm, Audience, Check, Life, Machine, Origin, Snapshot, Stamp
from agent.restored import KEPT_TESTS
from agent.selftest import Report
from agent.spool import Spool
from agent.updates import Newer
from agent.vitals import Vitals
from agent.web import view

SILENT_AFTER_S = 180.0
DRAWS_W = 300.0  # a machine that says nothing of its compressor: its electronics take less
LOG_LINES = 60
BARS = 150


class Showing:
    """The rooms of one gateway as the page is told of them."""

    def __init__(
        self, core: Core, spool: Spool, vitals: Vitals, clock: Clock, config: Config, newer: Newer
    ) -> None:
        self._newer = newer
        self._core, self._spool, self._vitals = core, spool, vitals
        self._clock, self._config = clock, config
        self._machines = config.core.devices
        named = {home.heat_pump: home.name for home in config.core.homes}
        pumps = (name for name, it in self._machines.items() if it.kind == "heat_pump")
        self._homes = tuple((named.get(device, device), device) for device in pumps)

    # --- what a resident may see ------------------------------------------------------------

    def live(self) -> view.Live:
        """Everything of this moment."""
        stamp, identity = self._clock.stamp(), self._vitals.identity()
        health = self._vitals.now()
        return view.Live(
            gateway=self._config.gateway,
            at=self._local(stamp.at),
            trusted=stamp.trusted,
            connected=health.connected,
            waiting=sum(health.depth.values()),
            lamp=_lamp(Light(health.light)),
            homes=tuple(self._home(name, device, stamp) for name, device in self._homes),
            alarms=tuple(
                self._standing(one)
                for one in sorted(self._core.open_alarms, key=_urgency)
                if _for_residents(one)
            ),
            identity=view.Text(identity.zh, identity.en),
            registered=identity.standing.value,
            update=self._update(),
        )

    def _update(self) -> view.Text | None:
        page = self._config.page
        found = self._newer.waiting() if page is None or page.update_notices else None
        if found is None:
            return None
        zh, en = f"新版本 {found.version} 将自动安装", f"Version {found.version} will be installed"
        if found.mends:
            zh, en = f"{zh}，修复安全问题：{found.mends}", f"{en}; it mends: {found.mends}"
        return view.Text(f"{zh}。供暖不受影响。", f"{en}. The heating goes on meanwhile.")

    def _home(self, name: str, device: str, stamp: Stamp) -> view.Home:
        picture = self._core.complete(stamp.mono)[device]
        found = self._controlled(device)
        home = self._core.control.household.tended(found, stamp) if found else None
        kept = self._core.books.of(name)
        told = view.Home(
            name=name,
            device=device,
            doing=_doing(picture, stamp.mono),
            decides=self._decides(device, stamp),
            room_c=picture.number("indoor_temp"),
            outdoor_c=picture.number("outdoor_temp"),
            water_c=picture.number("water_supply_temp"),
            power_w=picture.number("active_power"),
            wanted_c=self._core.control.wanted_c(device, stamp),
            age_s=_age_s(picture, stamp.mono),
        )
        if home is not None:
            told = msgspec.structs.replace(told, **self._chosen(home, picture, stamp))
        return told if kept is None else msgspec.structs.replace(told, **self._books(kept, stamp))

    def _controlled(self, device: str) -> HomeControl | None:
        household = self._core.control.household
        return next((h for h in self._core.control.homes if household.turns(h, device)), None)

    def _decides(self, device: str, stamp: Stamp) -> view.Decides:
        by = self._core.control.decided_by(device, stamp.mono)
        wished = self._core.control.household.wish(device, stamp) is not None
        if wished and by not in (Origin.SAFETY.value, "park"):
            return "resident"  # the machine hears of it with its next sweep
        if by == Origin.SCHEDULE.value:
            return "off_day" if device in self._core.books.as_found(stamp) else "plan"
        decides: view.Decides = msgspec.convert(by, view.Decides)
        return decides

    def _chosen(self, home: HomeControl, picture: Snapshot, stamp: Stamp) -> dict[str, object]:
        """The dial, the plan and the mode of a home that is controlled."""
        household = self._core.control.household
        standing = self._core.control.standing.of(home.device, home.point, Origin.RESIDENT)
        wish = household.wish(home.device, stamp)
        until = wish[1] if wish else standing.until_mono if standing else None
        low, high = household.bounds(home.device)
        rooms = home.comfort.rooms if home.comfort is not None else home.schedule
        if home.comfort is not None:
            local = self._local(stamp.at) if stamp.trusted else None
            value: float | None = home.comfort.wanted(local)[0]
        else:
            value = wish[0] if wish else picture.number(home.point)
        chosen = household.chosen(home.device)
        found: dict[str, object] = {
            "plan": tuple(
                view.Step(
                    tuple(sorted(one.days)),
                    one.start.hour * 60 + one.start.minute,
                    float(one.value),
                )
                for one in rooms.periods
                if not isinstance(one.value, str | bool)
            ),
        }
        if value is not None:
            found["dial"] = view.Dial(
                "room" if home.comfort is not None else "water",
                value,
                low,
                high,
                0.5 if home.comfort is not None else _step(self._machines[home.device], home),
                self._local(stamp.at + timedelta(seconds=until - stamp.mono)) if until else None,
            )
        if home.comfort is not None:
            steady: view.Mode = "steady" if home.comfort.protected else "plan"
            mode = household.mode(home.device, stamp) or steady
            found |= {"mode": mode, "away_until": chosen.away_until if mode == "away" else None}
        return found

    def _books(self, kept: Kept, stamp: Stamp) -> dict[str, object]:
        """Money and pictures of a home that has a book."""
        tariff, today = self._core.books.tariff, self._local(stamp.at).date()
        season = tariff.season_of(today) or kept.state.tally.season
        days = [*kept.days, *kept.state.days]
        of_season = [one for one in days if tariff.season_of(one.day) == season]
        left_kwh = _cap_left(tariff, kept)
        return {
            "today": _money([one for one in days if one.day == today], tariff, None),
            "season": _money(of_season, tariff, left_kwh),
            "slots": tuple(
                view.Slot(
                    self._local(one.at),
                    one.room_c.value,
                    one.wanted_c.value,
                    one.outdoor_c.value,
                    one.power_w.value,
                )
                for one in kept.curve
                if stamp.at - one.at < timedelta(days=1)
            ),
            "bars": tuple(
                view.Bar(one.day, one.bill.kwh, one.room_c.value, one.outdoor_c.value)
                for one in of_season[-BARS:]
            ),
        }

    def _standing(self, alarm: Alarm) -> view.Standing:
        return view.Standing(
            id=alarm.id,
            device=alarm.device,
            severity=alarm.severity.value,
            text=view.Text(alarm.text_zh, alarm.text_en),
            todo=view.Text(alarm.resident_zh, alarm.resident_en),
            since=self._local(alarm.opened_at),
            acknowledged=bool(alarm.acked_by),
            stands=alarm.annunciated,
            told=tuple(one.value for one in alarm.audience if one is not Audience.RESIDENT),
        )

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._config.timezone)

    # --- what a technician sees besides -----------------------------------------------------

    async def service(self) -> view.Service:
        """Raw points, buses, buffer, command log, evidence and self-tests; reads the disk."""
        stamp, health = self._clock.stamp(), self._vitals.now()
        return view.Service(
            values={
                name: tuple(_values(self._machines[name], picture, stamp.mono))
                for name, picture in self._core.snapshots.items()
            },
            buses=tuple(
                view.Bus(
                    name, it.requests, it.silences, it.garbled, it.refused, it.lost, it.sweeps,
                    it.holes,
                )
                for name, it in health.lines.items()
            ),
            depth=view.Depth(
                health.depth, health.oldest_s, health.spool_bytes, health.lost, health.thinned,
                health.disk_error, health.connected, health.sent, health.acknowledged,
                health.resent, health.reconnects,
            ),
            alarms=tuple(self._trend(one) for one in self._core.open_alarms),
            log=await self._log(),
            testing=self._core.tests.running,
            polled=self._core.polls.running,
            tests=await self._tests(),
        )  # fmt: skip

    def _trend(self, alarm: Alarm) -> view.Trend:
        return view.Trend(
            id=alarm.id,
            rule=alarm.rule,
            severity=alarm.severity.value,
            device=alarm.device,
            text=view.Text(alarm.text_zh, alarm.text_en),
            since=self._local(alarm.opened_at),
            life=alarm.life.value,
            acked_by=alarm.acked_by,
            evidence=alarm.evidence,
            expected={name: (one.value, one.sd) for name, one in alarm.expected.items()},
            suspects=tuple((one.fault, one.weight) for one in alarm.suspects),
        )

    async def _log(self) -> tuple[view.Line, ...]:
        """What was ordered and done, the newest first; empty while the disk does not read."""
        try:
            rows = await self._spool.journal_tail(LOG_LINES)
        except SpoolError:
            return ()
        kind = dict[str, float | bool | str | None]
        return tuple(
            view.Line(
                self._local(datetime.fromisoformat(at)),
                what,
                msgspec.json.decode(detail, type=kind),
            )
            for _, at, what, detail in rows
        )

    async def _tests(self) -> dict[str, tuple[view.Test, ...]]:
        """The last test of every kind of each machine that had one."""
        return {
            name: tuple([self._tested(one) async for one in self._reports(name)])
            for name in self._machines
        }

    async def _reports(self, device: str) -> AsyncIterator[Report]:
        for order in KEPT_TESTS:
            try:
                saved = await self._spool.load_state(f"{order} {device}")
                reports = msgspec.json.decode(saved, type=tuple[Report, ...]) if saved else ()
            except (SpoolError, *UNREADABLE):
                continue
            for one in reports:
                yield one

    def _tested(self, one: Report) -> view.Test:
        checks = [(c.visit.value, view.Text(c.zh, c.en), _judged_by(c)) for c in one.checks]
        at, outcome = self._local(one.at), one.outcome.value
        return view.Test(one.order, at, outcome, one.visit.value, tuple(checks))

    async def handover(self) -> view.Paper:
        """What the installer leaves behind, as it stands now; signed where there is a key."""
        reports = [one for name in self._machines async for one in self._reports(name)]
        made = handover(self._config, reports, self._local(self._clock.stamp().at))
        enrol = self._config.enrol
        jws, why = await signed_apart(made, enrol.folder if enrol is not None else None)
        record = msgspec.Raw(msgspec.json.encode(made))
        return view.Paper(sheet(made, why), STYLE, view.Handed(record, jws, why))


def _lamp(light: Light) -> view.Lamp:
    look = LOOKS[light]
    return view.Lamp(light.value, look.colour, view.Text(look.zh, look.en))


def _judged_by(check: Check) -> str:
    """The values of a finding, as a person reads them."""
    known = {name: value for name, value in check.values.items() if value is not None}
    return ", ".join(f"{name} {value}" for name, value in known.items())


def _doing(picture: Snapshot, mono: float) -> view.Doing:
    age_s = _age_s(picture, mono)
    if age_s is None or age_s > SILENT_AFTER_S:
        return "silent"
    if picture.value("defrost_active") is True or picture.value("mode_active") == "defrost":
        return "defrosting"
    if picture.value("power_on") is False:
        return "off"
    runs = picture.value("compressor_on")
    frequency, power = picture.number("compressor_frequency"), picture.number("active_power")
    if not isinstance(runs, bool):
        if frequency is None and power is None:
            return "unknown"
        runs = frequency > 0 if frequency is not None else (power or 0.0) > DRAWS_W
    if not runs:
        return "idle"
    mode = str(picture.value("mode_active") or picture.value("mode") or "")
    if mode in ("dhw", "hot_water"):
        return "hot_water"
    return "cooling" if mode.startswith("cool") else "heating"


def _age_s(picture: Snapshot, mono: float) -> float | None:
    """Seconds since the machine was heard last; None when it never was."""
    return min((mono - then for then in picture.mono.values()), default=None)


def _for_residents(alarm: Alarm) -> bool:
    told = alarm.annunciated or alarm.life is Life.RETURNED
    return told and Audience.RESIDENT in alarm.audience


def _urgency(alarm: Alarm) -> tuple[bool, str, datetime]:
    """What stands before what is over, the severe before the mild, the old before the new."""
    return not alarm.annunciated, alarm.severity.value, alarm.opened_at


def _step(machine: Machine, home: HomeControl) -> float:
    terms = machine.terms(home.point)
    return max(terms.step, 0.5) if terms is not None else 1.0


def _money(days: list[Day], tariff: Tariff, left_kwh: float | None) -> view.Money:
    bill = sum((one.bill for one in days), Bill())
    priced = bool(tariff.rates)
    gross = bill.gross if priced else None
    return view.Money(bill.kwh, tariff.currency, gross, bill.refunded, left_kwh)


def _cap_left(tariff: Tariff, kept: Kept) -> float | None:
    caps = {
        refund.payer: refund.cap_kwh
        for rate in tariff.rates
        for refund in rate.refunds
        if refund.cap_kwh is not None
    }
    done = kept.state.tally.refunded_kwh
    return min((max(0.0, cap - done.get(payer, 0.0)) for payer, cap in caps.items()), default=None)


def _values(machine: Machine, picture: Snapshot, mono: float) -> list[view.Value]:
    found: list[view.Value] = []
    for point, reading in picture.readings.items():
        label = machine.label(point)
        found.append(
            view.Value(
                point,
                view.Text(label.zh, label.en),
                reading.value,
                label.unit.value,
                reading.quality.value,
                picture.age_s(point, mono),
                reading.raw,
            )
        )
    return found
