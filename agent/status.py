"""What the running gateway shows of itself: one line a second for programs, a table for people."""

from __future__ import annotations

import asyncio
import json

import msgspec

from agent.app import Gateway
from agent.tables import table

SHOWN = (
    "water_supply_temp",
    "water_return_temp",
    "outdoor_temp",
    "indoor_temp",
    "water_setpoint",
    "active_power",
)
EVERY_S = {True: 1.0, False: 5.0}


class Status:
    """Looks at the open rooms; changes nothing."""

    def __init__(self) -> None:
        self._gateway: Gateway | None = None

    def started(self, gateway: Gateway) -> None:
        """The rooms are open."""
        self._gateway = gateway

    async def show(self, as_json: bool) -> None:
        """Print until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S[as_json])
            if self._gateway is not None:
                print(json.dumps(self.now()) if as_json else self._text(), flush=True)

    def now(self) -> dict[str, object]:
        """Values, alarms, buffer and link, as plain data."""
        gateway = self._gateway
        assert gateway is not None
        spool, counters = gateway.spool.status(), gateway.uplink.counters
        return {
            "devices": {
                name: {point: snapshot.value(point) for point in SHOWN}
                for name, snapshot in gateway.core.snapshots.items()
            },
            "alarms": [
                {"device": a.device, "rule": a.rule, "en": a.text_en, "zh": a.text_zh}
                for a in gateway.core.open_alarms
                if a.annunciated
            ],
            "buffer": {
                "depth": {lane.value: n for lane, n in spool.depth.items()},
                "bytes": spool.file_bytes,
                "lost": spool.lost,
            },
            "light": gateway.vitals.now().light.value,
            "identity": msgspec.to_builtins(gateway.vitals.identity()),
            "tasks": len(asyncio.all_tasks()),
            "uplink": {
                "connected": counters.connected_since is not None,
                "sent": counters.sent,
                "acknowledged": counters.acknowledged,
                "resent": counters.resent,
            },
        }

    def _text(self) -> str:
        gateway = self._gateway
        assert gateway is not None
        rows = [
            [name, *("" if (v := snapshot.value(point)) is None else v for point in SHOWN)]
            for name, snapshot in gateway.core.snapshots.items()
        ]
        heads = ["device", "supply C", "return C", "outdoor C", "room C", "set C", "power W"]
        spool = gateway.spool.status()
        waiting = sum(spool.depth.values())
        return f"\n{table(heads, rows)}\nwaiting for the platform: {waiting}"
