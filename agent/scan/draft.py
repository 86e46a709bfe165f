"""A search as a configuration file: devices that are sure, the rest as remarks. Pure text."""

from __future__ import annotations

from collections.abc import Collection

from agent.scan.search import Found, Search

UNKNOWN = "unknown make"


def configuration(
    found: Search, confirmed: Collection[int], gateway: str, broker: str, path: str = "var/spool.db"
) -> str:
    """The file's text. Nothing in it is controlled: writing begins when a person adds `control`."""
    sure = [one for one in found.units if one.verdict.driver]
    setting = found.setting
    lines = [
        "# Written by heatpump-agent scan; check it with: heatpump-agent check",
        "# 由 heatpump-agent scan 生成，用 heatpump-agent check 检查",
        f"gateway: {gateway}",
        "timezone: Asia/Shanghai",
        f"spool: {{path: {path}}}",
        f"platform: {{broker: {broker}}}",
        "lines:",
        "  - name: bus1",
        f"    port: {found.url}",
    ]
    if setting is not None:
        lines.append(f"    baudrate: {setting.baudrate}")
        lines += [f"    parity: {setting.parity}", f"    stop_bits: {setting.stop_bits}"]
    lines.append("    devices:")
    lines += [_device(one, one.unit_id in confirmed) for one in sure]
    lines += [_remark(one) for one in found.units if not one.verdict.driver]
    return "\n".join(lines) + "\n"


def likely(one: Found) -> str:
    """What a unit is, in a few words: a driver, two or more, or an unknown make."""
    guesses = one.verdict.guesses
    if one.verdict.driver:
        return one.verdict.driver
    return " or ".join(guess.driver for guess in guesses) or UNKNOWN


def _device(one: Found, confirmed: bool) -> str:
    said = "compared with its display" if confirmed else "NOT yet compared with its display"
    name = f"unit{one.unit_id}"
    text = f"{{name: {name}, driver: {one.verdict.driver}, unit_id: {one.unit_id}}}"
    return f"      - {text}  # {one.verdict.guesses[0].sure:.0%} sure, {said}"


def _remark(one: Found) -> str:
    return f"      # unit id {one.unit_id}: {likely(one)}"
