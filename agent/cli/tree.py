"""Every command there is, and the module that declares it.

A gateway imports the module of the command it runs and no other: what installers and vendors need
would cost it seconds and megabytes.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Mapping
from importlib import import_module

from agent import __version__

MODULES: Mapping[str, tuple[str, ...]] = {
    "run": ("run", "check"),
    "look": ("read", "write", "record"),
    "identity": ("identity",),
    "claim": ("claim",),
    "about": ("about",),
    "safe": ("safe",),
    "household": ("consent", "reset"),
    "drivers": ("drivers", "decode"),
    "kit": ("driver",),
    "replay": ("replay",),
    "season": ("season",),
    "savings": ("savings",),
    "trace": ("trace",),
    "scan": ("scan", "doctor"),
    "network": ("network",),
    "status": ("status",),
    "audit": ("audit",),
    "alarms": ("alarms",),
    "selftest": ("selftest",),
    "handover": ("handover",),
    "docs": ("docs",),
}


def parser(wanted: str | None = None) -> argparse.ArgumentParser:
    """The arguments of the wanted command; of every command when it is None or unknown."""
    made = argparse.ArgumentParser(
        prog="heatpump-agent",
        description="Reads heat pumps over Modbus, watches them, controls them within limits, and "
        "sends every record to a platform over MQTT.",
        epilog="Exit codes: 0 well, 1 it did not work out, 2 a file or an argument is wrong, "
        "3 a resource is missing.",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    made.add_argument("-v", "--verbose", action="store_true", help="log everything")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    gc.disable()  # what imports make stays; to look for garbage in it takes a tenth of their time
    try:
        for name in _needed(wanted):
            import_module(f"agent.cli.{name}").add(commands)
    finally:
        gc.enable()
    return made


def _needed(wanted: str | None) -> tuple[str, ...]:
    holding = tuple(name for name, commands in MODULES.items() if wanted in commands)
    return holding or tuple(MODULES)
