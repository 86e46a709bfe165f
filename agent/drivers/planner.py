"""The read planner: which requests fetch every point of a map with the least time on the line.

Points that are due together are merged over holes when reading the hole is cheaper than another
request; never across a declared hole, beyond the driver's cap, or into an address that must be read
alone. The cheapest split of a sorted list of points into runs is found by dynamic programming, so
the plan is optimal for the cost model, not a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.drivers.registermap import RegisterMap
from agent.drivers.wire import ReadRequest
from agent.model import PointId


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request and one register cost on a line, in seconds."""

    request_s: float
    register_s: float

    @classmethod
    def of_line(cls, baudrate: int | None, turnaround_s: float, gap_s: float = 0.0) -> Cost:
        """RTU: 8 bytes asked, 5 framing bytes answered, two silences of 3.5 characters, turnaround.

        A character has 10 bits (8N1). Above 19,200 baud the silence is 1.75 ms (Modbus over Serial
        Line V1.02, 2.5.1.1). TCP has no baud rate: a request costs its turnaround, a register next
        to nothing.
        """
        if baudrate is None:
            return cls(turnaround_s + gap_s, 0.00002)
        character_s = 10 / baudrate
        silence_s = 0.00175 if baudrate > 19200 else 3.5 * character_s
        request_s = 13 * character_s + silence_s + max(silence_s, gap_s) + turnaround_s
        return cls(request_s, 2 * character_s)


@dataclass(frozen=True, slots=True)
class Block:
    """One read request and the points that come with it, every `every_s` seconds.

    `marks` are the addresses that were planned for the fault bits of the map.
    """

    request: ReadRequest
    points: tuple[PointId, ...]
    every_s: float
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """A place to read: first and last address, and its point; no name where faults stand."""

    first: int
    last: int
    name: PointId | None = None


def plan(
    found: RegisterMap,
    device_unit_id: int,
    cost: Cost,
    unsupported: Iterable[PointId] = (),
    every_s: float | None = None,
) -> tuple[Block, ...]:
    """All blocks of a device, those first on which the meaning of others depends.

    `every_s` replaces the map's own interval; points with a slower interval keep theirs unless they
    come for free with a faster block.
    """
    skip = set(unsupported)
    base_s = every_s if every_s is not None else float(found.every)
    groups: dict[tuple[int, str], dict[float, list[_Item]]] = {}
    for name, rule in found.points.items():
        if name in skip:
            continue
        place = (found.unit_id(name, device_unit_id), rule.table)
        interval = max(base_s, float(rule.every)) if rule.every is not None else base_s
        addresses = rule.addresses
        item = _Item(addresses[0], addresses[-1], name)
        groups.setdefault(place, {}).setdefault(interval, []).append(item)
    marks = {((bit.unit_id or device_unit_id, bit.table), bit.at) for bit in found.faults.bits}
    for place, at in sorted(marks):
        groups.setdefault(place, {}).setdefault(base_s, []).append(_Item(at, at))
    blocks: list[Block] = []
    for (unit_id, table), by_interval in groups.items():
        blocks += _plan_table(found, unit_id, table, by_interval, cost, device_unit_id)
    first = _needed_first(found)
    return tuple(sorted(blocks, key=lambda b: (not first & set(b.points), b.every_s)))


def _plan_table(
    found: RegisterMap,
    unit_id: int,
    table: str,
    by_interval: dict[float, list[_Item]],
    cost: Cost,
    device_unit_id: int,
) -> list[Block]:
    """Fast points first; a slower point inside a faster block rides along."""
    blocks: list[Block] = []
    for interval in sorted(by_interval):
        left: list[_Item] = []
        for item in by_interval[interval]:
            host = next((i for i, block in enumerate(blocks) if _holds(block, item)), None)
            if host is None:
                left.append(item)
            else:
                blocks[host] = _filled(blocks[host], [item])
        fixed, left = _fixed(found, unit_id, table, left, interval, device_unit_id)
        blocks += fixed
        for run in _runs(found, table, left, cost):
            blocks.append(_block(unit_id, table, run, interval))
    return blocks


def _holds(block: Block, item: _Item) -> bool:
    request = block.request
    return request.at <= item.first and item.last < request.at + request.count


def _block(unit_id: int, table: str, run: list[_Item], interval: float) -> Block:
    first = run[0].first
    last = max(item.last for item in run)
    request = ReadRequest(unit_id, table, first, last - first + 1)
    return _filled(Block(request, (), interval), run)


def _filled(block: Block, items: list[_Item]) -> Block:
    """The block with what these items want of it."""
    points = tuple(item.name for item in items if item.name is not None)
    marks = tuple(item.first for item in items if item.name is None)
    return replace(block, points=block.points + points, marks=block.marks + marks)


def _fixed(
    found: RegisterMap,
    unit_id: int,
    table: str,
    items: list[_Item],
    interval: float,
    device_unit_id: int,
) -> tuple[list[Block], list[_Item]]:
    """Requests whose boundaries the map prescribes, and what they do not cover."""
    blocks: list[Block] = []
    left = items
    for fixed in found.blocks:
        if fixed.table != table or (fixed.unit_id or device_unit_id) != unit_id:
            continue
        probe = Block(ReadRequest(unit_id, table, fixed.at, fixed.count), (), interval)
        inside = [item for item in left if _holds(probe, item)]
        if inside:
            blocks.append(_filled(probe, inside))
            left = [item for item in left if item not in inside]
    return blocks, left


def _runs(found: RegisterMap, table: str, items: list[_Item], cost: Cost) -> list[list[_Item]]:
    """The cheapest split of the sorted points into requests.

    `best[i]` is the least cost of reading the first i points; each candidate run ends at i.
    """
    items = sorted(items, key=lambda item: (item.first, item.last))
    best: list[float] = [0.0]
    cut: list[int] = [0]
    for end in range(1, len(items) + 1):
        best.append(float("inf"))
        cut.append(end - 1)
        last = 0
        for start in range(end - 1, -1, -1):
            last = max(last, items[start].last)
            count = last - items[start].first + 1
            first = items[start].first
            whole = any(item.first == first and item.last == last for item in items[start:end])
            if not whole and not _allowed(found, table, first, last, count):
                break
            price = best[start] + cost.request_s + count * cost.register_s
            if price < best[end]:
                best[end], cut[end] = price, start
    runs: list[list[_Item]] = []
    end = len(items)
    while end:
        runs.append(items[cut[end] : end])
        end = cut[end]
    return runs[::-1]


def _allowed(found: RegisterMap, table: str, first: int, last: int, count: int) -> bool:
    """Whether one request may span these addresses."""
    limit = found.line.max_words * (16 if table in ("coil", "discrete") else 1)
    if count > limit:
        return False
    holes = found.holes.get(table, ())  # type: ignore[call-overload]
    if any(hole.low <= last and hole.high >= first for hole in holes):
        return False
    alone = found.alone.get(table, ())  # type: ignore[call-overload]
    return not any(span.low <= last and span.high >= first for span in alone)


def _needed_first(found: RegisterMap) -> set[PointId]:
    """Points that others need in order to be understood."""
    needed = {rule.switch.point for rule in found.points.values() if rule.switch}
    needed |= {other for rule in found.points.values() for other in rule.fitted_if}
    if found.ready:
        needed.add(found.ready.point)
    return needed


def halves(block: Block, found: RegisterMap) -> tuple[Block, Block] | None:
    """A refused block in two, cut between places; None when it holds one place only."""
    items = [_Item(at, at) for at in block.marks]
    for name in block.points:
        addresses = found.points[name].addresses
        items.append(_Item(addresses[0], addresses[-1], name))
    places = sorted({(item.first, item.last) for item in items})
    if len(places) < 2:
        return None
    cut = len(places) // 2
    while cut < len(places) and places[cut][0] <= max(last for _, last in places[:cut]):
        cut += 1
    if cut == len(places):
        return None
    border = places[cut][0]
    left = sorted((i for i in items if i.first < border), key=lambda i: i.first)
    right = sorted((i for i in items if i.first >= border), key=lambda i: i.first)
    request = block.request
    return (
        _block(request.unit_id, request.table, left, block.every_s),
        _block(request.unit_id, request.table, right, block.every_s),
    )
