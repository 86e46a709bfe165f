"""57,000 gateways come back in the same minute: what does the broker see?"""

from __future__ import annotations

import heapq
from collections import Counter
from random import Random

from agent.uplink import UplinkSettings
from agent.uplink.pace import Pace, rest_s
from bench.kit import Bench, Figures, Goal, Options, Row

GATEWAYS = 57_000
LIMIT_PER_S = 10_000
"""Messages a second that arrive at the broker; what it is bought for."""
PLATFORM_PER_S = 2_000
"""Batches a second that the platform commits; beyond that they queue."""
ROUND_TRIP_S = 0.1
OUTAGE_H = 13
RECORDS_A_MESSAGE = 200
RECORDS_AN_HOUR = 180
CONNECT, BATCH = 3, 1
"""Messages from a gateway: CONNECT, SUBSCRIBE and its state; and one for each batch."""


def run(options: Options) -> Figures:
    """The model with both kinds of return; it asks the agent's own code when to send."""
    count = max(1000, round(GATEWAYS * options.share))
    rows: list[Row] = []
    for kind in ("broker back", "power back"):
        rows.append({"return": kind, **_storm(count, kind, options.seed)})
        options.progress(f"{kind}: {rows[-1]['peak_messages_per_s']} messages/s at most")
    worst = {key: max(float(str(row[key])) for row in rows) for key in rows[0] if key != "return"}
    scaled = LIMIT_PER_S * count / GATEWAYS
    return {
        "peak_messages_per_s": worst["peak_messages_per_s"],
        "limit_messages_per_s": round(scaled),
        "limit_kept": float(worst["peak_messages_per_s"] <= scaled),
        "all_live_s": worst["all_live_s"],
        "all_drained_min": worst["all_drained_min"],
        "gateways": count,
        "returns": rows,
    }


def _storm(count: int, kind: str, seed: int) -> dict[str, float]:
    """Events in order of time: a connection, the batch that makes a gateway live, the backlog."""
    random, given = Random(seed), UplinkSettings("gw", "mqtt://broker:1883")
    share = count / GATEWAYS
    backlog = OUTAGE_H * RECORDS_AN_HOUR
    messages = -(-backlog // RECORDS_A_MESSAGE)
    seen: Counter[int] = Counter()
    free = 0.0
    live = drained = 0.0
    events: list[tuple[float, int, int]] = []
    for gateway in range(count):
        heapq.heappush(events, (_connects(random, kind, given), gateway, -1))
    paces = [Pace(given.backlog_every_s) for _ in range(count)]
    while events:
        at, gateway, number = heapq.heappop(events)
        pace = paces[gateway]
        if number < 0:
            seen[int(at)] += CONNECT
            pace.wait(at, random.uniform(0.0, given.backlog_wait_s))
            first = at + ROUND_TRIP_S + random.uniform(0.0, 10.0)  # its next sweep, told in full
            heapq.heappush(events, (first, gateway, 0))
            continue
        seen[int(at)] += BATCH
        free = max(free, at + ROUND_TRIP_S / 2) + 1 / (PLATFORM_PER_S * share)
        answered = free + ROUND_TRIP_S / 2
        if number == 0:
            live = max(live, answered)
        else:
            drained = max(drained, answered)
            pace.answered(answered - at, answered, random.random())
        if number < messages:
            heapq.heappush(events, (max(pace.due, answered), gateway, number + 1))
    return {
        "peak_messages_per_s": float(max(seen.values())),
        "all_live_s": round(live, 1),
        "all_drained_min": round(drained / 60, 1),
        "backlog_messages": float(messages),
    }


def _connects(random: Random, kind: str, given: UplinkSettings) -> float:
    """When a gateway reaches the broker. Power: boots spread over the minute, connects at once.

    Broker: it waits somewhere in a rest that began before the return.
    """
    if kind == "power back":
        return random.uniform(0.0, 60.0)
    most = given.reconnect_max_s
    while True:  # a moment more often falls into a long rest than into a short one
        rest = rest_s(random.random(), 20, given.reconnect_min_s, most)
        if random.uniform(0.0, most) < rest:
            return random.uniform(0.0, rest)


BENCH = Bench(
    "return_storm",
    "A model, no broker: 57,000 gateways that return in the same minute, each deciding with the "
    "agent's own code for rests and pace; the platform is a queue that commits 2,000 batches a "
    "second. Messages are what arrives at the broker from gateways: CONNECT, SUBSCRIBE, PUBLISH.",
    "13 h of backlog each (12 messages of 200 records), 100 ms round trip; `broker back`: all wait "
    "in the rests between their tries; `power back`: boots spread over one minute",
    run,
    (Goal("limit_kept", "=", 1), Goal("all_live_s", "<=", 120.0)),
)
