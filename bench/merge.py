"""What merging reads saves on a wire, and how far the plan is from the cheapest one there is."""

from __future__ import annotations

import asyncio
import random
import tempfile
from itertools import combinations, pairwise
from pathlib import Path
from statistics import mean

from agent.drivers import Block, Cost, Device, ReadRequest, RegisterMap, driver, load, plan
from agent.facts import BlockRead, Fact
from agent.line import Answer, Port, PortSettings
from bench.kit import Bench, Figures, Goal, Options
from bench.wire import line, polled
from simulators.busprocess import SimProcess

MAPS = 100
POINTS = 11
DRIVER = "haier_atw_r290"
BAUD = 9600


def run(options: Options) -> Figures:
    """A sweep of a real map on a wire, merged and one request per point; then random maps."""
    figures = asyncio.run(_wire(options))
    chance = random.Random(options.seed)
    count = max(10, int(MAPS * options.share))
    ratios = [_over_optimum(chance) for _ in range(count)]
    options.progress(f"{count} random maps compared with every possible split")
    return {
        **figures,
        "over_optimum": round(max(ratios) - 1, 4),
        "over_optimum_mean": round(mean(ratios) - 1, 4),
        "maps": count,
    }


async def _wire(options: Options) -> dict[str, float | int]:
    found = driver(DRIVER).map
    device = Device("d", found, 1, Cost.of_line(BAUD, float(found.line.turnaround)))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "port"
        loop = asyncio.get_running_loop()
        sim = await loop.run_in_executor(None, lambda: SimProcess(path, {1: DRIVER}))
        try:
            single_s, single = await _singles(path, device)
            options.progress(f"one request per point: {single} requests, {single_s:.2f} s")
            merged_s = await _sweeps(path, device)
        finally:
            await loop.run_in_executor(None, sim.close)
    requests = len(device.plan())
    options.progress(f"merged: {requests} requests, {merged_s:.2f} s")
    return {
        "requests": requests,
        "seconds": round(merged_s, 3),
        "single_requests": single,
        "single_seconds": round(single_s, 3),
        "times_faster": round(single_s / merged_s, 2),
    }


async def _singles(path: Path, device: Device) -> tuple[float, int]:
    """One request for each point, as gateways without a planner send them."""
    port = Port(PortSettings("bench", str(path), BAUD))
    await port.open()
    loop = asyncio.get_running_loop()
    started = loop.time()
    for codec in device.codecs.values():
        first, last = codec.span
        request = ReadRequest(1, codec.table, first, last - first + 1)
        reply = await port.exchange(request, 1.0, 0.5, 0.0)
        if not isinstance(reply, Answer):
            raise AssertionError(f"{codec.name}: {reply}")
    port.close()
    return loop.time() - started, len(device.codecs)


async def _sweeps(path: Path, device: Device) -> float:
    """Mean seconds of a sweep of the program's own line, polled without a pause."""
    ends: list[float] = []

    def take(fact: Fact) -> None:
        if isinstance(fact, BlockRead) and fact.sweep_end:
            ends.append(fact.stamp.mono)

    busy = Device("d", device.map, 1, device.cost, every_s=0.001)
    await polled(line(path, BAUD, (busy,), take), 8.0)
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def _over_optimum(chance: random.Random) -> float:
    """Cost of our plan over the least cost of all splits into runs, for a random map."""
    cost = Cost.of_line(chance.choice((9600, 19200)), chance.choice((0.005, 0.02, 0.05)))
    found = _random_map(chance)
    ours = sum(_price(block, cost) for block in plan(found, 1, cost))
    return ours / _cheapest(found, cost)


def _price(block: Block, cost: Cost) -> float:
    return cost.request_s + block.request.count * cost.register_s


def _random_map(chance: random.Random) -> RegisterMap:
    at, lines, holes = 0, [], []
    for number in range(POINTS):
        gap = chance.choice((0, 0, 0, 1, 3, 8, 12, 20, 40))
        if gap > 2 and chance.random() < 0.3:
            holes.append(str(at + 1))
        at += gap
        wide = chance.random() < 0.2
        kind = ", type: u32" if wide else ""
        lines.append(f"  x_p{number}: {{at: {at}{kind}, en: point {number}, zh: 点{number}}}")
        at += 2 if wide else 1
    return load(
        "map: random\napi: 1\ncovers: []\nsource: [none]\ngrade: draft\n"
        f"line: {{max_words: {chance.choice((20, 50, 125))}}}\n"
        f"holes: {{holding: [{', '.join(holes)}]}}\npoints:\n" + "\n".join(lines) + "\n",
        "random.yaml",
    )


def _cheapest(found: RegisterMap, cost: Cost) -> float:
    """The least cost by trying every split of the sorted points: 2^(n-1) of them."""
    spans = sorted((rule.addresses[0], rule.addresses[-1]) for rule in found.points.values())
    holes = [span.low for span in found.holes.get("holding", ())]
    best = float("inf")
    for cuts in range(len(spans)):
        for places in combinations(range(1, len(spans)), cuts):
            edges = (0, *places, len(spans))
            runs = [spans[a:b] for a, b in pairwise(edges)]
            best = min(best, _split_price(runs, found.line.max_words, holes, cost))
    return best


def _split_price(
    runs: list[list[tuple[int, int]]], limit: int, holes: list[int], cost: Cost
) -> float:
    price = 0.0
    for one in runs:
        first, last = one[0][0], max(end for _, end in one)
        count = last - first + 1
        if len(one) > 1 and (count > limit or any(first <= hole <= last for hole in holes)):
            return float("inf")
        price += cost.request_s + count * cost.register_s
    return price


BENCH = Bench(
    "merge",
    "Requests and seconds of a sweep of the Haier map (70 points) on a 9600-baud wire, merged and "
    "one request per point; and the plan's cost over the cheapest of all splits on random maps.",
    "one unit on a pty with line time; 8 s of sweeps; 100 random maps of 11 points",
    run,
    (Goal("over_optimum", "<=", 0.10),),
)
