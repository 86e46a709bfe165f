"""The words of a machine that is not there, kept by its register map; the inverse of the codec."""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from threading import RLock
from typing import Literal

from agent.drivers.codec import PointCodec
from agent.drivers.registermap import WIDTH, PointRule, RegisterMap
from agent.model import PointId, Quality, Reading, Value
from simulators.frames import ILLEGAL_ADDRESS, ILLEGAL_VALUE, SILENT

Between = Literal["zeros", "refused"]
_Place = tuple[int, str, int]
_LOGGED = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """One accepted write: what came, which points it meant, and which of them took it."""

    function: int
    at: int
    words: tuple[int, ...]
    points: tuple[PointId, ...]
    effective: tuple[PointId, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    """Some bits of one word: where they are read and where they are written."""

    read_at: int
    write_at: int
    low: int
    width: int

    @property
    def mask(self) -> int:
        return ((1 << self.width) - 1) << self.low


class RegisterImage:
    """The words of one machine. Safe to use from the thread of a line and from a plant at once.

    `between` says how the machine answers for addresses between its points that no map names:
    with zeros, or with exception 2. Declared holes are always refused.
    """

    def __init__(self, found: RegisterMap, unit_id: int, between: Between = "zeros") -> None:
        self.map, self.unit_id, self.between = found, unit_id, between
        self.wear: Counter[PointId] = Counter()
        self.log: deque[Written] = deque(maxlen=_LOGGED)
        self._words: dict[_Place, int] = {}
        self._lock = RLock()
        self._codecs = {name: PointCodec(found, name, unit_id) for name in found.points}
        self._cells = {name: _cells(found, rule) for name, rule in found.points.items()}
        self._writable: dict[_Place, list[tuple[PointId, _Cell]]] = {}
        for name, rule in found.points.items():
            for cell in self._cells[name] if rule.write else ():
                place = (self._unit(name), rule.table, cell.write_at)
                self._writable.setdefault(place, []).append((name, cell))
        self._known = self._known_places()
        self._verdicts: dict[tuple[int, str, int, int], int | None] = {}

    @property
    def unit_ids(self) -> frozenset[int]:
        """Every unit id under which this machine answers."""
        return frozenset({self.unit_id, *(self._unit(name) for name in self.map.points)})

    def set(self, point: PointId, value: Value | None) -> None:
        """Show this value, rounded to the point's own steps; None shows the sign for absent.

        Raises ValueError when the words have no way to say it, KeyError for an unknown point.
        """
        with self._lock:
            raw = self._absent(point) if value is None else self._raw(point, value)
            self.poke(point, raw)

    def get(self, point: PointId) -> Value | None:
        """The value the words show now; None when absent, not fitted or of unknown scale."""
        with self._lock:
            return self._reading(point, {}).value

    def poke(self, point: PointId, raw: int) -> None:
        """Put a raw number into the words of a point, whatever it may mean."""
        rule, unit_id = self.map.points[point], self._unit(point)
        with self._lock:
            for term in sorted(rule.plus, key=lambda term: term.scale, reverse=True):
                weight = int(term.scale / rule.scale)
                count = min(raw // weight, 0xFFFF)
                self._words[(unit_id, rule.table, term.at)] = count
                raw -= count * weight
            if rule.mask is None and raw >> sum(cell.width for cell in self._cells[point]):
                raise ValueError(f"{point}: its words have no room for {raw}")
            for cell in reversed(self._cells[point]):
                mask = cell.mask if rule.mask is None else rule.mask & 0xFFFF
                place = (unit_id, rule.table, cell.read_at)
                old = self._words.get(place, 0)
                self._words[place] = old & ~mask | raw << cell.low & mask
                raw >>= cell.width

    def read(self, unit_id: int, table: str, at: int, count: int) -> tuple[int, ...] | int:
        """The words from wire address `at`, or the exception code of a refusal."""
        request = (unit_id, table, at, count)
        with self._lock:
            if request not in self._verdicts:
                self._verdicts[request] = self._verdict(unit_id, table, at, count)
            refused = self._verdicts[request]
            if refused is not None:
                return refused
            return tuple(self._words.get((unit_id, table, at + i), 0) for i in range(count))

    def write(self, unit_id: int, function: int, at: int, words: tuple[int, ...]) -> int | None:
        """Take a write where the map allows one and show it where the map reads it.

        None when accepted; an exception code, or SILENT where the map says refusals are silent.
        A point whose `only_if` does not hold accepts the write and keeps its value.
        """
        table = "coil" if function in (5, 15) else "holding"
        with self._lock:
            changes: dict[PointId, dict[_Place, int]] = {}
            for i, word in enumerate(words):
                targets = self._writable.get((unit_id, table, at + i))
                if targets is None:
                    return self._refuse(ILLEGAL_ADDRESS)
                for name, cell in targets:
                    self._change(changes.setdefault(name, {}), name, cell, word)
            different = tuple(name for name in changes if self._differs(changes[name]))
            meant = different or tuple(changes)
            if not all(self._acceptable(name, changes[name]) for name in meant):
                return self._refuse(ILLEGAL_VALUE)
            effective = tuple(name for name in meant if self._allowed(name))
            for name in effective:
                mask_by_place = self._masks(name)
                for place, word in changes[name].items():
                    mask = mask_by_place[place]
                    self._words[place] = self._words.get(place, 0) & ~mask | word & mask
            self.wear.update(meant)
            self.log.append(Written(function, at, words, meant, effective))
        return None

    # --- values to raw numbers --------------------------------------------------------------

    def _raw(self, point: PointId, value: Value) -> int:
        rule = self.map.points[point]
        if rule.is_bool:
            return self._raw_truth(point, rule, value)
        if rule.values:
            for raw, label in rule.values.items():
                if label == _word(value):
                    return raw
            raise ValueError(f"{point} has no code for {value!r}")
        if rule.type == "ascii2":
            return int.from_bytes(str(value).encode("ascii").ljust(2, b"\0")[:2], "big")
        if isinstance(value, bool | str):
            raise ValueError(f"{point} shows numbers, not {value!r}")
        return self._raw_number(point, rule, value)

    def _raw_truth(self, point: PointId, rule: PointRule, value: Value) -> int:
        if not isinstance(value, bool):
            raise ValueError(f"{point} shows true or false, not {value!r}")
        if not value:
            return rule.off[0]
        likely = (1, 0, 2, 3) if rule.mask is None else (rule.mask, 0)
        return next(raw for raw in likely if raw not in rule.off)

    def _raw_number(self, point: PointId, rule: PointRule, value: float) -> int:
        scale, offset = Fraction(rule.scale), Fraction(rule.offset)
        if rule.switch and self._is_switched(point):
            scale, offset = Fraction(rule.switch.scale), Fraction(rule.switch.offset)
        number = (Fraction(str(value)) - offset) / scale
        if rule.type == "f32":
            return int.from_bytes(struct.pack(">f", float(number)), "big")
        raw, width = round(number), sum(cell.width for cell in self._cells[point])
        top_factor = 1 + sum(0xFFFF * int(term.scale / rule.scale) for term in rule.plus)
        signed = rule.type.startswith("s")
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
        if not low <= raw <= high + top_factor - 1:
            raise ValueError(f"{point}: its words have no room for {value}")
        return raw & ((1 << width) - 1) if signed else raw

    def _absent(self, point: PointId) -> int:
        rule = self.map.points[point]
        codes = rule.absent if rule.absent is not None else self.map.absent.get(rule.type, ())
        if rule.switch and rule.switch.absent is not None and self._is_switched(point):
            codes = rule.switch.absent
        if codes:
            return codes[0]
        if rule.type == "f32":
            return 0x7FC00000
        raise ValueError(f"{point} has no sign for absent")

    def _is_switched(self, point: PointId) -> bool:
        switch = self.map.points[point].switch
        return switch is not None and _word(self.get(switch.point)) == switch.equals

    # --- what the words mean ----------------------------------------------------------------

    def _reading(self, point: PointId, overlay: Mapping[_Place, int]) -> Reading:
        """The reading of a point, as if the words of `overlay` stood in the machine."""
        rule, codec = self.map.points[point], self._codecs[point]
        first, last = codec.span
        places = [(codec.unit_id, rule.table, at) for at in range(first, last + 1)]
        words = [overlay.get(place, self._words.get(place, 0)) for place in places]
        needed = set(rule.fitted_if) | ({rule.switch.point} if rule.switch else set())
        return codec.decode(words, first, {name: self._reading(name, {}) for name in needed})

    def _change(self, change: dict[_Place, int], name: PointId, cell: _Cell, word: int) -> None:
        place = (self._unit(name), self.map.points[name].table, cell.read_at)
        old = change.get(place, self._words.get(place, 0))
        mask = self._masks(name)[place] if self.map.points[name].mask is not None else cell.mask
        change[place] = old & ~mask | word & mask

    def _differs(self, change: Mapping[_Place, int]) -> bool:
        return any(self._words.get(place, 0) != word for place, word in change.items())

    def _masks(self, name: PointId) -> dict[_Place, int]:
        rule, masks = self.map.points[name], dict[_Place, int]()
        for cell in self._cells[name]:
            place = (self._unit(name), rule.table, cell.read_at)
            own = cell.mask if rule.mask is None else rule.mask & 0xFFFF
            masks[place] = masks.get(place, 0) | own
        return masks

    def _acceptable(self, name: PointId, change: Mapping[_Place, int]) -> bool:
        reading, write = self._reading(name, change), self.map.points[name].write
        assert write is not None
        if reading.quality in (Quality.ABSENT, Quality.UNDEFINED_CODE):
            return False
        if reading.value is None or isinstance(reading.value, bool | str):
            return True
        limits = [(write.low, True), (write.high, False)]
        for source, is_low in ((write.low_from, True), (write.high_from, False)):
            found = self.get(source) if source else None
            if isinstance(found, float | int):
                limits.append((found, is_low))  # type: ignore[arg-type]
        for limit, is_low in limits:
            if limit is None:
                continue
            if reading.value < float(limit) if is_low else reading.value > float(limit):
                return False
        return True

    def _allowed(self, name: PointId) -> bool:
        write = self.map.points[name].write
        assert write is not None
        return all(_word(self.get(other)) in words for other, words in write.only_if.items())

    def _refuse(self, code: int) -> int:
        return SILENT if self.map.line.refusal_is_silent else code

    # --- which addresses answer -------------------------------------------------------------

    def _unit(self, name: PointId) -> int:
        return self.map.unit_id(name, self.unit_id)

    def _known_places(self) -> frozenset[_Place]:
        known = {
            (self._unit(name), rule.table, at)
            for name, rule in self.map.points.items()
            for at in rule.addresses
        }
        known |= {(bit.unit_id or self.unit_id, bit.table, bit.at) for bit in self.map.faults.bits}
        for block in self.map.blocks:
            unit_id = block.unit_id or self.unit_id
            known |= {(unit_id, block.table, block.at + i) for i in range(block.count)}
        return frozenset(known)

    def _verdict(self, unit_id: int, table: str, at: int, count: int) -> int | None:
        limit = self.map.line.max_words * (16 if table in ("coil", "discrete") else 1)
        if count > limit:
            return ILLEGAL_VALUE
        known = [place[2] for place in self._known if place[:2] == (unit_id, table)]
        alone = self.map.alone.get(table, ())  # type: ignore[call-overload]
        if any(span.low < at + count and span.high >= at for span in alone):
            spans = {self._codecs[name].span for name in self.map.points}
            blocks = {(block.at, block.at + block.count - 1) for block in self.map.blocks}
            if count > 1 and (at, at + count - 1) not in spans | blocks:
                return ILLEGAL_ADDRESS
        holes = self.map.holes.get(table, ())  # type: ignore[call-overload]
        for address in range(at, at + count):
            if (unit_id, table, address) in self._known:
                continue
            inside = bool(known) and min(known) < address < max(known)
            if self.between == "refused" or not inside or any(address in hole for hole in holes):
                return ILLEGAL_ADDRESS
        return None


class AddressWords:
    """A machine without a map: every word is its own address, or what was last written there."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, int], int] = {}

    def read(self, unit_id: int, table: str, at: int, count: int) -> tuple[int, ...] | int:
        """The addresses as words; exception 2 beyond 65535."""
        if at + count > 0x10000:
            return ILLEGAL_ADDRESS
        mask = 1 if table in ("coil", "discrete") else 0xFFFF
        return tuple(self._words.get((table, i), i & mask) for i in range(at, at + count))

    def write(self, unit_id: int, function: int, at: int, words: tuple[int, ...]) -> int | None:
        """Any write is accepted; exception 2 beyond 65535."""
        if at + len(words) > 0x10000:
            return ILLEGAL_ADDRESS
        table = "coil" if function in (5, 15) else "holding"
        self._words.update({(table, at + i): word for i, word in enumerate(words)})
        return None


def _cells(found: RegisterMap, rule: PointRule) -> tuple[_Cell, ...]:
    """The bits of a point, most significant first, in the order in which each side sends words."""
    parts = rule.parts
    first = min(part.at for part in parts)
    base = rule.write.at if rule.write and rule.write.at is not None else first
    if rule.pack or WIDTH[rule.type] != 32:
        return tuple(
            _Cell(part.at, base + part.at - first, part.bits.low, len(part.bits)) for part in parts
        )
    read = rule.words or found.words
    written = found.words_written or read
    read_at = (first, first + 1) if read == "high-first" else (first + 1, first)
    write_at = (base, base + 1) if written == "high-first" else (base + 1, base)
    return tuple(_Cell(read_at[i], write_at[i], 0, 16) for i in (0, 1))


def _word(value: Value | None) -> str:
    """A value as a map writes it: truth values as true and false."""
    return str(value).lower() if isinstance(value, bool) else str(value)
