"""The examples on the pages for vendors and platforms are accepted by the program itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from agent.model import Command
from agent.uplink import messages, parse_command

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_messages_of_the_platform_page_are_messages() -> None:
    batch, ack, command = blocks("how-to/platform-team.md", "json")
    assert '"lane": "telemetry"' in batch
    assert messages.parse_ack(ack.encode()).ranges == ((1, 41), (44, 60))
    at = datetime(2026, 1, 10, 6, 1, tzinfo=UTC)
    sendable = command.replace("7d0c...", "7d0c").encode()
    parsed = parse_command(sendable, False, at, True)
    assert isinstance(parsed, Command), parsed
