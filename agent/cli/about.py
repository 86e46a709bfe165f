"""`about`: which product this is, how long it is looked after, where to report a weakness."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from agent import __version__
from agent.cli.base import FAILED, OK, Commands, command
from agent.support import MODEL, REPORTING, SUPPORTED_UNTIL
from agent.updates import waiting

_BOARD = Path("/proc/device-tree/model")
_MACHINE = Path("/sys/class/dmi/id/product_name")


def add(commands: Commands) -> None:
    """Declare the command."""
    command(commands, "about", _about, as_json=True)


def _about(arguments: argparse.Namespace) -> int:
    """Show model, version, hardware, end of security updates; exit code 1 once that day is over."""
    today = datetime.now(UTC).date()
    newer = waiting()
    said = {
        "model": MODEL,
        "version": __version__,
        "hardware": hardware(),
        "python": platform.python_version(),
        "supported_until": SUPPORTED_UNTIL.isoformat(),
        "supported": supported(today),
        "report": REPORTING,
        "update": asdict(newer) if newer is not None else None,
    }
    if arguments.json:
        print(json.dumps(said))
    else:
        labels = {
            "model": "型号 model",
            "version": "版本 version",
            "hardware": "硬件 hardware",
            "python": "python",
            "supported_until": "安全更新截止 security updates until",
            "report": "报告漏洞 report a weakness",
        }
        print("\n".join(f"{label}: {said[key]}" for key, label in labels.items()))
        if newer is not None:
            mends = f", mends 修复 {newer.mends}" if newer.mends else ""
            print(f"待安装更新 update waits: {newer.version}{mends}")
    return OK if supported(today) else FAILED


def supported(today: date) -> bool:
    """Whether security updates are still made on this day."""
    return today <= SUPPORTED_UNTIL


def hardware(places: tuple[Path, ...] = (_BOARD, _MACHINE)) -> str:
    """The board's own name of itself; the kind of processor where it has none."""
    for place in places:
        try:
            found = place.read_text("utf-8", "replace").strip("\0 \n")
        except OSError:
            continue
        if found:
            return found
    return platform.machine()
