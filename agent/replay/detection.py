"""Rows through detection alone: column, sample, detector, life cycle; no core and no control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import msgspec

from agent.faults import Detector, LifeCycle, Profile, RowReader, possible
from agent.model import POINTS, Alarm, PointId, Stamp, VendorFault
from agent.replay.cells import Numbers, Reader, numbers
from agent.replay.recorded import RecordedMachine
from agent.replay.stamps import UNSET_S, Stamps, usual_poll_s
from agent.replay.table import Block

Event = dict[str, object]
MODE, CODE = "mode_active", "fault_code"
NO_FAULT = ("ok", "normal", "none", "0", "-")


class Words:
    """Numbers for the words of a column, in the order in which they came; none is below `first`."""

    def __init__(self, first: int) -> None:
        self._first = first
        self.known: dict[str, int] = {}

    def number(self, word: str) -> float:
        return float(self.known.setdefault(word, self._first + len(self.known)))

    def word(self, number: int) -> str:
        return next((word for word, own in self.known.items() if own == number), str(number))


@dataclass(slots=True)
class Told:
    """What a reader of the result should know of the file."""

    rows: int = 0
    unanswered: int = 0
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class Watched:
    """One device of the file."""

    name: str
    stamps: Stamps
    told: Told = field(default_factory=Told)
    names: tuple[PointId, ...] = ()
    rows: RowReader | None = None
    detector: Detector | None = None
    life: LifeCycle = field(default_factory=LifeCycle)
    mono: float | None = None

    @property
    def unlearnable(self) -> tuple[str, ...]:
        """Faults that stay unseen where the file begins with them."""
        return self.detector.unlearnable if self.detector is not None else ()


class Detection:
    """Follows every device of a table. `block` takes rows in order and gives what they cause."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self._path, self._profile = path, profile
        self._devices: dict[str, Watched] = {}
        self._readers: dict[str, Reader] = {}
        self._modes, self._codes = Words(1000), Words(100_000)

    def block(self, block: Block) -> Iterator[Event]:
        """The events of these rows, in order."""
        columns = {
            name: numbers(cells, self._reader(name), block.lines, name, self._path)
            for name, cells in block.cells.items()
            if name in POINTS
        }
        for name in dict.fromkeys(block.devices or ("",)):
            own = _rows_of(block, name)
            watched = self._watched(name or "device", block, own)
            yield from self._known(watched, block, columns, own)
        if block.devices is None or len(set(block.devices)) == 1:
            watched = self._devices[(block.devices or ("",))[0] or "device"]
            yield from self._run(watched, block, columns, range(len(block.at)))
            return
        for k, name in enumerate(block.devices):
            yield from self._run(self._devices[name or "device"], block, columns, (k,))

    def told(self) -> Iterator[Event]:
        """What was odd about the file, one event for each device."""
        for watched in self._devices.values():
            stamps, told = watched.stamps, watched.told
            yield {
                "kind": "file",
                "device": watched.name,
                "rows": told.rows,
                "unanswered": told.unanswered,
                "holes": stamps.holes,
                "longest_hole_s": round(stamps.longest_s),
                "stamps_repeated": stamps.repeated,
                "clock_fell_back": stamps.fallen,
                "clock_unset": stamps.unset,
                "columns_ignored": list(told.ignored),
                "found_only_if_new": list(watched.unlearnable),
            }

    def _reader(self, name: str) -> Reader:
        found = self._readers.get(name)
        if found is None:
            found = self._readers[name] = Reader(self._word(name))
        return found

    def _word(self, name: str) -> Callable[[str], float | None]:
        if name == MODE:
            return self._modes.number
        if name == CODE:
            return self._code
        return _no_word

    def _code(self, word: str) -> float:
        return 0.0 if word.lower() in NO_FAULT else self._codes.number(word)

    def _watched(self, name: str, block: Block, own: Sequence[int]) -> Watched:
        found = self._devices.get(name)
        if found is None:
            poll_s = usual_poll_s(block.at[k] for k in own)
            found = self._devices[name] = Watched(name, Stamps(poll_s))
        return found

    def _known(
        self,
        watched: Watched,
        block: Block,
        columns: Mapping[str, Numbers],
        own: Sequence[int],
    ) -> Iterator[Event]:
        """The device's points: columns that have shown a value. More of them begin it anew."""
        seen = [name for name in columns if _any(columns[name], own)]
        names = (*watched.names, *(name for name in seen if name not in watched.names))
        if watched.detector is not None and names == watched.names:
            return
        before = watched.detector.save() if watched.detector is not None else None
        machine = RecordedMachine(frozenset(names), watched.name)
        watched.names = names
        watched.detector = Detector(machine, self._profile, before)
        strange = [name for name in block.cells if name not in POINTS]
        watched.told.columns, watched.told.ignored = tuple(names), tuple(strange)
        yield {
            "kind": "rules_off",
            "device": watched.name,
            "points": list(names),
            "rules": dict(watched.detector.off),
        }

    def _run(
        self,
        watched: Watched,
        block: Block,
        columns: Mapping[str, Numbers],
        own: Sequence[int],
    ) -> Iterator[Event]:
        modes = {number: word for word, number in self._modes.known.items()}
        reader = RowReader(watched.names, modes, self._vendor)
        detector, life, name = watched.detector, watched.life, watched.name
        assert detector is not None
        made, see = reader.sample, detector.see
        mono_of, monos = watched.stamps.mono_of, block.mono
        kept = [columns.get(point) for point in watched.names]
        empty: Numbers = [None] * len(block.at)
        rows = list(zip(*(one or empty for one in kept), strict=True)) if kept else []
        whole = bool(kept) and all(one is not None and None not in one for one in kept)
        plain = possible(columns)
        said: object = None
        lost, due = False, -inf
        watched.told.rows += len(own)
        for k in own:
            at = block.at[k]
            mono = mono_of(at) if monos is None else monos[k]
            trusted = at >= UNSET_S
            sample = made(mono, at, rows[k] if rows else (), trusted, whole, plain)
            conditions = see(sample)
            if sample.lost is not None:
                watched.told.unanswered += 1
            elif conditions is said and mono < due and not lost:
                continue
            lost, said = sample.lost is not None, conditions
            stamp = Stamp(datetime.fromtimestamp(at, UTC), mono, trusted)
            for alarm in life.step(name, conditions, stamp, lost):
                yield _alarm(alarm, stamp)
            due = life.due(name)

    def _vendor(self, code: int) -> tuple[VendorFault, ...]:
        word = self._codes.word(code)
        en, zh = f"Unknown code {word} of replay", f"未知故障代码 {word}（replay）"
        return (VendorFault(word, en, zh, code if word == str(code) else word, False),)


def _no_word(word: str) -> None:
    return None


def _rows_of(block: Block, name: str) -> Sequence[int]:
    if block.devices is None:
        return range(len(block.at))
    return [k for k, own in enumerate(block.devices) if own == name]


def _any(column: Numbers, own: Sequence[int]) -> bool:
    return any(column[k] is not None for k in own)


def _alarm(alarm: Alarm, stamp: Stamp) -> Event:
    body = msgspec.to_builtins(alarm)
    return {"kind": "alarm", "at": stamp.at.isoformat(), **body}
