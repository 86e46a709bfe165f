"""What a Midea map cannot say: newer units name their fault in a second table, by an index."""

from __future__ import annotations

from agent.drivers.hooks import Hooks
from agent.model import Snapshot

_LETTERS = "AbCEFHLJnPrtU"
_MARKS = "0123456789AbCdEFHLPU"


class MideaHooks(Hooks):
    """Protocol V4: bits 0 to 8 of `fault_subcode` count through labels, twenty to a letter."""

    def alarms(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The label of the second table; none while the first one shows a code."""
        first, second = (snapshot.readings.get(p) for p in ("fault_code", "fault_subcode"))
        if second is None or second.value is None:  # units without that table read 0xFFFF
            return ()
        index = (second.raw or 0) & 0x1FF
        if index == 0 or (first is not None and first.raw):
            return ()
        letter, mark = divmod(index - 1, len(_MARKS))
        return (_LETTERS[letter] + _MARKS[mark],) if letter < len(_LETTERS) else (f"index {index}",)
