"""`identity`: key and signing request made on the gateway, the certificate taken over, dates."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from agent import identity
from agent.cli.base import FAILED, OK, Commands, command


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    group = command(commands, "identity", _show)
    group.description = "The gateway's key and certificate, in one folder."
    steps = group.add_subparsers(required=True, metavar="STEP")
    for name, run in (("new", _new), ("csr", _csr), ("install", _install), ("show", _show)):
        step = command(steps, name, run, as_json=name == "show")
        step.add_argument("folder", type=Path, help="where key and certificate lie")
        if name != "show":
            step.add_argument("--gateway", required=True, help="the gateway's id, the name (CN)")
        if name == "csr":
            step.add_argument("--new-key", action="store_true", help="with a new key as well")
        if name == "install":
            step.add_argument("certificate", type=Path, help="what the authority sent back")
            step.add_argument("--ca", type=Path, help="the authority's certificate, kept too")


def _new(arguments: argparse.Namespace) -> int:
    """Make a key (it never leaves this machine) and a request for a certificate."""
    path = identity.new(arguments.folder, arguments.gateway)
    print(f"{path}: give it to the authority, then `identity install` what comes back")
    return OK


def _csr(arguments: argparse.Namespace) -> int:
    """Make a request for the next certificate."""
    path = identity.request(arguments.folder, arguments.gateway, new_key=arguments.new_key)
    print(f"{path}: give it to the authority, then `identity install` what comes back")
    return OK


def _install(arguments: argparse.Namespace) -> int:
    """Check a certificate and take it over; a running gateway uses it within a minute."""
    found = identity.install(
        arguments.folder, arguments.certificate, arguments.gateway, arguments.ca
    )
    print(f"installed for {found.gateway}, until {found.ends:%Y-%m-%d}")
    return OK


def _show(arguments: argparse.Namespace) -> int:
    """Name, dates and fingerprint of the certificate; exit code 1 when it is time to renew it."""
    found, now = identity.show(arguments.folder), datetime.now(UTC)
    said = {
        "gateway": found.gateway,
        "begins": found.begins.isoformat(),
        "ends": found.ends.isoformat(),
        "renew_at": found.renew_at.isoformat(),
        "days_left": (found.ends - now).days,
        "sha256": found.sha256,
    }
    if arguments.json:
        print(json.dumps(said))
    else:
        print("\n".join(f"{key:10} {value}" for key, value in said.items()))
    return FAILED if now >= found.renew_at else OK
