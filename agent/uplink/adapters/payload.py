"""Sparkplug B payloads to bytes and back, by the protobuf library. Pure.

Field numbers, types and data type codes are those of the Sparkplug 3.0 text, chapter 6. Only types
that every decoder reads alike are written: the text leaves open how a negative Int8, Int16 or Int32
lies in an unsigned field, and decoders differ (https://github.com/eclipse-sparkplug/sparkplug/issues/453).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from agent.model import Value
from agent.uplink.adapters.convention import ms


class Datatype(IntEnum):
    """The codes we write."""

    INT64 = 4
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12


_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_NAME = "heatpump.sparkplug"
_UINT32, _UINT64, _STRING, _BYTES = 13, 4, 9, 12
_FLOAT, _DOUBLE, _BOOL, _MESSAGE = 2, 1, 8, 11
_METRIC = (
    ("name", 1, _STRING), ("alias", 2, _UINT64), ("timestamp", 3, _UINT64),
    ("datatype", 4, _UINT32),
    ("is_historical", 5, _BOOL), ("is_transient", 6, _BOOL), ("is_null", 7, _BOOL),
    ("int_value", 10, _UINT32), ("long_value", 11, _UINT64), ("float_value", 12, _FLOAT),
    ("double_value", 13, _DOUBLE), ("boolean_value", 14, _BOOL), ("string_value", 15, _STRING),
    ("bytes_value", 16, _BYTES),
)  # fmt: skip
_FIELD = {
    Datatype.INT64: "long_value",
    Datatype.DOUBLE: "double_value",
    Datatype.BOOLEAN: "boolean_value",
    Datatype.STRING: "string_value",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `value` None is sent as null; `typed` writes the data type, as births need it.

    `at` is None only where the sender left it out.
    """

    name: str
    datatype: int
    value: Value | None
    at: datetime | None = None
    historical: bool = False
    typed: bool = True


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload as it was read; `at` is milliseconds since 1970."""

    at: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


def _message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name=f"{_NAME}.proto", package=_NAME, syntax="proto2")
    metric = file.message_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    for name, number, kind in _METRIC:
        field = metric.field.add(name=name, number=number, type=kind, label=1)
        if name.endswith("_value"):
            field.oneof_index = 0
    payload = file.message_type.add(name="Payload")
    payload.field.add(name="timestamp", number=1, type=_UINT64, label=1)
    payload.field.add(
        name="metrics",
        number=2,
        type=_MESSAGE,
        label=3,
        type_name=f".{_NAME}.Metric",
    )
    payload.field.add(name="seq", number=3, type=_UINT64, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_NAME}.Payload"))


_PAYLOAD = _message_class()


def encode(metrics: Sequence[Metric], at: datetime | None, seq: int | None) -> bytes:
    """A payload; `at` and `seq` are left out where they are None, as in a death certificate."""
    payload = _PAYLOAD()
    if at is not None:
        payload.timestamp = ms(at)
    if seq is not None:
        payload.seq = seq
    for metric in metrics:
        _put(payload.metrics.add(), metric)
    return bytes(payload.SerializeToString(deterministic=True))


def _put(into: Any, metric: Metric) -> None:
    into.name = metric.name
    if metric.at is not None:
        into.timestamp = ms(metric.at)
    if metric.typed:
        into.datatype = int(metric.datatype)
    if metric.historical:
        into.is_historical = True
    if metric.value is None:
        into.is_null = True
        return
    value = metric.value
    if metric.datatype == Datatype.INT64:
        value = int(value) & 0xFFFF_FFFF_FFFF_FFFF
    elif metric.datatype == Datatype.DOUBLE:
        value = float(value)
    setattr(into, _FIELD[Datatype(metric.datatype)], value)


def decode(payload: bytes) -> Payload:
    """A payload somebody sent; raises ValueError for bytes that are none."""
    found = _PAYLOAD()
    try:
        found.ParseFromString(payload)
    except DecodeError as error:
        raise ValueError(f"no Sparkplug payload: {error}") from None
    return Payload(
        found.timestamp if found.HasField("timestamp") else None,
        found.seq if found.HasField("seq") else None,
        tuple(_got(metric) for metric in found.metrics),
    )


def _got(metric: Any) -> Metric:
    field = metric.WhichOneof("value")
    value = None if field in (None, "bytes_value") or metric.is_null else getattr(metric, field)
    if field in ("int_value", "long_value") and value is not None:
        bits = _SIGNED.get(metric.datatype, 0)
        if not metric.HasField("datatype"):  # no type: the width of its field, read as signed
            bits = 32 if field == "int_value" else 64
        if bits:
            value = (value & ((1 << bits) - 1)) - ((value >> (bits - 1) & 1) << bits)
    at = datetime.fromtimestamp(metric.timestamp / 1000, UTC) if metric.timestamp else None
    typed = metric.HasField("datatype")
    return Metric(metric.name, metric.datatype, value, at, metric.is_historical, typed)
