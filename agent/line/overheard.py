"""RTU frames within bytes that nobody asked for: what others say on the same pair."""

from __future__ import annotations

from agent.line.frames import is_whole

REQUEST, REFUSAL = 8, 5
READS = (1, 2, 3, 4)
MOST_READ = 2000  # coils; of registers 125 (Modbus Application Protocol 1.1b3)


def frames_in(heard: bytes) -> tuple[bytes, ...]:
    """Every whole frame among these bytes, in order: requests, replies and refusals to reads.

    A frame is known by its checksum alone; by chance one in 65,536 is none.
    """
    found: list[bytes] = []
    at = 0
    while at + REFUSAL <= len(heard):
        frame = _frame_at(heard[at:])
        if frame is not None:
            found.append(frame)
        at += len(frame) if frame is not None else 1
    return tuple(found)


def _frame_at(heard: bytes) -> bytes | None:
    function = heard[1] & 0x7F
    if not 1 <= heard[0] <= 247 or not 1 <= function <= 24:
        return None
    lengths = [REFUSAL] if heard[1] & 0x80 else [REQUEST]
    if heard[1] in READS:
        # A checksum that ends with zero fits without that byte too: a reply is no request then.
        asked = int.from_bytes(heard[4:6], "big")
        lengths = [REQUEST] if 1 <= asked <= MOST_READ else []
        lengths.append(REFUSAL + heard[2])
    return next((heard[:n] for n in lengths if len(heard) >= n and is_whole(heard[:n])), None)
