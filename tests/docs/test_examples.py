"""The examples on the pages for vendors and platforms are accepted by the program itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from agent.drivers import Cost, Device, load
from agent.model import Command, Snapshot
from agent.uplink import messages
from agent.yamltext import parse

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_map_of_the_driver_page_decodes_its_dump_as_shown() -> None:
    map_text, dump_text = blocks("how-to/write-a-driver.md", "yaml")
    device = Device("hp", load(map_text, "acme_kfr_120.yaml"), 1, Cost(0.1, 0.001))
    dump = parse(dump_text, "dump.yaml").tree
    assert isinstance(dump, dict)
    words = {
        (table, int(str(at), 0)): int(str(word), 0)
        for table, row in dump.items()
        for at, word in row.items()
    }
    readings = device.decode_image(lambda table, at: words.get((table, at)))
    found = {reading.point: str(reading.value) for reading in readings}
    shown = blocks("how-to/write-a-driver.md", "text")[1].splitlines()
    assert found == {line.split()[0]: line.split()[1] for line in shown}
    faults = device.vendor_faults(Snapshot("hp").with_readings(readings, 0.0))
    assert [fault.code for fault in faults] == ["E05"]


def test_the_messages_of_the_platform_page_are_messages() -> None:
    batch, ack, command = blocks("how-to/platform-team.md", "json")
    assert '"lane": "telemetry"' in batch
    assert messages.parse_ack(ack.encode()).ranges == ((1, 41), (44, 60))
    at = datetime(2026, 1, 10, 6, 1, tzinfo=UTC)
    sendable = command.replace("7d0c...", "7d0c").encode()
    parsed = messages.parse_command(sendable, False, at, True)
    assert isinstance(parsed, Command), parsed
