"""A season as a picture: outdoors, room, water setpoint, power and writes over the days.

The drawing library is heavy and no gateway needs it; it comes with the extra `plot`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from agent.account.days import COMFORT_C, Day
from agent.errors import AgentError
from agent.seasontable import SeasonRow

FORMATS = (".svg", ".png", ".pdf")
INK, COLD, WARM, WATER, POWER, WRITES = (
    "#333333",
    "#2b6cb0",
    "#c05621",
    "#b7791f",
    "#4a5568",
    "#2f855a",
)


class PlotError(AgentError):
    """The picture cannot be drawn; says what to install or which name to give."""


def draw(rows: Sequence[SeasonRow], days: Sequence[Day], timezone: tzinfo, path: Path) -> None:
    """Write the picture of a season; the ending of `path` chooses the format.

    Raises PlotError when the drawing library is missing or the file cannot be written.
    """
    if path.suffix not in FORMATS:
        raise PlotError(f"{path}: the picture's name must end in {', '.join(FORMATS)}")
    figure_of = _library()
    figure, axes = figure_of(
        5, 1, sharex=True, figsize=(11, 9), height_ratios=[2, 2, 2, 2, 1], layout="constrained"
    )
    at = [row.at.astimezone(timezone) for row in rows]
    _line(axes[0], at, [row.outdoor_c for row in rows], COLD, "outdoors, °C")
    _line(axes[1], at, [row.room_c for row in rows], WARM, "room, °C")
    axes[1].axhline(COMFORT_C, color=INK, linewidth=0.8, linestyle="--")
    _line(axes[2], at, [row.setpoint_c for row in rows], WATER, "water setpoint, °C", step=True)
    noon = [at[0].replace(year=d.day.year, month=d.day.month, day=d.day.day, hour=12) for d in days]
    axes[3].bar(noon, [day.bill.kwh for day in days], width=0.9, color=POWER)
    axes[3].set_ylabel("electricity, kWh/day")
    axes[4].bar(noon, [day.writes for day in days], width=0.9, color=WRITES)
    axes[4].set_ylabel("writes/day")
    axes[4].set_ylim(bottom=0, top=max(24, *(day.writes for day in days)))
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    total = sum(day.bill.kwh for day in days)
    figure.suptitle(f"{len(days)} days, {total:.0f} kWh", color=INK)
    try:
        figure.savefig(path)
    except OSError as error:
        raise PlotError(f"{path}: cannot be written: {error.strerror}") from None


def _library() -> Callable[..., Any]:
    try:
        import matplotlib as library  # noqa: PLC0415 - only a picture needs it
    except ImportError:
        need = "a picture needs matplotlib: pip install 'heatpump-agent[plot]'"
        raise PlotError(need) from None
    library.use("agg")
    from matplotlib import pyplot  # noqa: PLC0415

    found: Callable[..., Any] = pyplot.subplots
    return found


def _line(
    axis: Any,
    at: Sequence[object],
    values: Sequence[float | None],
    colour: str,
    label: str,
    step: bool = False,
) -> None:
    shown = [float("nan") if value is None else value for value in values]
    style = "steps-post" if step else "default"
    axis.plot(at, shown, color=colour, linewidth=0.8, drawstyle=style)
    axis.set_ylabel(label)
