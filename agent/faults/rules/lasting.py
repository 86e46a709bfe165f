"""How often a thing must be seen before it is believed: twice on a clean line, oftener else.

One wild value in a hundred makes single readings worthless and pairs rare. A pair after a day
without a single one is therefore believed, while a line that shows single ones must show more.
"""

from __future__ import annotations

from agent.faults.rule import Memory
from agent.faults.view import View

NOISY_S = 86400.0
MORE = 2


def lasting(view: View, memory: Memory, bad: bool, times: int = 2, key: str = "") -> bool:
    """Whether it was bad in so many samples in a row, this one included."""
    name = f"n{key}"
    if bad:
        memory[name] = n = memory.get(name, 0.0) + 1.0
        noisy = view.noisy or view.now < memory.get("noisy", 0.0)
        return n >= (times + MORE if noisy else times)
    n = memory.pop(name, 0.0)
    if 0.0 < n < times:
        memory["noisy"] = view.now + NOISY_S
    return False
