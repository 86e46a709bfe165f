"""The setting up as HTML, stage by stage. Pure."""

from __future__ import annotations

from markupsafe import Markup

from agent.web.setup import Hint, Machine, Setup, Shown
from agent.web.words import Speech

_CARD = Markup('<section class="card"><h2>{}</h2>{}</section>')
_SEARCH = Markup("""<form method="post" action="/api/setup/search"><fieldset>
<legend>{which}</legend>{ports}</fieldset><label>{other}
<input name="other" autocapitalize="none" spellcheck="false" maxlength="200" placeholder="tcp://192.168.1.30:502"></label>
<p class="row"><button name="all_ids" value="false">{quick}</button>
<button name="all_ids" value="true" class="all">{full}</button></p></form>
<p class="small">{help}</p>""")
_PORT = Markup('<label class="port"><input type="radio" name="port" value="{}"{}> {}</label>')
_HINT = Markup("<li><b>{}</b> <small>{:.0%}</small><p>{}</p><p>{}</p></li>")
_UNIT = Markup("""<form method="post" action="/api/setup/unit" class="unit" id="unit-{id}">
<input type="hidden" name="unit_id" value="{id}">
<h3>{kind} <small>{address} {id}</small></h3>{guesses}
<p>{question}</p><dl class="facts">{values}</dl>
<label>{name_word}<input name="name" value="{name}" maxlength="64" required
 autocapitalize="none" spellcheck="false" pattern="[A-Za-z0-9][A-Za-z0-9_\\-]*"></label>
{serves}<p class="row">{buttons}</p></form>""")
_DECIDED = Markup("""<details class="unit" id="decided-{id}"><summary><span><b>{name}</b> {driver}:
<span class="{shade}">{state}</span> <small>{edit}</small></span></summary>{form}</details>""")
_TAKE = Markup('<button name="taken" value="true" class="take">{}</button>')
_LEAVE = Markup('<button name="taken" value="false" class="leave">{}</button>')
_GUESS = Markup(
    '<label class="port"><input type="radio" name="driver" value="{}"{}> {} '
    "<small>{} · {:.0%}</small></label>"
)
_SERVES = Markup('<label class="port"><input type="radio" name="serves" value="{}"{}> {}</label>')
_STEP = Markup('<li><b class="{}">{} {}</b> {}</li>')
_TRY = Markup("""<form method="post" action="/api/setup/network">{}
<p><button class="try">{}</button></p></form>""")
_VALUE = Markup("<div><dt>{}</dt><dd>{} {}</dd></div>")
_WRITE = Markup("""<form method="post" action="/api/setup/write"><label>{gateway_word}
<input name="gateway" value="{gateway}" required maxlength="64" autocapitalize="none"
 spellcheck="false" pattern="[A-Za-z0-9][A-Za-z0-9_\\-]*"></label>{broker}
<p><button class="write">{word}</button></p></form>""")
_BROKER = Markup("""<label>{}<input name="broker" value="{}" required maxlength="200"
 autocapitalize="none" spellcheck="false" placeholder="mqtts://host:8883"></label>""")
_AGAIN = Markup('<noscript><p><a href="/install">{}</a></p></noscript>')
_DONE = Markup('<p data-until-homes>{}</p><p><a class="button" href="/">{}</a></p>')


def body(setup: Setup, speech: Speech) -> Markup:
    """All that the page shows at this stage."""
    if setup.stage == "searching":
        says = Markup('<p role="status">{}</p>').format(speech.text(setup.says))
        return _card(speech("searching"), says + _AGAIN.format(speech("look_again")))
    if setup.stage == "written":
        return _card(
            speech("written"), _DONE.format(speech("written_help"), speech("to_household"))
        )
    parts = _network(setup, speech) if setup.stage == "ready" else Markup("")
    if setup.stage == "nobody":
        hints = Markup("").join(_hint(one, speech) for one in setup.hints)
        parts += _card(speech("found_nobody"), Markup('<ul class="hints">{}</ul>').format(hints))
    if setup.stage == "found":
        parts += _found(setup, speech)
    parts += _search(setup, speech)
    return parts if setup.stage == "ready" else parts + _network(setup, speech)


def _card(head: str, inside: Markup) -> Markup:
    return _CARD.format(head, inside)


def _network(setup: Setup, speech: Speech) -> Markup:
    """How far the way to the platform stands, and a button to try it."""
    steps = Markup("").join(
        _STEP.format(
            "well" if one.good else "bad",
            "✓" if one.good else "✗",
            speech(f"network_{one.question}"),
            speech.text(one.says),
        )
        for one in setup.network
    )
    asked = _asked_broker(setup, speech) if setup.asks_broker else setup.broker
    form = _TRY.format(asked, speech("try_network"))
    return _card(speech("network"), Markup('<ul class="hints">{}</ul>{}').format(steps, form))


def _asked_broker(setup: Setup, speech: Speech) -> Markup:
    return _BROKER.format(speech("broker"), setup.broker)


def _search(setup: Setup, speech: Speech) -> Markup:
    chosen = setup.port if setup.port in setup.ports else next(iter(setup.ports), "")
    ports = [_PORT.format(one, _checked(one == chosen), one) for one in setup.ports]
    form = _SEARCH.format(
        which=speech("which_port"),
        ports=Markup("").join(ports) or speech("no_port"),
        other=speech("other_port"),
        quick=speech("search_quick" if setup.stage == "ready" else "search_again"),
        full=speech("search_full"),
        help=speech("search_help"),
    )
    return _card(speech("search_line"), form)


def _checked(yes: bool) -> Markup:
    return Markup(" checked") if yes else Markup("")


def _hint(one: Hint, speech: Speech) -> Markup:
    return _HINT.format(
        speech.text(one.name), one.sure, speech.text(one.seen), speech.text(one.next)
    )


def _found(setup: Setup, speech: Speech) -> Markup:
    units = Markup("").join(_unit(one, setup, speech) for one in setup.machines)
    says = Markup('<p class="small">{} {}</p>').format(setup.port, setup.setting)
    parts = _card(speech("found_units", len(setup.machines)), says + units)
    if any(one.taken for one in setup.machines):
        broker = _asked_broker(setup, speech) if setup.asks_broker else Markup("")
        form = _WRITE.format(
            gateway_word=speech("gateway_id"),
            gateway=setup.gateway,
            broker=broker,
            word=speech("write_setup"),
        )
        parts += _card(speech("write_setup"), form)
    return parts


def _unit(one: Machine, setup: Setup, speech: Speech) -> Markup:
    if not one.guesses:
        text = speech("unknown_make")
        return Markup('<p id="unit-{}">{} {}: {}</p>').format(
            one.unit_id, speech("address"), one.unit_id, text
        )
    guesses = Markup("").join(
        _GUESS.format(
            guess.driver, _checked(guess.driver == one.driver), guess.driver, guess.models,
            guess.sure,
        )
        for guess in one.guesses
    )  # fmt: skip
    form = _UNIT.format(
        id=one.unit_id,
        kind=speech(f"kind_{one.kind}"),
        address=speech("address"),
        guesses=guesses,
        question=speech("display" if one.values else "no_values"),
        values=Markup("").join(_value(value, speech) for value in one.values),
        name_word=speech("unit_name"),
        name=one.name,
        serves=_serves(one, setup, speech),
        buttons=_TAKE.format(speech("agrees" if one.values else "take")) + _LEAVE.format(
            speech("leave_out")
        ),
    )  # fmt: skip
    return form if one.taken is None else _decided(one, form, speech)


def _decided(one: Machine, form: Markup, speech: Speech) -> Markup:
    """In one line what was decided; the form is folded, for who thinks better of it."""
    state = speech("taken" if one.taken else "left_out")
    if one.serves:
        state += " · " + speech("serves_unit", one.serves)
    return _DECIDED.format(
        id=one.unit_id,
        name=one.name,
        driver=one.driver,
        shade="well" if one.taken else "small",
        state=state,
        edit=speech("edit"),
        form=form,
    )


def _serves(one: Machine, setup: Setup, speech: Speech) -> Markup:
    """For which heat pump a meter or a sensor measures; nothing for a heat pump."""
    pumps = [
        it
        for it in setup.machines
        if it.guesses and it.kind == "heat_pump" and it.taken is not False
    ]
    if one.kind == "heat_pump" or not pumps:
        return Markup("")
    choices = [(it.unit_id, f"{it.name} ({speech('address')} {it.unit_id})") for it in pumps]
    choices.append((0, speech("serves_nobody")))
    radios = Markup("").join(
        _SERVES.format(unit_id, _checked(unit_id == one.serves), text) for unit_id, text in choices
    )
    return Markup("<fieldset><legend>{}</legend>{}</fieldset>").format(
        speech(f"serves_{one.kind}"), radios
    )


def _value(one: Shown, speech: Speech) -> Markup:
    return _VALUE.format(speech.text(one.name), one.value, one.unit)
