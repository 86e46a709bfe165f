"""`status`: what waits in the durable buffer for the platform, while the gateway runs."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

from agent import config
from agent.cli.base import OK, Commands, command, quiet
from agent.clock import Clock
from agent.spool import Glance, LaneGlance, glance
from agent.tables import table


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "status", _status, config_file=True, as_json=True)


def _status(arguments: argparse.Namespace) -> int:
    """Show what waits for the platform: per lane depth and age, lost and thinned readings, bytes.

    Reads a copy of the durable buffer and its file in memory, so the gateway may run meanwhile.
    What the platform acknowledged since the last commit is still counted.
    """
    quiet(arguments)
    path = config.read(arguments.config).spool.path
    clock = Clock()
    found, now = glance(path, clock.boot), datetime.now(UTC)
    print(_json(path, found, now) if arguments.json else _text(path, found, now))
    return OK


def _json(path: str, found: Glance, now: datetime) -> str:
    lanes = {
        one.lane.value: {
            "on_disk": one.on_disk,
            "in_memory": one.in_memory,
            "oldest_at": one.oldest_at,
            "oldest_s": age_s(one, now),
            "lost": one.lost,
            "thinned": one.thinned,
        }
        for one in found.lanes
    }
    return json.dumps({"file": path, "bytes": found.file_bytes, "lanes": lanes})


def _text(path: str, found: Glance, now: datetime) -> str:
    heads = ["lane", "waiting", "of it in memory", "oldest", "age", "lost", "thinned"]
    rows = [
        [
            one.lane.value,
            one.on_disk + one.in_memory,
            one.in_memory,
            one.oldest_at or "",
            in_words(age_s(one, now)),
            one.lost,
            one.thinned,
        ]
        for one in found.lanes
    ]
    return f"{table(heads, rows)}\n{path}: {found.file_bytes / 1e6:.2f} MB"


def age_s(one: LaneGlance, now: datetime) -> float | None:
    """How long the oldest record has waited; never negative, whatever the clock did since."""
    if one.oldest_at is None:
        return None
    return round(max(0.0, (now - datetime.fromisoformat(one.oldest_at)).total_seconds()), 1)


def in_words(seconds: float | None) -> str:
    """`45 s`, `12 min`, `3.5 h`, `8.0 days`; empty for none."""
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
