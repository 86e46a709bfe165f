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

from agent.drivers import Block, Device, ReadRequest, Request, WriteRequest
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
from agent.line.unit import Unit
from agent.line.writing import WriteSequence
from agent.model import Stamp, Write

PROBE_S = 0.3  # a resting unit is not waited for longer; an answer in the drain still wakes it
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


class Scheduler:
    """Decides the turns of one line; see the module's text for the rules."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._units = {device.name: Unit(device) for device in devices}
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
            unit.due = mono
            unit.heard()

    # --- turns ------------------------------------------------------------------------------

    def _most_overdue(self, mono: float) -> Unit | None:
        ready: list[Unit] = []
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
        if block is not None and self._units[device.name].is_resting:
            # The drain must hear whoever is no slower than usual, else the unit never wakes.
            lateness_s = max(lateness_s, within_s - PROBE_S)
            within_s = min(within_s, PROBE_S)
        return Turn(request, device.name, within_s, lateness_s, float(rule.gap), block)

    # --- replies ----------------------------------------------------------------------------

    def _count_silence(self, unit: Unit, turn: Turn, reply: Reply, mono: float) -> None:
        quiet = isinstance(reply, Silence) or (
            isinstance(reply, Refused) and reply.code in TARGET_AWAY
        )
        self._last_silent = _shape(turn.request) if isinstance(reply, Silence) else None
        late = isinstance(reply, Silence) and reply.late_s is not None
        may_mean_no = unit.device.map.line.refusal_is_silent
        if quiet and may_mean_no and isinstance(turn.request, WriteRequest):
            return  # so this machine says no; it is not away
        if not quiet or late:
            if unit.is_resting:
                unit.wake(turn.block, mono)
            unit.heard()
        else:
            unit.unheard(mono)

    def _block_done(self, unit: Unit, block: Block, reply: Reply, stamp: Stamp) -> tuple[Fact, ...]:
        between_rounds = block in unit.owed and not unit.pending
        unit.owed = [other for other in unit.owed if other is not block]
        if block in unit.pending:
            unit.pending.remove(block)
        name = unit.device.name
        if isinstance(reply, Answer | Refused):
            unit.told(block, stamp.mono)
        if isinstance(reply, Refused) and reply.code in ILLEGAL:
            unit.remember_hole(block, stamp.mono)
        if unit.is_resting:
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


def _holes(unit: Unit, stamp: Stamp) -> tuple[HolesFound, ...]:
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
