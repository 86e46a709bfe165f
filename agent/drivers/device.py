"""A driver at work on one device: its plan, its codecs, its gate and its hooks. Pure state."""

from __future__ import annotations

from collections.abc import Sequence

from agent.drivers.codec import Encoded, PointCodec, Unfit
from agent.drivers.hooks import Hooks
from agent.drivers.planner import Block, Cost, plan
from agent.drivers.registermap import RegisterMap
from agent.drivers.wire import ReadRequest
from agent.model import PointId, Quality, Reading, Snapshot, Value


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
        self._decoders: dict[Block, tuple[PointCodec, ...]] = {}
        self._known: dict[PointId, Reading] = {}
        self._constants: dict[PointId, int] = {}
        self._depended = self._dependencies()

    def plan(self) -> tuple[Block, ...]:
        """The blocks to read, without the points the machine has refused."""
        return plan(self.map, self.unit_id, self.cost, self.unsupported, self.every_s)

    def decode(self, block: Block, words: Sequence[int]) -> tuple[Reading, ...] | str:
        """The readings of a block, or why the block as a whole is not believed."""
        decoders = self._decoders.get(block)
        if decoders is None:
            decoders = self._decoders[block] = self._ordered(block)
        at = block.request.at
        if len(words) != block.request.count:
            return f"{len(words)} words where {block.request.count} were asked"
        known = self._known
        readings: list[Reading] = []
        for codec in decoders:
            reading = codec.decode(words, at, known)
            readings.append(reading)
            if codec.name in self._depended:
                known[codec.name] = reading
        changed = self._shifted(readings)
        if changed:
            return changed
        if not self._is_ready():
            readings = [self._gated(reading) for reading in readings]
        return self.hooks.after_decode(tuple(readings), known)

    def forget(self) -> None:
        """The machine was away: what its words mean must be read again before it is believed."""
        self._known.clear()
        self._constants.clear()

    def encode(self, point: PointId, value: Value, snapshot: Snapshot) -> Encoded | Unfit:
        """The request that makes a point so, or why not."""
        codec = self.codecs.get(point)
        if codec is None:
            return Unfit(f"{self.name} has no point {point}")
        return codec.encode(value, self.map, snapshot)

    def read_back(self, point: PointId) -> Block:
        """The request that shows what the machine made of a write."""
        codec = self.codecs[point]
        first, last = codec.span
        request = ReadRequest(codec.unit_id, codec.table, first, last - first + 1)
        return Block(request, (point,), 0.0)

    def _ordered(self, block: Block) -> tuple[PointCodec, ...]:
        codecs = (self.codecs[name] for name in block.points)
        return tuple(sorted(codecs, key=lambda codec: codec.name not in self._depended))

    def _dependencies(self) -> frozenset[PointId]:
        rules = self.map.points.values()
        names = {rule.switch.point for rule in rules if rule.switch}
        names |= {other for rule in rules for other in rule.fitted_if}
        if self.map.ready:
            names.add(self.map.ready.point)
        return frozenset(names)

    def _is_ready(self) -> bool:
        ready = self.map.ready
        if ready is None:
            return True
        reading = self._known.get(ready.point)
        return (
            reading is not None
            and reading.raw is not None
            and reading.raw & ready.mask == ready.equals
        )

    def _gated(self, reading: Reading) -> Reading:
        """Outside the ready gate only the gate itself is published."""
        if self.map.ready and reading.point == self.map.ready.point:
            return reading
        return Reading(reading.point, None, Quality.NOT_READY, reading.raw)

    def _shifted(self, readings: list[Reading]) -> str | None:
        """A word that never changes has changed: the reply belongs to another question."""
        if not self.map.constant:
            return None
        for reading in readings:
            if reading.point not in self.map.constant or reading.raw is None:
                continue
            before = self._constants.setdefault(reading.point, reading.raw)
            if before != reading.raw:
                return f"{reading.point} was {before} and is {reading.raw}: a shifted reply"
        return None
