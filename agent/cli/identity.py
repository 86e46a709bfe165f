"""`identity`: key and request made on the gateway, enrolment, the certificate taken over, dates."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from agent import claim, identity
from agent.cli.base import FAILED, OK, WRONG, Commands, command
from agent.clock import Clock


def add(commands: Commands) -> None:
    """Declare the commands of this module."""
    group = command(commands, "identity", _show)
    group.description = "The gateway's key and certificate, in one folder."
    steps = group.add_subparsers(required=True, metavar="STEP")
    made = (
        ("new", _new),
        ("csr", _csr),
        ("install", _install),
        ("enrol", _enrol),
        ("show", _show),
        ("sign", _sign),
    )
    for name, run in made:
        step = command(steps, name, run, as_json=name in ("enrol", "show"))
        step.add_argument("folder", type=Path, help="where key and certificate lie")
        if name not in ("show", "sign"):
            step.add_argument("--gateway", required=True, help="the gateway's id, the name (CN)")
        if name == "csr":
            step.add_argument("--new-key", action="store_true", help="with a new key as well")
        if name == "install":
            step.add_argument("certificate", type=Path, help="what the authority sent back")
            step.add_argument("--ca", type=Path, help="the authority's certificate, kept too")
        if name == "enrol":
            step.add_argument("--at", required=True, help="https://host[:port][/label] (EST)")
            step.add_argument("--claim-code", required=True, type=Path, help="file with the code")
            step.add_argument("--ca", type=Path, help="whom to trust there; the system's if none")
            step.add_argument("--anew", action="store_true", help="by a new code, with a new key")
    code = command(steps, "claim-code", _claim_code, as_json=True)
    code.description = "For who prints labels: new claim codes, each with the hash to be stored."
    code.add_argument(
        "--count", type=int, default=1, choices=range(1, 10_001), metavar="N", help="how many"
    )


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


def _enrol(arguments: argparse.Namespace) -> int:
    """Get a certificate by the claim code, or renew it when two thirds of its life are over.

    A running gateway does this by itself where its configuration has `platform.enrol`. The exit
    code is 0 when there is a certificate that need not be renewed.
    """
    # Only this command needs these, and others start faster without them.
    from agent.enrol import EnrolSettings, Kind  # noqa: PLC0415
    from agent.enrol.step import enrol  # noqa: PLC0415

    given = (arguments.gateway, arguments.at, arguments.folder, arguments.claim_code, arguments.ca)
    try:
        settings = EnrolSettings(*given)
    except ValueError as error:
        print(error, file=sys.stderr)
        return WRONG
    stamp = Clock().stamp()
    done = enrol(settings, stamp.at, stamp.trusted, arguments.anew)
    if arguments.json:
        print(json.dumps({"outcome": done.kind.value, "why": done.why, "again_s": done.again_s}))
    else:
        print(f"{done.kind.value}: {done.why}")
    return OK if done.kind in (Kind.INSTALLED, Kind.NOT_DUE) else FAILED


def _claim_code(arguments: argparse.Namespace) -> int:
    """Make claim codes: the code goes on the label, the hash is enough to know it by."""
    made = [claim.make_code() for _ in range(arguments.count)]
    if arguments.json:
        print(json.dumps([{"code": code, "hash": claim.hashed(code)} for code in made]))
    else:
        print("\n".join(f"{code}  {claim.hashed(code)}" for code in made))
    return OK


def _sign(arguments: argparse.Namespace) -> int:
    """Sign what comes on the standard input with the gateway's key; a JWS (ES256) goes out."""
    print(identity.sign(arguments.folder, sys.stdin.buffer.read()))
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
