"""What can come back from the wire. All of it is everyday; none of it is an exception."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The words asked for; for a write, the words echoed."""

    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing came in time; `late_s` when an answer came after its time and was thrown away."""

    late_s: float | None = None


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something came that is not the answer: cut, too long, wrong unit, wrong checksum.

    `spent` when it was our answer, whole but damaged, so that no other is owed any more.
    """

    why: str
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The unit answered with a Modbus exception code."""

    code: int


Reply = Answer | Silence | Garbled | Refused
