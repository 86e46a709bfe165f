"""The technician's page: raw points, buses, buffer, command log, evidence, self-tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal

import msgspec
from markupsafe import Markup
from msgspec import Meta

from agent.web.chart import evidence_chart
from agent.web.pages import Frame, Place, page
from agent.web.routes import JSON, Answer, Asked, Need, Route, told, wrong
from agent.web.sentence import span
from agent.web.view import Bus, Depth, Line, Live, Service, Test, Trend, Value
from agent.web.wish import Ended, Rooms, Wish
from agent.web.words import Speech, language_of

Name = Annotated[str, Meta(min_length=1, max_length=64)]
ORDERS = ("poll_check", "test_write", "self_test")  # as after wiring: wire, writing, heat


class StartTest(msgspec.Struct, frozen=True):
    """Begin a test of a machine, or (`run` false) end the one that runs.

    `self_test` makes heat, `test_write` moves the water setpoint by 1 K and back, `poll_check`
    watches ten polls.
    """

    device: Name
    run: bool = True
    order: Literal["self_test", "test_write", "poll_check"] = "self_test"


class Confirm(msgspec.Struct, frozen=True):
    """A technician has seen an alarm; that lets a latched one end."""

    device: Name
    alarm: Annotated[str, Meta(min_length=1, max_length=300)]


class Technician:
    """The routes of the technician."""

    def __init__(self, rooms: Rooms, frame: Frame) -> None:
        self._rooms, self._frame = rooms, frame

    def routes(self) -> tuple[Route, ...]:
        """To be added to the table."""
        may = Need.INSTALLER
        return (
            Route("GET", "/technician", may, self._page, "The technician's page."),
            Route("GET", "/api/service", may, self._service, "The same as JSON.", gives=Service,
                  kind=JSON),
            Route("POST", "/api/test", may, self._test, "Start or end a self-test.", StartTest,
                  Ended, JSON),
            Route("POST", "/api/confirm", may, self._confirm, "Acknowledge as a technician.",
                  Confirm, Ended, JSON),
        )  # fmt: skip

    async def _service(self, asked: Asked) -> Answer:
        return told(await self._rooms.service())

    async def _page(self, asked: Asked) -> Answer:
        return Answer(await self._drawn(asked))

    async def _drawn(self, asked: Asked, notice: str = "") -> str:
        speech = Speech(language_of(asked))
        service = await self._rooms.service()
        place = Place("/technician", speech.language, asked.session, notice)
        body = _body(self._rooms.live(), service, speech)
        return page(self._frame, place, speech("technician"), body)

    async def _test(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, StartTest)
        return await self._ask(asked, asked.said.device, asked.said.order, asked.said.run)

    async def _confirm(self, asked: Asked) -> Answer:
        assert isinstance(asked.said, Confirm)
        return await self._ask(asked, asked.said.device, "alarm_acknowledge", asked.said.alarm)

    async def _ask(self, asked: Asked, device: str, point: str, value: bool | str) -> Answer:
        """A technician's wish, and its end told to who asked. A test ends much later."""
        assert asked.session is not None
        wish = Wish(device, point, value, "service", f"page-{asked.session.number}")
        end = await self._rooms.ask(wish)
        well = end.outcome in ("verified", "under_way")
        if asked.wants_json:
            return told(end) if well else wrong(409, end.why)
        if well:
            return Answer(status=303, headers={"Location": "/technician"})
        speech = Speech(language_of(asked))
        return Answer(await self._drawn(asked, speech("not_done", end.why)), 409)


_SECTION = Markup('<section class="card"><h2>{}</h2>{}</section>')
_FOLDED = Markup('<section class="card"><details><summary>{}</summary>{}</details></section>')
_TABLE = Markup(
    '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr>'
    "</thead><tbody>{}</tbody></table></div>"
)
_HEAD, _CELL = Markup('<th scope="col">{}</th>'), Markup("<td{}>{}</td>")
_PIN = Markup("""<form method="post" action="/api/pin" class="row"><label>{label}
<input name="pin" inputmode="numeric" autocomplete="off" maxlength="12" pattern="[0-9]*"></label>
<button>{word}</button></form><p class="small">{help}</p>""")
_TEST = Markup("""<form method="post" action="/api/test"><input type="hidden" name="device"
 value="{device}"><p><b>{device}</b> {state}</p><p class="row">{buttons}</p></form>{last}""")
_BEGIN = Markup('<button name="order" value="{}">{}</button>')
_STOP = Markup('<button name="run" value="false">{}</button>')
_LAST = Markup("<p>{word} <small>{at} · {visit}</small></p><ul>{checks}</ul>")
_CHECKED = Markup("<li>{}<br><small>{}</small></li>")
_TREND = Markup("""<article class="alarm {severity}"><h3>{severity} {device}: {rule}
 <small>{since} · {life}</small></h3><p>{text}</p>{chart}<p class="small">{suspects}</p>{act}
</article>""")
_CONFIRM = Markup("""<form method="post" action="/api/confirm"><input type="hidden" name="device"
 value="{device}"><input type="hidden" name="alarm" value="{id}"><button>{word}</button></form>""")


def _body(live: Live, service: Service, speech: Speech) -> Markup:
    pumps = [home.device for home in live.homes]
    return Markup("").join(
        (
            Markup("<h1>{}</h1>").format(speech("technician")),
            _SECTION.format(speech("alarms"), _trends(service.alarms, speech)),
            _SECTION.format(speech("tests"), _tests(pumps, service, speech)),
            _SECTION.format(
                speech("set_pin"),
                _PIN.format(label=speech("pin"), word=speech("save"), help=speech("pin_help")),
            ),
            _SECTION.format(speech("buses"), _buses(service.buses, speech)),
            _SECTION.format(speech("buffer"), _depth(service.depth, speech)),
            *(_values(name, values, speech) for name, values in service.values.items()),
            _SECTION.format(speech("log"), _log(service.log, speech)),
        )
    )


def _table(name: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Markup:
    """A table; numbers stand to the right."""
    drawn = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                cell
                if isinstance(cell, Markup) and cell.startswith("<td")
                else _CELL.format(
                    Markup(' class="number"') if isinstance(cell, int | float) else "", cell
                )
                for cell in row
            )
        )
        for row in rows
    ]
    heading = Markup("").join(_HEAD.format(head) for head in heads)
    return _TABLE.format(name, heading, Markup("").join(drawn))


def _values(device: str, values: Iterable[Value], speech: Speech) -> Markup:
    heads = [speech(word) for word in ("point", "value", "quality", "age", "raw")]
    rows = [
        (
            Markup("{}<br><small>{}</small>").format(speech.text(one.name), one.point),
            _shown(one.value, one.unit),
            one.quality
            if one.quality == "good"
            else Markup('<td class="doubt">{}</td>').format(one.quality),
            "–" if one.age_s is None else span(one.age_s, speech),
            "" if one.raw is None else one.raw,
        )
        for one in values
    ]
    title = f"{speech('values')} · {device}"
    return _FOLDED.format(title, _table(title, heads, rows))


def _shown(value: object, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value} {'°C' if unit == 'degC' else unit}".strip().replace(" ", "\N{NO-BREAK SPACE}")


def _buses(buses: Iterable[Bus], speech: Speech) -> Markup:
    words = ("requests", "silences", "garbled", "refused", "lost", "sweeps", "holes")
    heads = [speech("line"), *(speech(word) for word in words)]
    rows = [(one.name, *(getattr(one, word) for word in words)) for one in buses]
    return _table(speech("buses"), heads, rows)


def _depth(depth: Depth, speech: Speech) -> Markup:
    rows: list[tuple[str, object]] = [
        (speech("platform"), speech("connected" if depth.connected else "offline")),
        *((f"{speech('waits')} {lane}", count) for lane, count in depth.lanes.items()),
        (speech("oldest"), "–" if depth.oldest_s is None else span(depth.oldest_s, speech)),
        (speech("size"), f"{depth.bytes / 1e6:.1f} MB"),
        (speech("dropped"), depth.lost),
        (speech("thinned"), depth.thinned),
        (speech("disk"), depth.error or "✓"),
        (speech("sent"), depth.sent),
        (speech("acked"), depth.acknowledged),
        (speech("resent"), depth.resent),
        (speech("reconnects"), depth.reconnects),
    ]
    return _table(speech("buffer"), (speech("what"), speech("value")), rows)


def _log(lines: Iterable[Line], speech: Speech) -> Markup:
    heads = [speech(word) for word in ("when", "what", "detail")]
    rows = [(f"{one.at:%m-%d %H:%M:%S}", one.kind, _detail(one.detail)) for one in lines]
    return _table(speech("log"), heads, rows)


def _detail(detail: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in detail.items() if value not in (None, ""))


def _trends(alarms: Iterable[Trend], speech: Speech) -> Markup:
    drawn = [_trend(one, speech) for one in alarms]
    return Markup("").join(drawn) or Markup('<p class="well">{}</p>').format(speech("everything"))


def _trend(one: Trend, speech: Speech) -> Markup:
    suspects = ", ".join(f"{fault} {weight:.0%}" for fault, weight in one.suspects)
    act = _CONFIRM.format(device=one.device, id=one.id, word=speech("acknowledge"))
    if one.acked_by and not one.acked_by.startswith("resident:"):
        act = Markup('<p class="small">{}</p>').format(speech("acknowledged_by", one.acked_by))
    told_of = f"{speech('evidence')}: {_detail(one.evidence)}"
    drawn = evidence_chart(one.evidence, one.expected, told_of)
    return _TREND.format(
        severity=one.severity,
        device=one.device,
        rule=one.rule,
        since=f"{one.since:%m-%d %H:%M}",
        life=one.life,
        text=speech.text(one.text),
        chart=drawn or Markup('<p class="small">{}</p>').format(told_of),
        suspects=f"{speech('suspects')}: {suspects}" if suspects else "",
        act=act,
    )


def _tests(pumps: Collection[str], service: Service, speech: Speech) -> Markup:
    """Every machine with what may be tested of it, and what the last tests found."""
    again = Markup(" data-again") if service.testing or service.polled else Markup("")
    drawn = [Markup('<p class="small"{}>{}</p>').format(again, speech("test_help"))]
    for device in service.values:
        orders = ORDERS if device in pumps else ORDERS[:1]
        if device in service.testing:
            state, buttons = speech("testing"), _STOP.format(speech("stop_test"))
        elif device in service.polled:
            state, buttons = speech("testing"), Markup("")
        else:
            begin = [_BEGIN.format(order, speech(f"begin_{order}")) for order in orders]
            state = "" if service.tests.get(device) else speech("no_test")
            buttons = Markup("").join(begin)
        last = [_last(one, speech) for one in service.tests.get(device, ())]
        drawn.append(
            _TEST.format(
                device=device,
                state=state,
                buttons=buttons,
                last=Markup("").join(last),
            )
        )
    drawn.append(
        Markup('<p><a class="button" href="/handover">{}</a></p>').format(speech("handover"))
    )
    return Markup("").join(drawn)


def _last(one: Test, speech: Speech) -> Markup:
    checks = [_CHECKED.format(speech.text(text), values) for _, text, values in one.checks]
    return _LAST.format(
        word=speech(f"begin_{one.order}"),
        at=f"{one.at:%m-%d %H:%M}",
        visit=speech(f"visit_{one.visit}"),
        checks=Markup("").join(checks),
    )
