"""Recorded days played again: a bus trace, or a CSV or JSONL of timed point values.

Without a configuration a table goes through detection alone, and fast: nothing of drivers, control
or configuration is loaded. With one, a trace or a table goes through a whole gateway. What comes
out are plain dictionaries, in the order in which they would have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agent.faults import Profile
from agent.replay.ahead import read_ahead
from agent.replay.detection import Detection, Event
from agent.replay.table import Block, blocks, opened, whole, wrong

if TYPE_CHECKING:
    from agent.config import Config

__all__ = ["Event", "replay"]


def replay(
    path: Path,
    config: Config | None = None,
    profile: Profile | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Event]:
    """What a recorded file would have caused. Raises FileError for a file that is neither kind.

    Kinds: alarm, and of a gateway demand, result, refused, held_back; of detection alone also
    rules_off (points and rules of a device, told when they change) and file (oddities, at the end).
    `progress` is told the share of a table that is done.
    """
    first = opened(path)
    trace = first.startswith("{") and '"fn"' in first
    if trace and config is None:
        message = "a bus trace needs --config, which says what stands on the line"
        raise wrong(path, 1, "", message)
    if config is None:
        detection = Detection(path, profile or Profile())
        for block in read_ahead(path):
            yield from detection.block(block)
            progress(block.share)
        yield from detection.told()
        return
    # Loading drivers, control and configuration takes half a second.
    from agent.replay.gateway import driven_table, driven_trace  # noqa: PLC0415

    if trace:
        yield from driven_trace(whole(path).splitlines(), config, path)
    else:
        yield from driven_table(_followed(path, progress), config, path)


def _followed(path: Path, progress: Callable[[float], None]) -> Iterator[Block]:
    for block in blocks(path):
        yield block
        progress(block.share)
