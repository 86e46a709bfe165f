"""What a machine's own fault words mean: codes and bits of its map as faults in two languages.

A status such as 'defrosting' is none. A code nobody gave a meaning keeps its number, and the way
the machine's own display shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.drivers.registermap import FaultBit, FaultCode, RegisterMap
from agent.model import PointId, Quality, Reading, Snapshot, VendorFault


def vendor_faults(
    found: RegisterMap, snapshot: Snapshot, marked: Iterable[FaultBit], labels: Iterable[str]
) -> tuple[VendorFault, ...]:
    """The faults shown now: by the code point, by `marked` bits, by `labels` that hooks found.

    The points of `faults.also` only tell that something is wrong; they speak when nothing else
    does, so that one fault is not told twice, and not while the code is that of a status.
    """
    faults = found.faults
    shown = [*_code(found, snapshot)]
    shown += [_known(FaultCode(label=b.label, en=b.en, zh=b.zh), b.label) for b in marked]
    for label in labels:
        code = next((one for one in reversed(faults.codes.values()) if one.label == label), None)
        shown.append(_known(code, label) if code else _unknown(found, label, label))
    if shown or _is_status(found, snapshot):
        return tuple(shown)
    return tuple(_also(found, snapshot))


def _is_status(found: RegisterMap, snapshot: Snapshot) -> bool:
    reading = snapshot.readings.get(found.faults.point or "")
    entry = None if reading is None else found.faults.codes.get(reading.raw or 0)
    return entry is not None and entry.kind == "status"


def _code(found: RegisterMap, snapshot: Snapshot) -> Iterator[VendorFault]:
    faults = found.faults
    reading = snapshot.readings.get(faults.point or "")
    if reading is None or reading.raw is None or reading.value is None:
        return
    if reading.raw in faults.none or _is_status(found, snapshot):
        return
    entry = faults.codes.get(reading.raw)
    if entry is not None:
        yield _known(entry, reading.raw)
    else:
        text = reading.value if isinstance(reading.value, str) else str(reading.raw)
        yield _unknown(found, text.removeprefix("code "), reading.raw)


def _also(found: RegisterMap, snapshot: Snapshot) -> Iterator[VendorFault]:
    for point in found.faults.also:
        reading = snapshot.readings.get(point)
        if reading is None or reading.raw is None or not _is_wrong(reading, found, point):
            continue
        label = found.point(point)
        code = f"{point}={reading.raw}"
        en = f"The machine reports a fault: {label.en}, value {reading.raw}"
        zh = f"机组报告故障：{label.zh}，数值{reading.raw}"
        yield VendorFault(code, en, zh, code, known=False)


def _is_wrong(reading: Reading, found: RegisterMap, point: PointId) -> bool:
    if reading.quality not in (Quality.GOOD, Quality.UNDEFINED_CODE):
        return False
    return reading.value is True if found.points[point].is_bool else reading.raw != 0


def _known(entry: FaultCode, raw: int | str) -> VendorFault:
    en, zh = f"{entry.label}: {entry.en}", f"{entry.label}：{entry.zh}"
    return VendorFault(entry.label, en, zh, raw, known=True)


def _unknown(found: RegisterMap, text: str, raw: int | str) -> VendorFault:
    family, display = found.map, found.faults.shown_as
    seen = display % raw if display is not None and isinstance(raw, int) else None
    en, zh = f"Unknown code {text} of {family}", f"未知故障代码 {text}（{family}）"
    if seen is not None:
        en, zh = f"{en}; the display shows {seen}", f"{zh}，显示屏显示 {seen}"
    return VendorFault(text, en, zh, raw, known=False)
