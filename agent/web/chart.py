"""Charts as inline SVG: the last day, the season, a week plan, what an alarm was judged by. Pure.

Colours come from the style sheet by class: inline styles are forbidden on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil, floor

from markupsafe import Markup

from agent.web.view import Bar, Slot, Step

WIDE, LEFT = 360, 30
DAY_H = 24

_SVG = Markup(
    '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" class="chart"><title>{}</title>{}</svg>'
)
_LINE = Markup('<polyline class="{}" points="{}"/>')
_TEXT = Markup('<text x="{}" y="{}" class="{}">{}</text>')
_RULE = Markup('<path class="grid" d="M{} {}H{}"/>')
_RECT = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')


def day_chart(
    slots: Sequence[Slot], now: datetime, alarms: Iterable[datetime], told: str, nothing: str
) -> Markup:
    """Room and wanted temperature above, outdoor air in the middle, power below; 24 h to now."""
    if len(slots) < 2:
        return Markup('<p class="small">{}</p>').format(nothing)
    begin = now - timedelta(hours=DAY_H)

    def x(at: datetime) -> float:
        share = (at - begin).total_seconds() / (DAY_H * 3600)
        return LEFT + (WIDE - LEFT) * min(1.0, max(0.0, share))

    parts = [*_hours(begin, x, 172)]
    rooms = [(x(s.at), s.room_c) for s in slots]
    wanted = [(x(s.at), s.wanted_c) for s in slots]
    parts += _panel([("wanted", wanted), ("room", rooms)], 6, 64, 2.0)
    parts += _panel([("outdoor", [(x(s.at), s.outdoor_c) for s in slots])], 84, 34, 5.0)
    parts += _bars([(x(s.at), s.power_w) for s in slots], 132, 28)
    parts += [
        Markup('<path class="alarm" d="M{:.1f} 4V162"/>').format(x(at))
        for at in alarms
        if at > begin
    ]
    return _SVG.format(WIDE, 176, told, told, Markup("").join(parts))


def _hours(begin: datetime, x: object, y: int) -> list[Markup]:
    assert callable(x)
    first = begin.replace(minute=0, second=0, microsecond=0)
    hours = [first + timedelta(hours=h) for h in range(1, DAY_H + 2)]
    return [
        _TEXT.format(f"{x(at):.0f}", y, "axis mid", f"{at:%H}")
        for at in hours
        if at.hour % 6 == 0 and LEFT + 6 <= x(at) <= WIDE - 6
    ]


def _panel(
    lines: Sequence[tuple[str, Sequence[tuple[float, float | None]]]],
    top: int,
    high: int,
    least: float,
) -> list[Markup]:
    values = [v for _, points in lines for _, v in points if v is not None]
    if not values:
        return []
    low, top_value = floor(min(values)), ceil(max(values))
    if top_value - low < least:
        low, top_value = floor(low - least / 2), ceil(top_value + least / 2)

    def y(value: float) -> float:
        return top + high * (top_value - value) / (top_value - low)

    parts = [
        part
        for value in (low, top_value)
        for part in (
            _RULE.format(LEFT, f"{y(value):.1f}", WIDE),
            _TEXT.format(LEFT - 4, f"{y(value) + 4:.1f}", "axis end", value),
        )
    ]
    for name, points in lines:
        for run in _runs(points):
            parts.append(_LINE.format(name, " ".join(f"{px:.1f},{y(v):.1f}" for px, v in run)))
    return parts


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """Pieces without a hole: a line is never drawn over what nobody saw."""
    runs: list[list[tuple[float, float]]] = [[]]
    last: float | None = None
    for x, value in points:
        if value is None or (last is not None and x - last > 8.0):
            runs.append([])
        if value is not None:
            runs[-1].append((x, value))
        last = x
    return [run for run in runs if len(run) > 1]


def _bars(points: Sequence[tuple[float, float | None]], top: int, high: int) -> list[Markup]:
    most = max((v for _, v in points if v is not None), default=0.0)
    if most <= 0:
        return []
    parts = [
        _RECT.format("power", x, top + high * (1 - v / most), 2.2, high * v / most)
        for x, v in points
        if v
    ]
    number, unit = (f"{most / 1000:.1f}", "kW") if most >= 1000 else (f"{most:.0f}", "W")
    return [
        *parts,
        _TEXT.format(LEFT - 4, top + 8, "axis end", number),
        _TEXT.format(LEFT - 4, top + 20, "axis end", unit),
    ]


def season_chart(bars: Sequence[Bar], told: str, nothing: str) -> Markup:
    """Kilowatt-hours of each day as bars, the room over them."""
    if not bars:
        return Markup('<p class="small">{}</p>').format(nothing)
    most = max((one.kwh for one in bars), default=0.0) or 1.0
    width = (WIDE - LEFT) / max(len(bars), 7)
    parts = [
        _RECT.format(
            "power", LEFT + i * width, 8 + 72 * (1 - b.kwh / most), max(0.8, width * 0.8),
            72 * b.kwh / most,
        )
        for i, b in enumerate(bars)
    ]  # fmt: skip
    parts += [
        _RULE.format(LEFT, 80, WIDE),
        _TEXT.format(LEFT - 4, 14, "axis end", f"{most:.0f}" if most >= 10 else f"{most:.1f}"),
        _TEXT.format(LEFT - 4, 26, "axis end", "kWh"),
        _TEXT.format(LEFT, 94, "axis", f"{bars[0].day:%m-%d}"),
        _TEXT.format(WIDE, 94, "axis end", f"{bars[-1].day:%m-%d}"),
    ]
    return _SVG.format(WIDE, 98, told, told, Markup("").join(parts))


def week_chart(plan: Sequence[Step], days: Sequence[str], told: str) -> Markup:
    """A week as seven rows; the warmer, the darker, with the degrees written in."""
    if not plan:
        return Markup("")
    values = [one.value for one in plan]
    low, span = min(values), (max(values) - min(values)) or 1.0
    wide = WIDE - LEFT
    parts: list[Markup] = []
    for day in range(7):
        top = 4 + day * 20
        parts.append(_TEXT.format(0, top + 13, "axis", days[day]))
        for begin, end, value in _pieces(plan, day):
            x, width = LEFT + wide * begin / 1440, wide * (end - begin) / 1440
            tone = round((value - low) / span * 3) if len(set(values)) > 1 else 1
            parts.append(_RECT.format(f"warm{tone}", x, top, max(1.0, width - 1), 17))
            if width >= 26:
                parts.append(
                    _TEXT.format(f"{x + width / 2:.1f}", top + 13, f"in{tone} mid", f"{value:g}")
                )
    for hour in (0, 6, 12, 18, 24):
        place = "axis" if hour == 0 else "axis end" if hour == 24 else "axis mid"
        parts.append(_TEXT.format(f"{LEFT + wide * hour / 24:.0f}", 156, place, hour))
    return _SVG.format(WIDE, 160, told, told, Markup("").join(parts))


def _pieces(plan: Sequence[Step], day: int) -> list[tuple[int, int, float]]:
    """From minute, to minute, degrees: the day as the plan has it, the night before carried on."""
    own = sorted((one.minute, one.value) for one in plan if day in one.days)
    before: float | None = None
    for back in range(1, 8):
        earlier = [one for one in plan if (day - back) % 7 in one.days]
        if earlier:
            before = max(earlier, key=lambda one: one.minute).value
            break
    edges = [(0, before), *own] if before is not None else own
    ends = [minute for minute, _ in edges[1:]] + [1440]
    return [
        (begin, end, value)
        for (begin, value), end in zip(edges, ends, strict=True)
        if value is not None and end > begin
    ]


def evidence_chart(
    evidence: Mapping[str, float | bool | str | None],
    expected: Mapping[str, tuple[float, float]],
    told: str,
) -> Markup:
    """What was measured against what was to be expected, in spreads of it."""
    rows = [
        (name, float(value), *expected[name])
        for name, value in evidence.items()
        if name in expected and isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if not rows:
        return Markup("")
    parts: list[Markup] = []
    for i, (name, value, middle, sd) in enumerate(rows):
        y = 14 + i * 30
        away = (value - middle) / sd if sd > 0 else 0.0
        x = 180 + 25 * min(6.5, max(-6.5, away))
        parts += [
            _TEXT.format(0, y, "axis", f"{name}: {value:.1f} ({middle:.1f} ± {sd:.1f})"),
            _RULE.format(16, y + 9, 344),
            _RECT.format("usual", 130, y + 5, 100, 8),
            Markup('<circle class="seen" cx="{:.1f}" cy="{}" r="4.5"/>').format(x, y + 9),
        ]
    return _SVG.format(WIDE, 20 + len(rows) * 30, told, told, Markup("").join(parts))
