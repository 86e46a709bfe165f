"""The edges where bytes from outside come in, each as one function that must bear any bytes.

A function returns when the bytes became a value or a refusal, and fails otherwise (AssertionError,
or whatever escaped). Hypothesis, the corpus and the guided fuzzer all call the same functions.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent import config, consent
from agent.certificate import validity
from agent.drivers import Cost, Device, ReadRequest, WriteRequest, load
from agent.drivers.registry import driver, usable
from agent.dump import words_of
from agent.errors import FileError
from agent.line.answers import Answer, Garbled, Refused
from agent.line.frames import RtuFraming, TcpFraming
from agent.line.overheard import frames_in
from agent.line.trace import read_trace
from agent.model import Command, Quality
from agent.uplink import RefusedCommand, parse_command, parse_forecast, public_key
from agent.uplink.adapters import payload
from agent.uplink.messages import Ack, parse_ack
from agent.uplink.signing import Signatures, Unsigned
from agent.yamltext import parse

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
NOW = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)
LONGEST = 64 * 1024
REQUESTS = (
    ReadRequest(1, "holding", 100, 10),
    ReadRequest(1, "coil", 0, 9),
    WriteRequest(1, 6, 50, (1234,)),
    WriteRequest(1, 16, 50, (1, 2)),
)


def rtu(data: bytes) -> None:
    """A reply on a serial line: as many words as were asked for, or not taken."""
    for request in REQUESTS:
        _judged(RtuFraming().judge(request, data), request)


def tcp(data: bytes) -> None:
    """A reply on Modbus TCP, with a header of ours before it and without."""
    for request in REQUESTS:
        framing = TcpFraming()
        head = framing.frame(request)[:4]
        _judged(framing.judge(request, data), request)
        _judged(framing.judge(request, head + data), request)


def _judged(found: object, request: ReadRequest | WriteRequest) -> None:
    assert found is None or isinstance(found, Answer | Garbled | Refused)
    if isinstance(found, Answer) and isinstance(request, ReadRequest):
        assert len(found.words) == request.count
        assert all(0 <= word <= 0xFFFF for word in found.words)
    if isinstance(found, Answer) and isinstance(request, WriteRequest):
        assert found.words == request.words


def overheard(data: bytes) -> None:
    """What others say on the wire: frames are parts of it, never more."""
    found = frames_in(data)
    assert sum(map(len, found)) <= len(data)
    assert all(frame in data for frame in found)


@cache
def _devices() -> tuple[Device, ...]:
    found = map(driver, usable())
    return tuple(Device("hp", one.map, 1, Cost(0.0, 0.0), one.hooks) for one in found)


def decoding(data: bytes) -> None:
    """Words in a right answer of any machine we know: readings in which no number is infinite."""
    if len(data) < 2:
        return
    devices = _devices()
    device = devices[data[0] % len(devices)]
    plan = device.plan()
    block = plan[data[1] % len(plan)]
    words = [int.from_bytes(data[i : i + 2], "big") for i in range(2, len(data), 2)]
    padded = (words + [0] * block.request.count)[: block.request.count]
    if block.request.table in ("coil", "discrete"):
        padded = [word & 1 for word in padded]
    for given in (words, padded):
        found = device.decode(block, given)
        assert isinstance(found, str | tuple)
        for reading in found if isinstance(found, tuple) else ():
            assert not isinstance(reading.value, float) or isfinite(reading.value)
            assert (reading.value is not None) or reading.quality is not Quality.GOOD


def command(data: bytes) -> None:
    """A command: one that is whole, or a refusal with a reason."""
    for trusted in (True, False):
        found = parse_command(data, False, NOW, trusted)
        assert isinstance(found, Command | RefusedCommand)
        assert trusted or isinstance(found, RefusedCommand)
        if isinstance(found, RefusedCommand):
            assert found.why


def acknowledgement(data: bytes) -> None:
    """An acknowledgement with ranges that run forwards, or ValueError."""
    try:
        found = parse_ack(data)
    except ValueError:
        return
    assert isinstance(found, Ack)
    assert all(1 <= first <= last for first, last in found.ranges)


def forecast(data: bytes) -> None:
    """A forecast of possible weather, or ValueError."""
    try:
        found = parse_forecast(data, NOW, trusted=True)
    except (ValueError, RecursionError):  # as the road takes them
        return
    assert all(-55 <= value <= 50 for value in found.outdoor_c)


@cache
def _signatures() -> Signatures:
    public = Ed25519PrivateKey.generate().public_key()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        path.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return Signatures("gw", (path,))


def signed(data: bytes) -> None:
    """Nothing that the one key did not sign is believed."""
    assert isinstance(_signatures().open(data), Unsigned)


def sparkplug(data: bytes) -> None:
    """A Sparkplug payload, or ValueError."""
    try:
        payload.decode(data)
    except ValueError:
        return


def certificate(data: bytes) -> None:
    """Dates and keys out of PEM files, or ValueError."""
    for read in (validity, public_key):
        try:
            read(data)
        except ValueError:
            continue


def configuration(data: bytes) -> None:
    """A configuration file: records, or mistakes with their lines."""
    text = _text(data)
    if text is None:
        return
    try:
        config.build(parse(text, "gateway.yaml"), Path("/nonexistent"))
    except FileError as error:
        assert error.mistakes
        lines = text.count("\n") + text.count("\r") + 2
        assert all(1 <= mistake.line <= lines for mistake in error.mistakes)
        assert str(error)


def register_map(data: bytes) -> None:
    """A vendor's map: records, or mistakes."""
    text = _text(data)
    if text is None:
        return
    try:
        load(text, "map.yaml")
    except FileError as error:
        assert str(error)


def dump(data: bytes) -> None:
    """A dump of registers: words, or mistakes."""
    text = _text(data)
    if text is None:
        return
    try:
        found = words_of(parse(text, "dump.yaml"))
    except FileError as error:
        assert str(error)
        return
    assert all(0 <= word <= 0xFFFF for word in found.values())


def trace(data: bytes) -> None:
    """A recorded trace: exchanges, or a FileError or ValueError that says which line."""
    text = _text(data)
    if text is None:
        return
    try:
        for exchange in read_trace(iter(io.StringIO(text))):
            assert exchange.request
            assert exchange.reply
    except (FileError, ValueError):
        return


def decisions(data: bytes) -> None:
    """The file of consent: decisions, or a FileError; never consent by accident."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / consent.NAME
        path.write_bytes(data)
        try:
            consent.decisions(path)
        except FileError:
            assert not consent.Consent(path, otherwise=True).given


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


EDGES: Mapping[str, Callable[[bytes], None]] = {
    edge.__name__: edge
    for edge in (
        rtu, tcp, overheard, decoding, command, acknowledgement, forecast, signed, sparkplug,
        certificate, configuration, register_map, dump, trace, decisions,
    )
}  # fmt: skip


def corpus(name: str) -> list[Path]:
    """The inputs kept for an edge, always replayed."""
    return sorted((CORPUS / name).iterdir())
