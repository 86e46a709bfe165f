"""Median times to detect as a picture, from the kept results: `python -m bench.faults.picture`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.kit import RESULTS

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "fault-detection.svg"
COLOURS = {"mild": "#b7791f", "frost": "#2b6cb0", "cold": "#553c9a"}
TICKS = {60: "1 min", 3600: "1 h", 86400: "1 day", 7 * 86400: "1 week"}
NEVER_S = 14 * 86400.0
Shown = Mapping[str, object]


def main() -> int:
    """Draw what the last kept run found of medium faults."""
    kept = json.loads((RESULTS / "faults.json").read_text("utf-8"))
    rows = [row for row in kept["figures"]["faults"] if row.get("severity") == "medium"]
    PICTURE.parent.mkdir(exist_ok=True)
    draw([row for row in rows if "units" in row], PICTURE)
    print(PICTURE)
    return 0


def draw(rows: Sequence[Shown], path: Path) -> None:
    """A line for each fault, a dot for each weather; open at the right edge: never in 14 days."""
    # Heavy, and only this picture needs it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    faults = list(dict.fromkeys(str(row["fault"]) for row in rows))
    figure = Figure(figsize=(9, 0.28 * len(faults) + 1.4), layout="constrained")
    axis = figure.subplots()
    for row in rows:
        seconds = row.get("median_s")
        found = isinstance(seconds, int | float)
        x = max(float(seconds), 15.0) if isinstance(seconds, int | float) else NEVER_S
        colour = COLOURS[str(row["weather"])]
        lift = 0.18 * (list(COLOURS).index(str(row["weather"])) - 1)
        axis.scatter(
            x,
            faults.index(str(row["fault"])) + lift,
            s=34,
            color=colour if found else "none",
            edgecolors=colour,
            zorder=3,
        )
    for weather, colour in COLOURS.items():
        axis.scatter([], [], s=34, color=colour, label=weather)
    axis.set_xscale("log")
    axis.set_xlim(12.0, 1.4 * NEVER_S)
    axis.set_xticks(list(TICKS), list(TICKS.values()))
    axis.minorticks_off()
    axis.set_yticks(range(len(faults)), faults)
    axis.invert_yaxis()
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    axis.set_xlabel("median time to detect, medium severity; open dots: not within 14 days")
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())
