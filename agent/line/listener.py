"""A machine whose wire has a master of its own: read by listening, written in that one's pauses.

Pure, as the scheduler is. The master's reads become readings of the points inside them; a write of
ours waits for a pause, and its proof is the master's next read of that place.
"""

from __future__ import annotations

from collections import deque

from agent.drivers import Block, Device, ReadRequest, WriteRequest
from agent.facts import BlockFailed, BlockRead, Fact, Failure, WriteDone, WriteRepeated
from agent.line.answers import Answer, Reply, Silence
from agent.line.exchanges import Ear, Heard
from agent.line.writing import WriteSequence
from agent.model import Stamp, Write

SILENT_AFTER_POLLS = 3


class Listener:
    """One per line with a passive device. `hear` takes bytes, `pause` says what may be sent now."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._ear = Ear()
        self._writes: deque[WriteSequence] = deque()
        self._step_mono = 0.0  # since when the first of them waits for its next reply
        self._most_s = SILENT_AFTER_POLLS * device.poll_s
        self._blocks: dict[ReadRequest, Block] = {}
        self._seen: set[ReadRequest] = set()
        self._heard_mono: float | None = None
        self.heard: tuple[Heard, ...] = ()
        """What the bytes heard last have completed."""

    @property
    def writing(self) -> bool:
        return bool(self._writes)

    @property
    def at_rest(self) -> bool:
        """Whether the last thing heard was the end of an exchange."""
        return self._ear.at_rest

    def send(self, write: Write, mono: float) -> None:
        if not self._writes:
            self._step_mono = mono
        self._writes.append(WriteSequence(self.device, write, mono))

    def hear(self, data: bytes, stamp: Stamp) -> tuple[Fact, ...]:
        """What follows from bytes on the wire."""
        facts: list[Fact] = []
        self.heard = tuple(self._ear.hear(data))
        for heard in self.heard:
            facts += self._read(heard, stamp)
            facts += self._prove(heard, stamp)
        return tuple(facts)

    def quiet(self, stamp: Stamp) -> tuple[Fact, ...]:
        """Nothing was heard for a while; the device fails when that lasts three polls."""
        if self._heard_mono is None:
            self._heard_mono = stamp.mono
        if stamp.mono - self._heard_mono < SILENT_AFTER_POLLS * self.device.poll_s:
            return self.ended(stamp)
        self._heard_mono = stamp.mono
        self._seen.clear()
        self.device.forget()
        why = "nothing is heard on the wire"
        failed = BlockFailed(self.device.name, Failure.SILENCE, why, stamp, sweep_end=True)
        return (failed, *self.ended(stamp))

    def pause(self, mono: float) -> WriteRequest | None:
        """What to send in the master's pause; None when nothing waits for one."""
        if not self._writes:
            return None
        step = self._writes[0].step(mono)
        waits = step is None or isinstance(step.request, ReadRequest) or step.not_before > mono
        return None if step is None or waits else step.request  # type: ignore[return-value]

    def sent(self, reply: Reply, stamp: Stamp) -> tuple[Fact, ...]:
        """What the unit said to our write; the proof comes from the master's next read."""
        return self._take(reply, stamp)

    def ended(self, stamp: Stamp) -> tuple[Fact, ...]:
        """Writes that have come to their end, as facts. What the master does not read in time is
        taken for silence: whoever waits for a result gets one.
        """
        facts: list[Fact] = []
        while self._writes:
            step = self._writes[0].step(stamp.mono)
            waits_s = stamp.mono - self._step_mono
            if (
                step is not None
                and isinstance(step.request, ReadRequest)
                and waits_s > self._most_s
            ):
                facts += self._step(Silence(), stamp)
            end = self._writes[0].ended
            if end is None:
                break
            write = self._writes.popleft().write
            self._step_mono = stamp.mono
            facts.append(WriteDone(write, end.outcome, end.why, stamp, end.read_back))
        return tuple(facts)

    def give_up(self, why: str, stamp: Stamp) -> tuple[Fact, ...]:
        """There is no line: writes under way and waiting have failed."""
        for sequence in self._writes:
            sequence.abandon(why)
        return self.ended(stamp)

    def line_down(self, why: str, stamp: Stamp) -> tuple[Fact, ...]:
        """The line is lost: the device fails, writes end."""
        self._ear = Ear()
        failed = BlockFailed(self.device.name, Failure.LINE_DOWN, why, stamp, sweep_end=True)
        return (failed, *self.give_up(why, stamp))

    # --- what is heard ------------------------------------------------------------------------

    def _read(self, heard: Heard, stamp: Stamp) -> list[Fact]:
        block = self._block(heard.request)
        if not block.points and not block.marks:
            return []
        self._heard_mono = stamp.mono
        # A round ends where the master begins anew.
        again = heard.request in self._seen
        self._seen = {heard.request} if again else self._seen | {heard.request}
        name = self.device.name
        readings = self.device.decode(block, heard.words)
        if isinstance(readings, str):
            return [BlockFailed(name, Failure.GARBLED, readings, stamp, again)]
        return [BlockRead(name, readings, stamp, again)]

    def _block(self, request: ReadRequest) -> Block:
        """The points that lie whole inside a request of the master."""
        if request not in self._blocks:
            self._blocks[request] = self.device.covered(request)
        return self._blocks[request]

    def _prove(self, heard: Heard, stamp: Stamp) -> tuple[Fact, ...]:
        """A look or read-back of ours is answered by what the master has just read."""
        if not self._writes:
            return ()
        step = self._writes[0].step(stamp.mono)
        if step is None or not isinstance(step.request, ReadRequest):
            return self.ended(stamp)
        wanted, got = step.request, heard.request
        offset = wanted.at - got.at
        same_place = (wanted.unit_id, wanted.table) == (got.unit_id, got.table)
        if not same_place or offset < 0 or offset + wanted.count > got.count:
            return self.ended(stamp)
        return self._take(Answer(heard.words[offset : offset + wanted.count]), stamp)

    def _take(self, reply: Reply, stamp: Stamp) -> tuple[Fact, ...]:
        return (*self._step(reply, stamp), *self.ended(stamp))

    def _step(self, reply: Reply, stamp: Stamp) -> tuple[WriteRepeated, ...]:
        """Take the write under way one step further."""
        sequence, self._step_mono = self._writes[0], stamp.mono
        sequence.take(reply, stamp.mono)
        if sequence.repeated is None or sequence.ended:
            return ()
        again = WriteRepeated(self.device.name, sequence.repeated, stamp)
        sequence.repeated = None
        return (again,)
