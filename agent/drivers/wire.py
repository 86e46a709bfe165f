"""What goes over the wire, as plain data: a request to read, a request to write."""

from __future__ import annotations

from dataclasses import dataclass

READ_FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
TABLE_OF_FUNCTION = {function: table for table, function in READ_FUNCTION.items()}


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Read `count` registers, or bits of coil and discrete, from wire address `at`."""

    unit_id: int
    table: str
    at: int
    count: int

    @property
    def function(self) -> int:
        return READ_FUNCTION[self.table]


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Write these words from wire address `at` with function 5, 6, 15 or 16."""

    unit_id: int
    function: int
    at: int
    words: tuple[int, ...]


Request = ReadRequest | WriteRequest
