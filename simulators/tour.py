"""`make run`: the gateway at work on a simulated home, with a scripted tour through its bad days.

The pumps are simulated, everything between is real: Modbus frames on a pty with line time and over
TCP, an MQTT broker, a receiving platform with its own database, and the agent as it runs in a home.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from simulators.stage import Stage, free_port

GATEWAY = """\
gateway: gw-demo-001
spool: {{path: {folder}/spool.db, commit_every: 2 s}}
platform: {{broker: "BROKER", batch_every: 2 s}}
lines:
  - name: bus1
    port: {pty}
    devices:
      - {{name: midea, driver: midea_mthermal_r290, unit_id: 1, every: 5 s}}
      - {{name: haier, driver: haier_atw_r290, unit_id: 2, every: 5 s}}
  - name: bridge
    port: tcp://127.0.0.1:{port}
    devices:
      - {{name: samsung, driver: samsung_ehs_mimb19n, unit_id: 3, every: 5 s}}
homes:
  - {{name: east, heat_pump: midea, points: {{indoor_temp: {{device: midea}}}}}}
control:
  - device: midea
    park: 45
    schedule:
      - {{start: "00:00", value: 44}}
    comfort:
      rooms:
        - {{days: [weekdays], start: "06:00", value: 20}}
        - {{days: [weekend], start: "07:30", value: 20.5}}
        - {{start: "22:00", value: 18.5}}
account: {{tariff: beijing_rural}}
page: {{listen: "127.0.0.1:{web}", service: "热泵售后 400-000-0000"}}
"""
HEADS = (
    ("device", "", 8),
    ("supply 出水 C", "water_supply_temp", 13),
    ("return 回水 C", "water_return_temp", 13),
    ("room 室内 C", "indoor_temp", 11),
    ("set 设定 C", "water_setpoint", 10),
    ("power 功率 W", "active_power", 12),
)


class Tour:
    """Tells on the terminal what the gateway does, one line a fact."""

    def __init__(self, stage: Stage, brisk: bool) -> None:
        self.stage = stage
        self._started = monotonic()
        self._newest: dict[str, Any] = {}
        self._alarms: set[str] = set()
        self._connected: bool | None = None
        self.broker_away_s = 12.0 if brisk else 60.0
        self.pause_s = 6.0 if brisk else 15.0
        self._colour = sys.stdout.isatty()

    def say(self, text: str, code: str = "0") -> None:
        """One line with the seconds since the start."""
        stamp = f"{monotonic() - self._started:6.1f} s  "
        line = f"\033[{code}m{text}\033[0m" if self._colour and code != "0" else text
        print(stamp + line, flush=True)

    def chapter(self, text: str) -> None:
        print(flush=True)
        self.say(f"== {text}", "1;36")

    def heard(self, status: dict[str, Any]) -> None:
        """A second has passed in the agent: tell what changed."""
        self._newest = status
        open_now = {f"{a['device']}: {a['en']} {a['zh']}" for a in status["alarms"]}
        for alarm in open_now - self._alarms:
            self.say(f"ALARM   {alarm}", "1;31")
        for alarm in self._alarms - open_now:
            self.say(f"cleared {alarm}", "32")
        self._alarms = open_now
        connected = status["uplink"]["connected"]
        if connected != self._connected:
            self._connected = connected
            said = "platform reachable 平台已连接" if connected else "platform away 平台断开"
            self.say(said, "32" if connected else "33")

    def table(self) -> None:
        """What the pumps say now, and where the records are."""
        if not self._newest:
            return
        print(
            "          " + "  ".join(_fit(head, size, bool(point)) for head, point, size in HEADS)
        )
        for name, values in self._newest["devices"].items():
            cells = [_fit(name, 8)]
            cells += [_fit(_cell(values[point]), size, True) for _, point, size in HEADS[1:]]
            print("          " + "  ".join(cells))
        print("          " + self.records(), flush=True)

    def records(self) -> str:
        """Where the records are: waiting on the gateway, acknowledged by the platform."""
        depth = self._newest["buffer"]["depth"]
        waiting = sum(depth.values())
        counters = self.stage.platform.counters
        return (
            f"records: {waiting} waiting in the buffer, {counters.stored} stored by the platform, "
            f"{len(self.stage.platform.archive.holes('gw-demo-001'))} missing, "
            f"{counters.repeats} repeats ignored"
        )

    async def watch(self, seconds: float) -> None:
        """Let it run, with a table now and then."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            await asyncio.sleep(min(10.0, left))
            self.table()

    async def until(self, within_s: float, what: str) -> bool:
        """Wait until an alarm with this text stands (or, with `-`, no longer stands)."""
        gone = what.startswith("-")
        end = monotonic() + within_s
        while monotonic() < end:
            stands = any(what.lstrip("-") in alarm for alarm in self._alarms)
            if stands != gone:
                return True
            await asyncio.sleep(0.5)
        return False

    # --- the script -------------------------------------------------------------------------

    async def play(self) -> bool:
        """The whole script; True when everything came out as it must."""
        self.chapter("three pumps are read over real Modbus, records go to the platform")
        await self.stage.start_agent(self.heard)
        await self.watch(self.pause_s + 6.0)
        good = [await self._command(), await self._broker_away(), await self._pump_silent()]
        good.append(await self._all_there())
        return all(good)

    async def _command(self) -> bool:
        self.chapter("the platform asks haier for 42.5 C; the gateway writes and reads back")
        platform = self.stage.platform
        command_id = await platform.send_command(
            "gw-demo-001", "haier", "water_setpoint", 42.5, ttl_s=60.0
        )
        self.say(f"command {command_id} sent")
        result = await platform.wait_result(command_id, 30.0)
        self.say(
            f"result  {result['outcome']}: {result['why']}, read back {result['read_back']}", "1;32"
        )
        await self.watch(self.pause_s)
        return bool(result["outcome"] == "verified")

    async def _broker_away(self) -> bool:
        self.chapter(f"the broker is stopped for {self.broker_away_s:.0f} s; polling goes on")
        await self.stage.stop_broker()
        await self.watch(self.broker_away_s)
        waiting = sum(self._newest["buffer"]["depth"].values())
        self.chapter("the broker is back; what waited is delivered")
        await self.stage.start_broker()
        await self.watch(self.pause_s + 6.0)
        return waiting > 0 and not self.stage.platform.archive.holes("gw-demo-001")

    async def _pump_silent(self) -> bool:
        self.chapter(
            "haier falls silent; the others keep their rhythm, after 60 s there is an alarm"
        )
        await self.stage.sim.say({"line": "bus1", "unit": 2, "fault": "silent"})
        raised = await self.until(90.0, "does not answer")
        self.table()
        self.chapter("haier is back")
        await self.stage.sim.say({"line": "bus1", "unit": 2, "fault": None})
        cleared = await self.until(150.0, "-does not answer")
        self.table()
        return raised and cleared

    async def _all_there(self) -> bool:
        self.chapter("every record arrived once")
        await asyncio.sleep(3.0)
        self.say(self.records(), "1;32")
        return not self.stage.platform.archive.holes("gw-demo-001")


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def _fit(text: str, size: int, right: bool = False) -> str:
    """Text in `size` cells; a Chinese character takes two."""
    wide = sum(2 if ord(character) > 0x2E80 else 1 for character in text)
    blanks = " " * max(0, size - wide)
    return blanks + text if right else text + blanks


def home_file(folder: Path, speed: float) -> tuple[Path, Path, int]:
    """The example home on its own pty and port; the file, the pty and the port."""
    home = yaml.safe_load((Path(__file__).parent / "home.yaml").read_text("utf-8"))
    pty, port = folder / "bus1", free_port()
    home["speed"] = speed
    home["lines"]["bus1"]["port"] = str(pty)
    home["lines"]["bridge"]["port"] = port
    path = folder / "home.yaml"
    path.write_text(yaml.safe_dump(home, allow_unicode=True), "utf-8")
    return path, pty, port


async def tour(brisk: bool, end: bool) -> int:
    """Open the stage, play the script, and go on until Ctrl-C unless `end`."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="heatpump-") as name:
        folder = Path(name)
        sim_file, pty, port = home_file(folder, speed=30.0)
        web = free_port()
        gateway = GATEWAY.format(folder=folder, pty=pty, port=port, web=web)
        print(f"heatpump-agent: a simulated home, 30 times faster than life; files in {folder}")
        async with Stage(folder, sim_file, gateway) as stage:
            show = Tour(stage, brisk)
            code = await stage.claim_code()
            show.say(
                f"the local page 本地页面: http://127.0.0.1:{web}  code 认领码: {code}", "1;32"
            )
            playing = asyncio.create_task(_play_on(show, end), name="tour")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if playing.done():
                return 0 if playing.result() else 1
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing
            show.say("stopping: the controlled pump is left at its park value")
    return 0


async def _play_on(show: Tour, end: bool) -> bool:
    good = await show.play()
    if end:
        return good
    show.chapter("the tour is over; the home runs on. Ctrl-C ends it")
    while True:
        await show.watch(10.0)


def main() -> int:
    """Exit code 0 when the tour came out as it must, 1 when it did not."""
    parser = argparse.ArgumentParser(prog="python -m simulators.tour", description=__doc__)
    parser.add_argument("--end", action="store_true", help="end after the script")
    parser.add_argument("--brisk", action="store_true", help="shorter pauses")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    return asyncio.run(tour(arguments.brisk, arguments.end))


if __name__ == "__main__":
    sys.exit(main())
