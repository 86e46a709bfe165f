"""Whether the plan of a line is quick enough for machines that cannot bear being left alone."""

from __future__ import annotations

from collections.abc import Sequence

from agent.control import REFRESH_SHARE
from agent.drivers import Device
from agent.errors import Mistake
from agent.line import LongestSilence, longest_silence
from agent.yamltext import Document, Path


def check_rhythm(
    devices: Sequence[tuple[Path, Device]], doc: Document, mistakes: list[Mistake]
) -> None:
    """Hold every device of one line to its `max_silence` and to its words that lapse.

    Counted in are the plans of all devices, time-outs of the others, a write, the rest after
    silences and a restart of the program.
    """
    line = [device for _, device in devices]
    for path, device in devices:
        found = longest_silence(device, line)
        _check_silence(path, device, found, doc, mistakes)
        for name, rule in device.map.points.items():
            refresh = rule.write.refresh if rule.write is not None else None
            if refresh is None or found.running_s <= float(refresh) * (1 - REFRESH_SHARE):
                continue
            message = f"{name} lapses after {refresh:g} s and would be late: {found}"
            mistakes.append(doc.mistake(path, message, "a shorter poll, or fewer devices here"))


def _check_silence(
    path: Path, device: Device, found: LongestSilence, doc: Document, mistakes: list[Mistake]
) -> None:
    most = device.map.line.max_silence
    if most is None or found.total_s <= float(most):
        return
    message = (
        f"{device.name} drops control after {most:g} s without a poll, and may have to wait"
        f" {found.total_s:.1f} s: {found}"
    )
    mistakes.append(doc.mistake(path, message, "a shorter poll, or fewer devices on this line"))
