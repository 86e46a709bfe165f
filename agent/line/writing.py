"""One write from the first look at the word to the proof that the machine took it. Pure.

Order for each point: read the word fresh if only some of its bits change, write, read back through
the read address, compare; write once more if the machine shows something else, then give up. A
missing acknowledgement is neither success nor failure: the read-back decides. Where the driver
names conditions under which the machine obeys, they are read last: a value taken in the wrong mode
is accepted and not effective.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.drivers import Block, Device, Encoded, Request, Unfit
from agent.drivers.registermap import WriteRule
from agent.line.answers import Answer, Garbled, Refused, Reply, Silence
from agent.model import Outcome, PointId, Value, Write

LOOK_AGAIN_S = 0.3
LOOKS = 2  # at a word of which a part is changed: one reply may be lost
UNDECIDED = (5, 6, 0x0A, 0x0B)  # at it, busy, or not heard of it: the read-back decides


@dataclass(frozen=True, slots=True)
class Ended:
    """How a write ended, why, and what the machine shows now."""

    outcome: Outcome
    why: str
    read_back: Value | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The next request of a write, not before monotonic second `not_before`."""

    request: Request
    not_before: float


_Dialogue = Iterator[Step]


class WriteSequence:
    """Drives one `Write` over several turns: ask `step`, send it, give the reply to `take`."""

    def __init__(self, device: Device, write: Write, mono: float) -> None:
        self.device, self.write = device, write
        self.ended: Ended | None = None
        self.sent = False
        self.repeated: PointId | None = None
        self._left = [*write.before, (write.point, write.value)]
        self._step: Step | None = None
        self._stage = "start"
        self._tries = self._looks = 0
        self._give_up_at = 0.0
        self._looked_mono = 0.0
        self._last_reply: Reply = Silence()
        self._shown: Value | None = None
        self._conditions: list[PointId] = []
        self._begin(mono)

    def step(self, mono: float) -> Step | None:
        """The request to send next; None once the write has ended."""
        deadline = self.write.deadline_mono
        if not self.sent and not self.ended and deadline is not None and mono >= deadline:
            self.ended = Ended(Outcome.EXPIRED, "it expired before the line was free")
        partly = self._stage == "write" and self._encoded.mask != 0xFFFF
        if partly and mono - self._looked_mono > self.device.poll_s:
            self._begin(mono)  # what was read of the word has grown old while the line was busy
        return None if self.ended else self._step

    def take(self, reply: Reply, mono: float) -> None:
        """Go on with what the line brought."""
        if self._stage == "look":
            self._looked(reply, mono)
        elif self._stage == "write":
            self._written(reply, mono)
        elif self._stage == "condition":
            self._condition(reply, mono)
        else:
            self._read_back(reply, mono)

    def abandon(self, why: str) -> None:
        """The line is gone."""
        self.ended = self.ended or Ended(Outcome.FAILED, why)

    def _begin(self, mono: float) -> None:
        point, value = self._left[0]
        encoded = self.device.encode(point, value)
        if isinstance(encoded, Unfit):
            self.ended = Ended(Outcome.FAILED if self.sent else Outcome.REFUSED, encoded.why)
            return
        self._encoded: Encoded = encoded
        if encoded.mask == 0xFFFF:
            self._go("write", encoded.request, mono)
        else:
            self._looks = 0
            self._go("look", self.device.look(encoded.request), mono)

    def _go(self, stage: str, request: Request, not_before: float) -> None:
        self._stage, self._step = stage, Step(request, not_before)

    def _looked(self, reply: Reply, mono: float) -> None:
        """The other bits of the word must come from the machine itself, a moment ago."""
        assert self._step is not None
        asked = self._step.request
        self._looks += 1
        heard = isinstance(reply, Answer) or (
            isinstance(reply, Refused) and reply.code not in UNDECIDED
        )
        if not heard and self._looks < LOOKS:
            self._go("look", asked, mono + LOOK_AGAIN_S)
            return
        if not isinstance(reply, Answer):
            why = f"the word could not be read before changing part of it: {_told(reply)}"
            self.ended = Ended(Outcome.FAILED, why)
            return
        self._looked_mono = mono
        mask, request = self._encoded.mask, self._encoded.request
        shown = reply.words[request.at - asked.at]
        word = shown & ~mask & 0xFFFF | request.words[0]
        self._go("write", replace(request, words=(word,)), mono)

    def _written(self, reply: Reply, mono: float) -> None:
        self.sent = True
        self._last_reply = reply
        if isinstance(reply, Refused) and reply.code not in UNDECIDED:
            self.ended = Ended(Outcome.FAILED, f"the machine refused it: exception {reply.code}")
            return
        point = self._left[0][0]
        self._give_up_at = mono + float(self._rule.confirm_within)
        self._go("read_back", self._block(point).request, mono)

    def _read_back(self, reply: Reply, mono: float) -> None:
        point = self._left[0][0]
        self._shown = self._value(point, reply)
        if not self._is_so() and mono < self._give_up_at:
            self._go("read_back", self._block(point).request, mono + LOOK_AGAIN_S)
            return
        accepted = self._is_so() or isinstance(self._last_reply, Answer)
        self._conditions = [name for name in self._rule.only_if if accepted]
        self._ask_condition(mono)

    def _ask_condition(self, mono: float) -> None:
        if self._conditions:
            self._go("condition", self._block(self._conditions[0]).request, mono)
        else:
            self._conclude(mono)

    def _condition(self, reply: Reply, mono: float) -> None:
        """Whether the machine obeys in the state it is in; what cannot be read decides nothing."""
        name = self._conditions.pop(0)
        value, allowed = self._value(name, reply), self._rule.only_if[name]
        word = str(value).lower() if isinstance(value, bool) else str(value)
        if value is not None and word not in allowed:
            why = f"accepted, not effective: {name} is {word}, not {' or '.join(allowed)}"
            self.ended = Ended(Outcome.NOT_EFFECTIVE, why, self._shown)
            return
        self._ask_condition(mono)

    def _conclude(self, mono: float) -> None:
        point, value = self._left[0]
        if self._is_so():
            self._next(mono)
        elif self._tries + 1 < self.write.tries:
            self._tries += 1
            self.repeated = point
            self._begin(mono)
        else:
            silent = isinstance(self._last_reply, Silence)
            why = f"{point} shows {self._shown!r} instead of {value!r}"
            why = f"rejected: {why}" if silent and self._may_mean_no else why
            why = f"{why} (write: {_told(self._last_reply)})"
            self.ended = Ended(Outcome.FAILED, why, self._shown)

    def _next(self, mono: float) -> None:
        self._left.pop(0)
        self._tries = 0
        if self._left:
            self._begin(mono)
        else:
            self.ended = Ended(Outcome.VERIFIED, "read back and equal", self._shown)

    def _is_so(self) -> bool:
        return self._shown is not None and same(self._shown, self._left[0][1])

    def _value(self, point: PointId, reply: Reply) -> Value | None:
        """The value of a point in a reply that was asked for its block."""
        if not isinstance(reply, Answer):
            return None
        readings = self.device.decode(self._block(point), reply.words)
        if isinstance(readings, str):
            return None
        return next((r.value for r in readings if r.point == point), None)

    @property
    def _rule(self) -> WriteRule:
        rule = self.device.map.points[self._left[0][0]].write
        assert rule is not None
        return rule

    @property
    def _may_mean_no(self) -> bool:
        """Whether this machine refuses a write by saying nothing."""
        return self.device.map.line.refusal_is_silent

    def _block(self, point: PointId) -> Block:
        return self.device.read_back(point)


def same(shown: Value, wanted: Value) -> bool:
    """Equal as the machine shows it: truth values as such, numbers to a millionth."""
    if isinstance(shown, str | bool) or isinstance(wanted, str | bool):
        return shown == wanted
    return abs(shown - wanted) < 1e-6


def _told(reply: Reply) -> str:
    match reply:
        case Answer():
            return "acknowledged"
        case Silence():
            return "no acknowledgement"
        case Garbled(why):
            return why
        case Refused(code):
            return f"exception {code}"
