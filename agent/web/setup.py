"""Setting a gateway up, as the page is told of it: plain records and functions. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from agent.web.view import Text

Stage = Literal["ready", "searching", "found", "nobody", "written", "in_service"]


class Guessed(Struct, frozen=True):
    """What a machine may be: a driver, the machines it is for, and how sure it is from 0 to 1."""

    driver: str
    models: str
    sure: float


class Shown(Struct, frozen=True):
    """A value as it was read, to be compared with the machine's display."""

    name: Text
    value: float | bool | str
    unit: str


class Machine(Struct, frozen=True):
    """A machine that answered. `name` and `driver` are proposals until somebody has decided:
    `taken` is None before, then whether it belongs to the configuration.
    """

    unit_id: int
    kind: str
    name: str
    driver: str
    guesses: tuple[Guessed, ...] = ()
    values: tuple[Shown, ...] = ()
    taken: bool | None = None


class Hint(Struct, frozen=True):
    """What may be wrong with the wire: its name, what was seen, what to do next, and how sure."""

    name: Text
    seen: Text
    next: Text
    sure: float


class Setup(Struct, frozen=True):
    """How far the setting up is. `says` is the progress of a search or what went wrong last.

    `asks_broker` where the file names no platform yet; `setting` is how the line speaks.
    """

    stage: Stage
    gateway: str
    asks_broker: bool
    ports: tuple[str, ...] = ()
    port: str = ""
    setting: str = ""
    says: Text = Text("", "")
    machines: tuple[Machine, ...] = ()
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class Install:
    """What an installer can do with a gateway that is not set up. Each says why not, or nothing.

    `search` a port, at all ids or at the likely ones; `decide` on a machine: taken or not, which
    driver, which name; `write` the configuration with the gateway's id and the broker's address.
    """

    now: Callable[[], Setup]
    search: Callable[[str, bool], Text | None]
    decide: Callable[[int, bool, str, str], Text | None]
    write: Callable[[str, str], Awaitable[Text | None]]
