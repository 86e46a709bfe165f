"""What is known of one device on a line: what is to be asked, its silences, its holes. Pure."""

from __future__ import annotations

from collections import deque

from agent.drivers import Block, Device, halves

SILENCES_BEFORE_REST = 3
REST_S = 5.0
REST_MAX_S = 300.0
HOLE_KEPT_S = 6 * 3600.0  # a machine that refused while it was starting up is asked again
DARK_S = 1800.0  # one that refuses all it is asked shows nothing until then


class Unit:
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
        self.pending.extend(due[:1] if self.is_resting else due)

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

    def heard(self) -> None:
        """It answers: no silence counts any more."""
        self.silences, self.rest_s, self.resting_until = 0, 0.0, 0.0

    def unheard(self, mono: float) -> None:
        """It was silent once more; from the third time on it rests, longer each time."""
        self.silences += 1
        if not self.is_resting:
            return
        if self.silences == SILENCES_BEFORE_REST:
            self.forget()
        self.rest_s = min(self.rest_most_s, self.rest_s * 2 or REST_S)
        self.resting_until = mono + self.rest_s

    @property
    def is_resting(self) -> bool:
        """Whether it was silent so often that it is only probed."""
        return self.silences >= SILENCES_BEFORE_REST

    def remember_hole(self, block: Block, mono: float) -> None:
        """Halve a refused block; a single refused place is left out for some hours."""
        if block not in self.blocks:
            return
        at = self.blocks.index(block)
        parts = halves(block, self.device.map)
        if parts is None:
            self.device.unsupported.update(block.points)
            self.blocks.pop(at)
            self.holes_until = mono + (HOLE_KEPT_S if self.blocks else DARK_S)
            return
        self.blocks[at : at + 1] = parts
        self.pending.extendleft(reversed(parts))


def rest_most_s(device: Device) -> float:
    """How long a silent device may be left alone: a third of what its machine bears."""
    most = device.map.line.max_silence
    return REST_MAX_S if most is None else min(REST_MAX_S, float(most) / 3)
