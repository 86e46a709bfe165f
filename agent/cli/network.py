"""`network`: whether the gateway has a way to its platform, as the installer's page shows it."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict

from agent import config
from agent.cli.base import FAILED, OK, Commands, command, quiet
from agent.errors import Unfinished
from agent.network import look


def add(commands: Commands) -> None:
    """Declare the command."""
    one = command(commands, "network", _network, config_file=True, as_json=True)
    one.add_argument("--broker", help="another platform than the file's: mqtts://host:port")


def _network(arguments: argparse.Namespace) -> int:
    """Say what addresses this gateway has, and whether router, name service and broker answer.

    Exit code 1 while one of them does not. It changes nothing.
    """
    quiet(arguments)
    try:
        broker = config.read(arguments.config).uplink.broker_url
    except Unfinished:
        broker = config.fresh(arguments.config).broker
    found = asyncio.run(look(arguments.broker or broker))
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            print(f"{'ok ' if one.good else 'NOT'}  {one.zh} {one.en}")
    return OK if all(one.good for one in found) else FAILED
