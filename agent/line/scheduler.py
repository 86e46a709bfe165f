"""Whose turn it is on one line. Pure: monotonic seconds and replies in, turns and facts out.

Commands go ahead of reads; among reads the most overdue device goes first. A unit that was silent
three times rests 5 s, doubling to 300 s, and is probed with one request, so that a dead neighbour
costs the others next to nothing; a machine that lets go of its control when it is not polled rests
no longer than it bears. A refused block is halved and its hole remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from agent.drivers import Block, Device, ReadRequest, Request, WriteRequest, halves
from agent.facts import (
    LATE,
    BlockFailed,
    BlockRead,
    Fact,
    Failure,
    HolesFound,
    WriteDone,
    WriteRepeated,
)
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.line.writing import WriteSequence
from agent.model import Stamp, Write

SILENCES_BEFORE_REST = 3
REST_S = 5.0
REST_MAX_S = 300.0
PROBE_S = 0.3  # a resting unit is not waited for longer; an answer in the drain still wakes it
HOLE_KEPT_S = 6 * 3600.0  # a machine that refused while it was starting up is asked again
DARK_S = 1800.0  # one that refuses all it is asked shows nothing until then
ILLEGAL = (1, 2, 3)  # function, address, value: this block will never be answered as it is
TARGET_AWAY = (0x0A, 0x0B)  # a bridge says that the unit behind it does not answer


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange to make now, for a block of a device or as part of a write."""

    request: Request
    device: str
    answer_within_s: float
    worst_lateness_s: float
    gap_s: float
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to do before this monotonic second, unless a write comes in."""

    until: float


class _Unit:
    """What the scheduler knows of one device."""

    __slots__ = (
        "blocks",
        "device",
        "due",
        "holes_told",
        "holes_until",
        "owed",
        "pending",
        "rest_most_s",
        "rest_s",
        "resting_until",
        "silences",
        "slow",
    )

    def __init__(self, device: Device) -> None:
        self.device = device
        self.blocks = list(device.plan())
        self.pending: deque[Block] = deque()
        self.owed: list[Block] = []  # to be read before a word is written
        self.due = 0.0
        self.slow: dict[Block, float] = {}  # when a block of a slower pace is due again
        self.silences = 0
        self.rest_s = 0.0
        self.resting_until = 0.0
        self.holes_until = float("inf")
        self.holes_told = frozenset(device.unsupported)
        self.rest_most_s = rest_most_s(device)

    @property
    def every_s(self) -> float:
        return min((block.every_s for block in self.blocks), default=REST_MAX_S)

    def look_for_holes(self, mono: float) -> None:
        """Ask again for what was refused, once it is time; so long is counted from a restart on."""
        if not self.device.unsupported:
            return
        if self.holes_until == float("inf"):
            self.holes_until = mono + (HOLE_KEPT_S if self.blocks else 0.0)
        if mono >= self.holes_until:
            self.holes_until = float("inf")
            self.device.unsupported.clear()
            self.blocks = list(self.device.plan())

    def fill(self, mono: float) -> None:
        """Begin a round with the blocks that are due; a resting unit gets one probe."""
        fast = self.every_s
        # Half a round early rather than late: else a minute among half minutes would last 90 s.
        due = [b for b in self.blocks if self.slow.get(b, 0.0) <= mono + fast / 2]
        self.pending.extend(due[:1] if self.silences >= SILENCES_BEFORE_REST else due)

    def told(self, block: Block, mono: float) -> None:
        """The unit said something about this block; a slow one is not asked before its time."""
        if block.every_s > self.every_s:
            self.slow[block] = mono + block.every_s

    def wake(self, asked: Block | None, mono: float) -> None:
        """The unit is back: go on with everything the probe did not ask."""
        self.due = mono
        self.pending = deque(block for block in self.blocks if block is not asked)

    def forget(self) -> None:
        """The machine was away: slow blocks, too, must be read before it is believed again."""
        self.device.forget()
        self.slow.clear()
        self.owed.clear()

    def renew(self) -> None:
        """The connection was away for a moment: first what tells how words are to be read."""
        self.device.renew()
        needed = self.device.needed_first
        first = [b for b in self.blocks if needed & set(b.points)]
        for block in first:
            self.slow.pop(block, None)
        self.owed = first
        if self.pending:
            rest = [block for block in self.pending if block not in first]
            self.pending = deque((*first, *rest))

    def finish_round(self, mono: float) -> None:
        """The next round keeps the rhythm; rounds that were missed are not made up for."""
        self.due = max(self.due + self.every_s, mono)


class Scheduler:
    """Decides the turns of one line; see the module's text for the rules."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._units = {device.name: _Unit(device) for device in devices}
        self._writes: deque[WriteSequence] = deque()
        self._current: WriteSequence | None = None
        self._last_silent: tuple[int, int] | None = None
        self.out_of_step = False

    @property
    def machines(self) -> tuple[Device, ...]:
        """The devices themselves."""
        return tuple(unit.device for unit in self._units.values())

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(self._units)

    def send(self, write: Write, mono: float) -> None:
        """Queue a write; it goes ahead of all reads."""
        device = self._units[write.device].device
        self._writes.append(WriteSequence(device, write, mono))

    @property
    def holes(self) -> int:
        """Points the machines refused to give; they are asked again after some hours."""
        return sum(len(unit.device.unsupported) for unit in self._units.values())

    @property
    def writing(self) -> bool:
        """True while a write is waiting or under way."""
        return bool(self._writes)

    def next(self, mono: float) -> Turn | Idle:
        """The turn to make now, or until when there is none."""
        soonest = float("inf")
        busy: set[str] = set()
        for sequence in self._writes:
            step = sequence.step(mono)
            if step is None:
                return Idle(mono)
            if sequence.device.name in busy:
                continue  # two writes at once could undo each other and both fail
            busy.add(sequence.device.name)
            owed = self._units[sequence.device.name].owed
            if owed:
                return self._turn(sequence.device, owed[0].request, owed[0])
            if step.not_before <= mono:
                self._current = sequence
                return self._turn(sequence.device, step.request, None)
            soonest = min(soonest, step.not_before)
        unit = self._most_overdue(mono)
        if unit is not None:
            return self._turn(unit.device, unit.pending[0].request, unit.pending[0])
        waits = [
            max(unit.due, unit.resting_until) if unit.blocks else unit.holes_until
            for unit in self._units.values()
        ]
        return Idle(min([soonest, *waits]))

    def ended(self, stamp: Stamp) -> tuple[Fact, ...]:
        """Writes that have come to their end since the last call, as facts."""
        facts: list[Fact] = []
        for sequence in [s for s in self._writes if s.ended]:
            self._writes.remove(sequence)
            end = sequence.ended
            assert end is not None
            facts.append(WriteDone(sequence.write, end.outcome, end.why, stamp, end.read_back))
        return tuple(facts)

    def done(self, turn: Turn, reply: Reply, stamp: Stamp) -> tuple[Fact, ...]:
        """What the reply to a turn means."""
        unit = self._units[turn.device]
        self._count_silence(unit, turn, reply, stamp.mono)
        if turn.block is not None:
            return self._block_done(unit, turn.block, reply, stamp)
        return self._written(turn, reply, stamp)

    def _written(self, turn: Turn, reply: Reply, stamp: Stamp) -> tuple[Fact, ...]:
        sequence = self._current
        assert sequence is not None
        sequence.take(reply, stamp.mono)
        if sequence.repeated is not None and not sequence.ended:
            again = WriteRepeated(turn.device, sequence.repeated, stamp)
            sequence.repeated = None
            return (again,)
        return self.ended(stamp)

    def give_up(self, why: str, stamp: Stamp) -> tuple[Fact, ...]:
        """There is no line: writes under way and waiting have failed."""
        for sequence in self._writes:
            sequence.abandon(why)
        return self.ended(stamp)

    def line_down(self, why: str, stamp: Stamp) -> tuple[Fact, ...]:
        """The line is lost: every device fails, writes under way are given up."""
        facts = list(self.give_up(why, stamp))
        for unit in self._units.values():
            unit.pending.clear()
            unit.due = stamp.mono
            unit.forget()
            facts.append(
                BlockFailed(unit.device.name, Failure.LINE_DOWN, why, stamp, sweep_end=True)
            )
        return tuple(facts)

    def renewed(self, turn: Turn, sent: bool, stamp: Stamp) -> tuple[Fact, ...]:
        """The connection was closed at this turn and is open again: a read is made once more, and
        so is a write that had not left.

        Whether one that was sent arrived is not known; its read-back will tell.
        """
        for unit in self._units.values():
            unit.renew()
        if not sent or isinstance(turn.request, ReadRequest):
            return ()
        return self._written(turn, Silence(), stamp)

    def line_up(self, mono: float) -> None:
        """The line is back: everybody is asked at once."""
        for unit in self._units.values():
            unit.due, unit.silences, unit.rest_s, unit.resting_until = mono, 0, 0.0, 0.0

    # --- turns ------------------------------------------------------------------------------

    def _most_overdue(self, mono: float) -> _Unit | None:
        ready: list[_Unit] = []
        for unit in self._units.values():
            if unit.resting_until > mono:
                continue
            if not unit.pending and (unit.due <= mono or not unit.blocks):
                unit.look_for_holes(mono)
                unit.fill(mono)
            if unit.pending:
                ready.append(unit)
        if not ready:
            return None
        ready.sort(key=lambda unit: unit.due)
        if self._last_silent is not None:
            # A late answer must not fit the next question: ask for another length if we can.
            for unit in ready:
                for block in unit.pending:
                    if _shape(block.request) != self._last_silent:
                        unit.pending.remove(block)
                        unit.pending.appendleft(block)
                        return unit
        return ready[0]

    def _turn(self, device: Device, request: Request, block: Block | None) -> Turn:
        rule = device.map.line
        within_s, lateness_s = float(rule.answer_within), float(rule.worst_lateness)
        if block is not None and self._units[device.name].silences >= SILENCES_BEFORE_REST:
            # The drain must hear whoever is no slower than usual, else the unit never wakes.
            lateness_s = max(lateness_s, within_s - PROBE_S)
            within_s = min(within_s, PROBE_S)
        return Turn(request, device.name, within_s, lateness_s, float(rule.gap), block)

    # --- replies ----------------------------------------------------------------------------

    def _count_silence(self, unit: _Unit, turn: Turn, reply: Reply, mono: float) -> None:
        quiet = isinstance(reply, Silence) or (
            isinstance(reply, Refused) and reply.code in TARGET_AWAY
        )
        self._last_silent = _shape(turn.request) if isinstance(reply, Silence) else None
        late = isinstance(reply, Silence) and reply.late_s is not None
        may_mean_no = unit.device.map.line.refusal_is_silent
        if quiet and may_mean_no and isinstance(turn.request, WriteRequest):
            return  # so this machine says no; it is not away
        if not quiet or late:
            if unit.silences >= SILENCES_BEFORE_REST:
                unit.wake(turn.block, mono)
            unit.silences, unit.rest_s, unit.resting_until = 0, 0.0, 0.0
            return
        unit.silences += 1
        if unit.silences >= SILENCES_BEFORE_REST:
            if unit.silences == SILENCES_BEFORE_REST:
                unit.forget()
            unit.rest_s = min(unit.rest_most_s, unit.rest_s * 2 or REST_S)
            unit.resting_until = mono + unit.rest_s

    def _block_done(
        self, unit: _Unit, block: Block, reply: Reply, stamp: Stamp
    ) -> tuple[Fact, ...]:
        between_rounds = block in unit.owed and not unit.pending
        unit.owed = [other for other in unit.owed if other is not block]
        if block in unit.pending:
            unit.pending.remove(block)
        name = unit.device.name
        if isinstance(reply, Answer | Refused):
            unit.told(block, stamp.mono)
        if isinstance(reply, Refused) and reply.code in ILLEGAL:
            self._remember_hole(unit, block, stamp.mono)
        if unit.silences >= SILENCES_BEFORE_REST:
            unit.pending.clear()
        last = not unit.pending and not between_rounds
        if last:
            unit.finish_round(stamp.mono)
        holes = _holes(unit, stamp) if last else ()
        if not isinstance(reply, Answer):
            failure, why = _failure(reply)
            return (BlockFailed(name, failure, why, stamp, last), *holes)
        readings = unit.device.decode(block, reply.words)
        if isinstance(readings, str):
            if not unit.device.hook_failed:  # else the line is well
                # The constant words must be seen again soon: until then nothing is believed.
                unit.slow.clear()
                self.out_of_step = True
            return (BlockFailed(name, Failure.GARBLED, readings, stamp, last),)
        return (BlockRead(name, readings, stamp, last), *holes)

    def _remember_hole(self, unit: _Unit, block: Block, mono: float) -> None:
        """Halve a refused block; a single refused place is left out for some hours."""
        if block not in unit.blocks:
            return
        at = unit.blocks.index(block)
        parts = halves(block, unit.device.map)
        if parts is None:
            unit.device.unsupported.update(block.points)
            unit.blocks.pop(at)
            unit.holes_until = mono + (HOLE_KEPT_S if unit.blocks else DARK_S)
            return
        unit.blocks[at : at + 1] = parts
        unit.pending.extendleft(reversed(parts))


def rest_most_s(device: Device) -> float:
    """How long a silent device may be left alone: a third of what its machine bears."""
    most = device.map.line.max_silence
    return REST_MAX_S if most is None else min(REST_MAX_S, float(most) / 3)


def _holes(unit: _Unit, stamp: Stamp) -> tuple[HolesFound, ...]:
    """What has changed of the points that the device does not give."""
    now = frozenset(unit.device.unsupported)
    if now == unit.holes_told:
        return ()
    unit.holes_told = now
    return (HolesFound(unit.device.name, tuple(sorted(now)), stamp),)


def _shape(request: Request) -> tuple[int, int]:
    count = request.count if isinstance(request, ReadRequest) else len(request.words)
    return request.function, count


def _failure(reply: Reply) -> tuple[Failure, str]:
    match reply:
        case Silence(late_s):
            return Failure.SILENCE, LATE if late_s is not None else "no answer"
        case Refused(code) if code in TARGET_AWAY:
            return Failure.SILENCE, f"the bridge says the unit does not answer (0x{code:02X})"
        case Refused(code):
            return Failure.REFUSED, f"exception {code}"
        case Garbled(why):
            return Failure.GARBLED, why
        case _:
            raise AssertionError(reply)
