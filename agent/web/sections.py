"""The pieces of the resident's page; each has an id and is sent anew when it changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from markupsafe import Markup

from agent.web.chart import day_chart, season_chart, week_chart
from agent.web.routes import Session
from agent.web.sentence import clock, degrees, sentence, span, watts
from agent.web.view import Dial, Home, Live, Money, Standing
from agent.web.words import Speech

MODES = ("plan", "steady", "away")

_PIECE = Markup('<div id="{}" class="{}">{}</div>')
_ALARM = Markup("""<article class="alarm {severity}"><h2><span class="mark">{mark}</span> {title}
 <small>{since}</small></h2><p>{todo}</p>
<p><b>{call}</b> {whom} <small>{told}</small></p>{seen}
<details><summary>{details}</summary><p>{device}: {text}</p></details></article>""")
_LAMP = Markup('<p class="lamp {}">{}</p>')
_SEE = Markup("""<form method="post" action="/api/seen" data-quick>
<input type="hidden" name="device" value="{device}"><input type="hidden" name="alarm" value="{id}">
<button id="seen-{number}">{word}</button></form>""")
_DIAL = Markup("""<form method="post" action="/api/wanted" data-dial data-low="{low}"
 data-high="{high}" data-step="{step}"><input type="hidden" name="device" value="{device}">
<span class="small" id="label-{device}">{label}</span><div class="dial">
<button id="less-{device}" name="value" value="{less}" aria-label="{cooler}"{no_less}>−</button>
<output aria-labelledby="label-{device}">{value}</output>
<button id="more-{device}" name="value" value="{more}" aria-label="{warmer}"{no_more}>+</button>
</div></form>{until}""")
_UNTIL = Markup("""<form method="post" action="/api/planned" class="until" data-quick>
<input type="hidden" name="device" value="{device}"><span>{text}</span>
<button id="back-{device}" class="link"{off}>{back}</button></form>""")
_MODE = Markup("""<form method="post" action="/api/mode" data-quick><fieldset{off}>
<legend>{legend}</legend><input type="hidden" name="device" value="{device}">
<div class="choice">{buttons}</div>
<label class="small" for="until-{device}">{until}</label>
<input type="date" id="until-{device}" name="until" value="{last}" min="{first}">
</fieldset></form>""")
_MODE_BUTTON = Markup(
    '<button id="mode-{device}-{mode}" name="mode" value="{mode}" aria-pressed="{on}">'
    "{text}</button>"
)
_FACT = Markup("<div><dt>{}</dt><dd>{}</dd></div>")
_MONEY = Markup("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>")


def pieces(
    live: Live, speech: Speech, session: Session | None, service: str, charts: bool = True
) -> Mapping[str, Markup]:
    """Every piece of the page by its id, in order; those that are drawn only with `charts`."""
    off = Markup("") if session else Markup(" disabled")
    found = {"alarms": _alarms(live, speech, session, service)}
    for home in live.homes:
        found[f"now-{home.device}"] = _now(home, live, speech)
        if home.dial is not None:
            found[f"dial-{home.device}"] = _dial(home, home.dial, live, speech, session)
        if home.mode is not None:
            found[f"mode-{home.device}"] = _mode(home, live.at, speech, off)
        found[f"money-{home.device}"] = _money(home, speech)
        if not charts:
            continue
        if home.season is not None:
            found[f"day-{home.device}"] = _day(home, live, speech)
            found[f"season-{home.device}"] = _season(home, speech)
        if home.plan:
            found[f"plan-{home.device}"] = _plan(home, speech, session)
    found["state"] = _state(live, speech)
    return found


def put(id: str, kind: str, piece: Markup) -> Markup:
    """A piece in its place on the page."""
    return _PIECE.format(id, kind, piece)


def _alarms(live: Live, speech: Speech, session: Session | None, service: str) -> Markup:
    if not live.alarms:
        return _LAMP.format(live.lamp.colour, speech.text(live.lamp.text))
    return Markup("").join(
        _alarm(number, one, live, speech, session, service)
        for number, one in enumerate(live.alarms)
    )


def _alarm(
    number: int, one: Standing, live: Live, speech: Speech, session: Session | None, service: str
) -> Markup:
    seen = Markup("")
    if one.acknowledged:
        seen = Markup('<p class="small">✓ {}</p>').format(speech("seen"))
    elif session is not None:
        seen = _SEE.format(number=number, device=one.device, id=one.id, word=speech("acknowledge"))
    names = (speech(f"audience_{name}") for name in one.told)
    told = ("、" if speech.language == "zh" else ", ").join(names)
    return _ALARM.format(
        severity=one.severity if one.stands else "over",
        mark="!" if one.stands else "✓",
        title=speech(one.severity) if one.stands else speech("over"),
        since=speech("since", clock(one.since, live.at, speech)),
        todo=speech.text(one.todo),
        call=speech("call"),
        whom=service or speech("service_default"),
        told=speech("told" if live.connected else "will_tell", told) if told else "",
        seen=seen,
        details=speech("details"),
        device=one.device,
        text=speech.text(one.text),
    )


def _now(home: Home, live: Live, speech: Speech) -> Markup:
    facts = [
        (speech("outdoor"), degrees(home.outdoor_c)),
        (speech("water"), degrees(home.water_c)),
        (speech("power"), watts(home.power_w)),
    ]
    old = ""
    if home.age_s is not None and home.age_s > 120:
        old = speech("stale", span(home.age_s, speech))
    return Markup(
        '<p class="big"><span class="small">{}</span><b>{}</b></p><p class="why">{}</p>'
        '<dl class="facts">{}</dl><p class="small">{}</p>'
    ).format(
        speech("room"),
        degrees(home.room_c),
        sentence(home, speech),
        Markup("").join(_FACT.format(*one) for one in facts),
        old,
    )


def _dial(home: Home, dial: Dial, live: Live, speech: Speech, session: Session | None) -> Markup:
    less, more = dial.value - dial.step, dial.value + dial.step
    until = Markup("")
    if dial.until is not None:
        until = _UNTIL.format(
            device=home.device,
            text=speech("until", clock(dial.until, live.at, speech)),
            back=speech("back"),
            off="" if session else Markup(" disabled"),
        )
    elif session is None:
        until = Markup('<p class="small"><a href="/login">{}</a></p>').format(speech("to_change"))
    else:
        until = Markup('<p class="small">{}</p>').format(speech("as_planned"))
    off = Markup(" disabled")
    return _DIAL.format(
        device=home.device,
        label=speech(f"wanted_{dial.of}"),
        low=dial.low,
        high=dial.high,
        step=dial.step,
        value=degrees(dial.value),
        less=f"{less:g}",
        more=f"{more:g}",
        cooler=speech("cooler"),
        warmer=speech("warmer"),
        no_less=off if session is None or less < dial.low else "",
        no_more=off if session is None or more > dial.high else "",
        until=until,
    )


def _mode(home: Home, now: datetime, speech: Speech, off: Markup) -> Markup:
    buttons = [
        _MODE_BUTTON.format(
            device=home.device,
            mode=mode,
            on="true" if home.mode == mode else "false",
            text=speech(mode),
        )
        for mode in MODES
    ]
    return _MODE.format(
        legend=speech("mode"),
        device=home.device,
        buttons=Markup("").join(buttons),
        until=speech("away_until"),
        first=now.date().isoformat(),
        last=(home.away_until or now.date() + timedelta(days=2)).isoformat(),
        off=off,
    )


def _money(home: Home, speech: Speech) -> Markup:
    rows = [(speech("today"), home.today), (speech("season"), home.season)]
    told = [_MONEY.format(name, *_amount(one, speech)) for name, one in rows if one is not None]
    if not told:
        return Markup("")
    return Markup('<h2>{}</h2><dl class="money">{}</dl>').format(
        speech("money"), Markup("").join(told)
    )


def _amount(money: Money, speech: Speech) -> tuple[str, str]:
    kwh = speech("kwh", f"{money.kwh:.1f}" if money.kwh < 100 else f"{money.kwh:.0f}")
    if money.net is None:
        return kwh, speech("no_price")
    parts = [speech("paid", speech("yuan", f"{money.net:.2f}"))]
    if money.refunded > 0:
        parts.append(speech("refund", speech("yuan", f"{money.refunded:.2f}")))
    if money.cap_left_kwh is not None:
        parts.append(speech("cap", f"{money.cap_left_kwh:.0f}"))
    return kwh, ("，" if speech.language == "zh" else ", ").join(parts)


def _day(home: Home, live: Live, speech: Speech) -> Markup:
    alarms = [one.since for one in live.alarms if one.device == home.device]
    told = f"{speech('last_day')}: {speech('room')} {degrees(home.room_c)}"
    drawn = day_chart(home.slots, live.at, alarms, told, speech("nothing_yet"))
    if len(home.slots) < 2:
        return Markup("<h2>{}</h2>{}").format(speech("last_day"), drawn)
    names = ("room", "wanted", "outdoor", "power")
    legend = Markup("").join(
        Markup('<span class="key {}">{}</span>').format(name, speech(f"legend_{name}"))
        for name in names
    )
    return Markup('<h2>{}</h2>{}<p class="legend">{}</p>').format(speech("last_day"), drawn, legend)


def _season(home: Home, speech: Speech) -> Markup:
    told = speech("season_days")
    return Markup("<h2>{}</h2>{}").format(
        told, season_chart(home.bars, told, speech("nothing_yet"))
    )


def _plan(home: Home, speech: Speech, session: Session | None) -> Markup:
    link = Markup("")
    if session is not None:
        link = Markup('<p><a class="button" href="/plan?device={}">{}</a></p>').format(
            home.device, speech("edit")
        )
    return Markup("<h2>{}</h2>{}{}").format(
        speech("week"), week_chart(home.plan, speech.days, speech("week")), link
    )


def _state(live: Live, speech: Speech) -> Markup:
    parts = [f"{speech('platform')}: {speech('connected' if live.connected else 'offline')}"]
    if live.waiting:
        parts.append(speech("waiting", live.waiting))
    if live.registered not in ("none", "valid"):
        parts.append(speech.text(live.identity))
    if not live.trusted:
        parts.append(speech("unset"))
    parts.append(speech("updated", f"{live.at:%H:%M}"))
    kind = "small" if live.connected else "small offline"
    return Markup('<p class="{}">{}</p>').format(kind, " · ".join(parts))
