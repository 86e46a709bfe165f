"""The week plan to be changed by touch; as text where scripts are blocked. Pure."""

from __future__ import annotations

from markupsafe import Markup

from agent.web.view import Dial, Home, Step
from agent.web.words import Speech

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_PAGE = Markup("""<section class="home"><h1>{title} · {home}</h1><div class="card">
<p class="small">{help}</p>
<form method="post" action="/api/plan" id="plan" data-low="{low}" data-high="{high}"
 data-step="{step}"><input type="hidden" name="device" value="{device}">
<ol class="steps">{steps}</ol><template>{blank}</template>
<button type="button" class="add quiet" hidden>+ {add}</button>
<div class="text"><label for="plan-text">{as_text}</label>
<textarea id="plan-text" name="plan" rows="5" maxlength="2000">{text}</textarea></div>
<p class="row"><button>{save}</button> <a class="button quiet" href="/">{cancel}</a></p></form>
<form method="post" action="/api/plan"><input type="hidden" name="device" value="{device}">
<input type="hidden" name="plan" value=""><button class="link">{default}</button></form>
</div></section>""")
_STEP = Markup("""<li hidden><fieldset><legend>{days_word}</legend><div class="days">{days}</div>
</fieldset><div class="row"><label>{from_word}<input type="time" value="{clock}" required></label>
<div class="degrees"><span class="small">{degrees_word}</span><div class="dial">
<button type="button" class="less" aria-label="{cooler}">−</button><output>{value}</output>
<button type="button" class="more" aria-label="{warmer}">+</button></div></div>
<button type="button" class="delete link">{delete}</button></div></li>""")
_DAY = Markup('<label><input type="checkbox" value="{}"{}><span>{}</span></label>')


def plan_page(home: Home, dial: Dial, speech: Speech) -> Markup:
    """The editor for the plan of one home."""
    return _PAGE.format(
        title=speech("week"),
        home=home.name,
        help=speech("plan_help"),
        low=dial.low,
        high=dial.high,
        step=dial.step,
        device=home.device,
        steps=Markup("").join(_step(one, speech) for one in home.plan),
        blank=_step(Step(tuple(range(7)), 8 * 60, dial.value), speech),
        add=speech("add_step"),
        as_text=speech("plan_text"),
        text=as_text(home.plan),
        save=speech("save"),
        cancel=speech("cancel"),
        default=speech("plan_default"),
    )


def as_text(plan: tuple[Step, ...]) -> str:
    """A plan as the order of the household has it."""
    return "; ".join(
        f"{' '.join(NAMES[day] for day in one.days)} "
        f"{one.minute // 60:02}:{one.minute % 60:02} {one.value:g}"
        for one in plan
    )


def _step(step: Step, speech: Speech) -> Markup:
    days = Markup("").join(
        _DAY.format(name, Markup(" checked") if number in step.days else "", speech.days[number])
        for number, name in enumerate(NAMES)
    )
    return _STEP.format(
        days_word=speech("step_days"),
        days=days,
        from_word=speech("step_from"),
        clock=f"{step.minute // 60:02}:{step.minute % 60:02}",
        degrees_word=speech("step_degrees"),
        value=f"{step.value:g}",
        cooler=speech("cooler"),
        warmer=speech("warmer"),
        delete=speech("delete_step"),
    )
