"""Bytes of a month on the wire, with everything that belongs to them."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from agent.control import ControlSettings
from agent.core import Core, CoreSettings
from agent.facts import BlockRead, Keep
from agent.model import Stamp
from agent.records import Lane, Stored
from agent.uplink import Encoding, Uplink, UplinkSettings, encode_body
from bench.kit import Bench, Figures, Goal, Options, Row
from bench.proxy import HEADERS, Proxy
from bench.sweeps import facts, machine
from simulators.platform import Platform
from simulators.stage import Child, free_port, mosquitto, reachable
from simulators.weather import CHINA

HOURS = 8.0
BATCH_SWEEPS = 30
MONTH_S = 30 * 86_400
PROBE_BYTES = 2 * HEADERS
CONNECTS_A_MONTH = 30
REST_S = 0.06
"""Between two batches, so that the kernel's delayed acknowledgement belongs to the right one."""
BOOT = "5c1c9f6e-6a43-4f43-9d8c-5a2f6a6b7c11"


class Outbox:
    """The buffer's promises in memory: the disk is not what is measured here."""

    def __init__(self) -> None:
        self.epoch = "5f0c1a2b3c4d5e6f"
        self._records: dict[int, Stored] = {}
        self._next = 1
        self._stored = asyncio.Event()
        self._moved = asyncio.Condition()

    def newest(self, lane: Lane) -> int:
        """The highest number given so far."""
        return self._next - 1 if lane is Lane.TELEMETRY else 0

    def put(self, records: Sequence[tuple[Stamp, bytes]]) -> None:
        """Store the records of five minutes."""
        for stamp, body in records:
            at = stamp.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            one = Stored(Lane.TELEMETRY, self._next, at, stamp.mono, BOOT, True, body)
            self._records[self._next] = one
            self._next += 1
        self._stored.set()

    async def batch(self, lane: Lane, after: int, limit: int) -> tuple[Stored, ...]:
        """The first `limit` records above `after`."""
        found = sorted(n for n in self._records if n > after) if lane is Lane.TELEMETRY else []
        return tuple(self._records[n] for n in found[:limit])

    async def forget(self, lane: Lane, first: int, last: int) -> int:
        """Drop what was acknowledged."""
        gone = [n for n in self._records if first <= n <= last]
        for n in gone:
            del self._records[n]
        async with self._moved:
            self._moved.notify_all()
        return len(gone)

    async def changed(self, timeout_s: float) -> None:
        """Return when something was stored."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._stored.wait()
        self._stored.clear()

    async def emptied(self) -> None:
        """Return when everything was acknowledged."""
        async with asyncio.timeout(30.0), self._moved:
            await self._moved.wait_for(lambda: not self._records)


def run(options: Options) -> Figures:
    """The same sweeps in every encoding, each through a TLS session of its own."""
    hours = max(0.5, HOURS * options.share)
    options.progress(f"{hours:g} h of sweeps of the simulated pump")
    found = list(islice(facts(options.seed), round(hours * 360)))
    kept = {full_every: _kept(found, full_every) for full_every in (0.0, 900.0)}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        _certificates(Path(name))
        for encoding, full_every in (
            (Encoding.JSON, 0.0),
            *((encoding, 900.0) for encoding in Encoding),
        ):
            row = asyncio.run(_session(Path(name), encoding, kept[full_every], hours))
            content = "every sweep in full" if full_every == 0 else "changes, full every 15 min"
            rows.append({"encoding": str(encoding), "content": content, **row})
            options.progress(f"{encoding}, {content}: {row['mb_per_month']} MB a month")
    standard = UplinkSettings("gw", "mqtt://localhost:1883").encoding
    changes = [row for row in rows if str(row["content"]).startswith("changes")]
    (chosen,) = (row for row in changes if row["encoding"] == str(standard))
    return {
        "default_mb_per_month": chosen["mb_per_month"],
        "default_encoding": str(standard),
        "ping_each_20_s_would_add_mb": round(MONTH_S / 20 * (3 * HEADERS + 2 * 24) / 1e6, 1),
        "probe_each_25_s_would_add_mb": round(_probes(25.0) * PROBE_BYTES / 1e6, 1),
        "encodings": rows,
    }


def _kept(
    found: Sequence[tuple[BlockRead, ...]], full_every: float
) -> list[list[tuple[Stamp, bytes]]]:
    """Records, in the batches of five minutes in which they leave."""
    control = ControlSettings(CHINA, ())
    core = Core(CoreSettings({"hp1": machine()}, control, full_every_s=full_every))
    batches: list[list[tuple[Stamp, bytes]]] = []
    for number, blocks in enumerate(found):
        if number % BATCH_SWEEPS == 0:
            batches.append([])
        for effect in (effect for block in blocks for effect in core.step(block)):
            if isinstance(effect, Keep) and effect.lane is Lane.TELEMETRY:
                batches[-1].append((effect.stamp, encode_body(effect.record)))
    return [batch for batch in batches if batch]


async def _session(
    folder: Path, encoding: Encoding, batches: list[list[tuple[Stamp, bytes]]], hours: float
) -> dict[str, float | int]:
    plain, secure = free_port(), free_port()
    broker = _broker(folder, plain, secure)
    await broker.start()
    try:
        await reachable(plain)
        await reachable(secure)
        async with Platform(f"mqtt://127.0.0.1:{plain}") as platform, Proxy(secure) as proxy:
            outbox, up = Outbox(), asyncio.Event()
            uplink = Uplink(
                UplinkSettings(
                    "gw-demo-001",
                    f"mqtts://127.0.0.1:{proxy.port}",
                    folder / "ca.pem",
                    folder / "gw.pem",
                    folder / "gw.key",
                    encoding=encoding,
                    batch_every_s=0.01,
                    keepalive_s=3600.0,
                ),
                outbox,
                on_command=_nothing,
                on_unsigned=_nothing,
                on_forecast=_nothing,
                on_config=lambda _: None,
                on_link=lambda found, _: up.set() if found else None,
                boot=BOOT,
            )
            task = asyncio.create_task(uplink.run(), name="uplink")
            try:
                await up.wait()
                await asyncio.sleep(1.0)
                connect = proxy.traffic()
                for batch in batches:
                    outbox.put(batch)
                    await outbox.emptied()
                    await asyncio.sleep(REST_S)
                total = proxy.traffic()
                messages = platform.counters.messages
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    finally:
        await broker.stop()
    months = MONTH_S / (hours * 3600)
    data = (total.on_the_wire - connect.on_the_wire) * months
    probes = _probes(UplinkSettings("gw", "mqtt://x:1").probe_every_s) * PROBE_BYTES
    connects = connect.on_the_wire * CONNECTS_A_MONTH
    return {
        "mb_per_month": round((data + probes + connects) / 1e6, 2),
        "batches_mb": round(data / 1e6, 2),
        "of_it_ip_and_tcp_headers_mb": round(
            (total.segments - connect.segments) * HEADERS * months / 1e6, 2
        ),
        "probes_mb": round(probes / 1e6, 2),
        "connects_mb": round(connects / 1e6, 2),
        "bytes_per_batch": round(data / months / len(batches)),
        "records": sum(len(batch) for batch in batches),
        "messages": messages,
    }


async def _nothing(*_: object) -> None:
    raise AssertionError("nobody commands here")


def _probes(every_s: float) -> float:
    """Probes in a month: in each quiet of five minutes so many as fit."""
    batch_s = 10.0 * BATCH_SWEEPS
    return MONTH_S / batch_s * (batch_s // every_s)


def _broker(folder: Path, plain: int, secure: int) -> Child:
    return mosquitto(
        folder,
        f"listener {plain} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_dest stdout\n"
        f"listener {secure} 127.0.0.1\ncafile {folder}/ca.pem\ncertfile {folder}/broker.pem\n"
        f"keyfile {folder}/broker.key\nrequire_certificate true\nuse_identity_as_username true\n",
    )


def _certificates(folder: Path) -> None:
    """An authority, a broker and a gateway, all P-256, as in the field."""
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    usage = "-addext keyUsage=critical,keyCertSign,cRLSign"
    _openssl(folder, f"req -x509 {curve} -keyout ca.key -out ca.pem -subj /CN=ca {usage}")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", "ascii")
    for name, subject in (("broker", "localhost"), ("gw", "gw-demo-001")):
        _openssl(folder, f"req {curve} -keyout {name}.key -out {name}.csr -subj /CN={subject}")
        signed = f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial"
        _openssl(folder, f"{signed} -out {name}.pem -days 30 -extfile ext")


def _openssl(folder: Path, arguments: str) -> None:
    command = ["openssl", *arguments.split()]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


BENCH = Bench(
    "payload",
    "Bytes a month of one gateway, both directions: TLS 1.3 with client certificates, MQTT 5, "
    "batches, their PUBACKs and acknowledgements, IP and TCP headers of every segment the kernel "
    "counted (52 bytes: IPv4, TCP with time stamps), probes of a quiet path, one connection a day. "
    "The session is real and only faster than life; probes are added by arithmetic.",
    "one simulated pump with sensor noise, 40 points, each 10 s; 8 h of it in batches of five "
    "minutes through a proxy to mosquitto, times 90",
    run,
    (Goal("default_mb_per_month", "<=", 12.0),),
)
