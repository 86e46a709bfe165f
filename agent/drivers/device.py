"""A driver at work on one device: its plan, its codecs, its gate and its hooks. Pure state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.drivers.belief import Constants
from agent.drivers.codec import Encoded, PointCodec, Unfit
from agent.drivers.faultcodes import vendor_faults
from agent.drivers.hooks import Hooks
from agent.drivers.planner import Block, Cost, plan
from agent.drivers.registermap import FaultBit, Faults, PointRule, RegisterMap, WriteRule
from agent.drivers.saturation import PressureCheck
from agent.drivers.wire import ReadRequest, WriteRequest
from agent.jump import Jump
from agent.model import (
    Demand,
    DeviceKind,
    Point,
    PointId,
    PointValue,
    Quality,
    Reading,
    Snapshot,
    Value,
    VendorFault,
    WriteTerms,
)

TRUTH = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
STALE_AFTER_POLLS = 3


class Device:
    """One machine on the line: decodes its blocks and encodes what it shall be told."""

    def __init__(
        self,
        name: str,
        found: RegisterMap,
        unit_id: int,
        cost: Cost,
        hooks: Hooks | None = None,
        every_s: float | None = None,
    ) -> None:
        self.name, self.map, self.unit_id, self.cost = name, found, unit_id, cost
        self.hooks = hooks or Hooks()
        self.every_s = every_s
        self.codecs = {point: PointCodec(found, point, unit_id) for point in found.points}
        self.unsupported: set[PointId] = set()
        self.hook_failed = False
        self._decoders: dict[Block, tuple[PointCodec, ...]] = {}
        self._known: dict[PointId, Reading] = {}
        self._constants = Constants(found.constant)
        self._jumps: dict[PointId, Jump] = {}
        self._pressures = PressureCheck(found.refrigerant) if found.refrigerant else None
        self._depended = self._dependencies()
        self._marked: dict[FaultBit, bool] = {}
        self._terms = {
            name: self._terms_of(name, rule, rule.write)
            for name, rule in found.points.items()
            if rule.write is not None
        }

    def plan(self) -> tuple[Block, ...]:
        """The blocks to read, without the points the machine has refused."""
        return plan(self.map, self.unit_id, self.cost, self.unsupported, self.every_s)

    def block_of(self, request: ReadRequest) -> Block:
        """The block that a recorded request read: every point that lies inside it."""
        inside = tuple(
            codec.name
            for codec in self.codecs.values()
            if (codec.unit_id, codec.table) == (request.unit_id, request.table)
            and request.at <= codec.span[0]
            and codec.span[1] < request.at + request.count
        )
        return Block(request, inside, 0.0)

    def decode(self, block: Block, words: Sequence[int]) -> tuple[Reading, ...] | str:
        """The readings of a block, or why the block as a whole is not believed."""
        decoders = self._decoders.get(block)
        if decoders is None:
            decoders = self._decoders[block] = self._ordered(block)
        at = block.request.at
        if len(words) != block.request.count:
            return f"{len(words)} words where {block.request.count} were asked"
        known = dict(self._known)
        readings: list[Reading] = []
        for codec in decoders:
            reading = codec.decode(words, at, known)
            readings.append(reading)
            if codec.name in self._depended:
                known[codec.name] = reading
        ready = self._is_ready(known)
        shifted = self._constants.doubt(readings) if ready else None
        if shifted:
            return shifted
        self._known = known
        self._mark(block.request, words, ready)
        if not ready:
            readings = [self._gated(reading) for reading in readings]
        readings = [self._believed(reading) for reading in readings]
        if self._pressures is not None:
            readings = list(self._pressures.judge(readings))
        return self._corrected(tuple(readings), known)

    def _corrected(
        self, readings: tuple[Reading, ...], known: Mapping[PointId, Reading]
    ) -> tuple[Reading, ...] | str:
        """What the driver's hook makes of the readings; they are not believed without it."""
        self.hook_failed = False
        if type(self.hooks).after_decode is Hooks.after_decode:
            return readings
        try:
            found = self.hooks.after_decode(readings, known)
            if all(isinstance(one, Reading) for one in found):
                return tuple(found)
            why = "it gave something else than readings"
        except Exception as error:  # noqa: BLE001 - a vendor's mistake must not end the line
            why = repr(error)
        self.hook_failed = True
        return f"after_decode of the driver {self.map.map} failed: {why}"

    def decode_image(self, word: Callable[[str, int], int | None]) -> tuple[Reading, ...]:
        """The readings of every point whose words `word(table, address)` can find."""
        readings: list[Reading] = []
        for codec in sorted(self.codecs.values(), key=lambda c: c.name not in self._depended):
            first, last = codec.span
            words = [word(codec.table, at) for at in range(first, last + 1)]
            needed = [words[at - first] for at in codec.rule.addresses]
            if None in needed:
                continue
            reading = codec.decode([w or 0 for w in words], first, self._known)
            self._known[codec.name] = reading
            readings.append(reading)
        ready = self._is_ready(self._known)
        for bit in self.map.faults.bits:
            found = word(bit.table, bit.at)
            if found is not None:
                request = ReadRequest(bit.unit_id or self.unit_id, bit.table, bit.at, 1)
                self._mark(request, (found,), ready)
        if not ready:
            readings = [self._gated(reading) for reading in readings]
        return self.hooks.after_decode(tuple(readings), self._known)

    def forget(self) -> None:
        """The machine was away: what its words mean must be read again before it is believed."""
        self._known.clear()
        self._constants.forget()
        self._jumps.clear()
        self._marked.clear()

    def renew(self) -> None:
        """The connection was away for a moment: scales and the like are read again, no more."""
        self._known.clear()

    @property
    def poll_s(self) -> float:
        """Seconds between two polls of the machine."""
        return self.every_s if self.every_s is not None else float(self.map.every)

    @property
    def stale_s(self) -> dict[PointId, float]:
        """Seconds after which a reading of each point is old: three polls of it."""
        return {
            name: STALE_AFTER_POLLS * max(self.poll_s, float(rule.every or 0.0)) + 1.0
            for name, rule in self.map.points.items()
        }

    @property
    def needed_first(self) -> frozenset[PointId]:
        """Points that must be read before the others can be understood."""
        return self._depended

    def encode(self, point: PointId, value: Value) -> Encoded | Unfit:
        """The request that makes a point so, or why not."""
        codec = self.codecs.get(point)
        if codec is None:
            return Unfit(f"{self.name} has no point {point}")
        limit = self._limit_to_come(codec)
        if limit is not None:
            return Unfit(f"{point}: the machine's own limit {limit} is not known yet")
        return codec.encode(value, self.map, Snapshot(self.name, self._known))

    def _limit_to_come(self, codec: PointCodec) -> PointId | None:
        """A point in which the machine shows how far this one may be set, and not read yet."""
        for limit in codec.bounds.points if codec.bounds is not None else ():
            if limit not in self._known and limit not in self.unsupported:
                return limit
        return None

    # --- what faults and control may know: see `agent.model.Machine` ------------------------

    @property
    def kind(self) -> DeviceKind:
        """What it is: a heat pump, an electricity meter, or a sensor."""
        return self.map.kind

    @property
    def monitor_only(self) -> bool:
        """True where nothing may be written.

        So it is where the gateway would have to be the controller, and on a wire whose own master
        makes no pause that is known.
        """
        rule = self.map.line
        return rule.master == "controller" or (rule.master == "passive" and rule.pause is None)

    @property
    def tells_faults(self) -> bool:
        """Whether it shows its own faults at all."""
        return self.map.faults != Faults()

    def has(self, point: PointId) -> bool:
        """Whether the machine has this point."""
        return point in self.codecs

    def label(self, point: PointId) -> Point:
        """Name, unit and labels of a point."""
        return self.map.point(point)

    def terms(self, point: PointId) -> WriteTerms | None:
        """The terms of writing a point; None when it cannot be written."""
        return self._terms.get(point)

    def unfit(self, point: PointId, value: Value) -> str | None:
        """Why this value cannot be said to the machine; None when it can."""
        encoded = self.encode(point, value)
        return encoded.why if isinstance(encoded, Unfit) else None

    def highest(self, point: PointId) -> float | None:
        """The highest value the machine takes now, on the grid of its steps; None if not known."""
        codec = self.codecs.get(point)
        if codec is None or codec.bounds is None or self._limit_to_come(codec) is not None:
            return None
        return codec.bounds.highest(Snapshot(self.name, self._known))

    def steps(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...] | str:
        """What must be written, in order, so that the demand comes true; or why nothing can."""
        try:
            steps = self.hooks.before_write(demand, snapshot)
        except Exception as error:  # noqa: BLE001 - a vendor's mistake is an answer to who asked
            return f"before_write of the driver {self.map.map} failed: {error!r}"
        return steps or f"before_write of the driver {self.map.map} gave nothing to write"

    def vendor_faults(self, snapshot: Snapshot) -> tuple[VendorFault, ...]:
        """The faults the machine shows now; an unknown code keeps its number.

        Codes come from the snapshot, fault bits from the blocks this device decoded last. A hook
        that fails is told among them, as what it is: what the map knows must not be lost by it.
        """
        marked = [bit for bit in self.map.faults.bits if self._marked.get(bit, False)]
        try:
            return vendor_faults(self.map, snapshot, marked, self.hooks.alarms(snapshot))
        except Exception as error:  # noqa: BLE001 - a vendor's mistake must not end the program
            own = VendorFault(
                "driver",
                f"alarms of the driver {self.map.map} failed: {error!r}; the driver is wrong, "
                "not the machine",
                f"驱动 {self.map.map} 的 alarms 出错：{error!r}；是驱动的问题，不是机组的问题",
                "driver",
                known=True,
                sends=False,
            )
            return (*vendor_faults(self.map, snapshot, marked, ()), own)

    def value_of(self, point: PointId, text: str) -> Value | None:
        """A value written as text, by the type of its point; None when it is none of it."""
        rule = self.map.points[point]
        if rule.is_bool:
            return TRUTH.get(text.lower())
        if rule.values:
            return text
        try:
            number = float(text)
        except ValueError:
            return None
        return int(number) if number.is_integer() else number

    def covered(self, request: ReadRequest) -> Block:
        """The points and fault bits that a request of somebody else's brings with it."""
        place, span = (
            (request.table, request.unit_id),
            range(request.at, request.at + request.count),
        )
        points = tuple(
            name
            for name, codec in self.codecs.items()
            if (codec.table, codec.unit_id) == place and set(codec.rule.addresses) <= set(span)
        )
        marks = tuple(
            bit.at
            for bit in self.map.faults.bits
            if (bit.table, bit.unit_id or self.unit_id) == place and bit.at in span
        )
        return Block(request, points, self.poll_s, marks)

    def read_back(self, point: PointId) -> Block:
        """The request that shows what the machine made of a write."""
        codec = self.codecs[point]
        first, last = codec.span
        request = self._bounded(ReadRequest(codec.unit_id, codec.table, first, last - first + 1))
        return Block(request, (point,), 0.0)

    def look(self, write: WriteRequest) -> ReadRequest:
        """The request that shows the word of which a write changes a part: the one it writes to,
        which need not be the one the point is read from.
        """
        return self._bounded(ReadRequest(write.unit_id, "holding", write.at, 1))

    def _bounded(self, wanted: ReadRequest) -> ReadRequest:
        """What to ask for these words: the whole block where the machine knows no other bounds."""
        last = wanted.at + wanted.count - 1
        for block in self.map.blocks:
            inside = block.at <= wanted.at and last < block.at + block.count
            place = (block.unit_id or self.unit_id, block.table)
            if inside and place == (wanted.unit_id, wanted.table):
                return ReadRequest(wanted.unit_id, wanted.table, block.at, block.count)
        return wanted

    def _terms_of(self, point: PointId, rule: PointRule, write: WriteRule) -> WriteTerms:
        """They are asked for at every sweep, and a map does not change."""
        return WriteTerms(
            write.confidence or rule.confidence,
            float(write.min_interval),
            write.per_day,
            float(write.step or 1),
            float(rule.every or self.map.every),
            write.only_if,
            self.value_of(point, write.park) if write.park is not None else None,
            float(write.refresh) if write.refresh is not None else None,
            float(write.low or 0),
        )

    def _ordered(self, block: Block) -> tuple[PointCodec, ...]:
        codecs = (self.codecs[name] for name in block.points)
        return tuple(sorted(codecs, key=lambda codec: codec.name not in self._depended))

    def _dependencies(self) -> frozenset[PointId]:
        rules = self.map.points.values()
        names = {rule.switch.point for rule in rules if rule.switch}
        names |= {other for rule in rules for other in rule.fitted_if}
        writes = [rule.write for rule in rules if rule.write]
        names |= {name for w in writes for name in (w.low_from, w.high_from) if name}
        if self.map.ready:
            names.add(self.map.ready.point)
        return frozenset(names)

    def _is_ready(self, known: Mapping[PointId, Reading]) -> bool:
        ready = self.map.ready
        if ready is None:
            return True
        reading = known.get(ready.point)
        return (
            reading is not None
            and reading.raw is not None
            and reading.raw & ready.mask == ready.equals
        )

    def _mark(self, request: ReadRequest, words: Sequence[int], ready: bool) -> None:
        """Remember the fault bits among these words; outside the ready gate none is believed."""
        if not ready:
            self._marked.clear()
            return
        for bit in self.map.faults.bits:
            offset = bit.at - request.at
            place = (bit.unit_id or self.unit_id, bit.table)
            if place == (request.unit_id, request.table) and 0 <= offset < len(words):
                self._marked[bit] = bool(words[offset] >> bit.bit & 1)

    def _believed(self, reading: Reading) -> Reading:
        """A single impossible leap is out of range; it keeps its value and its reason."""
        most = self.map.points[reading.point].jump
        if most is None or not reading.good or isinstance(reading.value, str | None):
            return reading
        if self._jumps.setdefault(reading.point, Jump(most)).believes(reading.value):
            return reading
        return Reading(reading.point, reading.value, Quality.OUT_OF_RANGE, reading.raw)

    def _gated(self, reading: Reading) -> Reading:
        """Outside the ready gate only the gate itself is published."""
        if self.map.ready and reading.point == self.map.ready.point:
            return reading
        return Reading(reading.point, None, Quality.NOT_READY, reading.raw)
