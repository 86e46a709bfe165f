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


class Reached(Struct, frozen=True):
    """One step of the way to the platform: whether it stands, and what to do where it does not."""

    question: str
    good: bool
    says: Text


class Machine(Struct, frozen=True):
    """A machine that answered. `name`, `driver` and `serves` are proposals until somebody has
    decided: `taken` is None before, then whether it belongs to the configuration.

    `serves` is the unit id of the heat pump that a meter or a sensor measures for; 0 is none.
    """

    unit_id: int
    kind: str
    name: str
    driver: str
    guesses: tuple[Guessed, ...] = ()
    values: tuple[Shown, ...] = ()
    taken: bool | None = None
    serves: int = 0


class Hint(Struct, frozen=True):
    """What may be wrong with the wire: its name, what was seen, what to do next, and how sure."""

    name: Text
    seen: Text
    next: Text
    sure: float


class Setup(Struct, frozen=True):
    """How far the setting up is. `says` is the progress of a search or what went wrong last.

    `asks_broker` where the file names no platform yet, and `broker` is what was tried last;
    `setting` is how the line speaks; `network` is how far the way to the platform stands.
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
    network: tuple[Reached, ...] = ()
    broker: str = ""


@dataclass(frozen=True, slots=True)
class Install:
    """What an installer can do with a gateway that is not set up. Each says why not, or nothing.

    `network` tries the way to a broker, the file's where none is given; `search` a port, at all
    ids or at the likely ones; `decide` on a machine: taken or not, which driver, which name, for
    which heat pump; `write` the configuration with the gateway's id and the broker's address.
    """

    now: Callable[[], Setup]
    network: Callable[[str], Awaitable[Text | None]]
    search: Callable[[str, bool], Text | None]
    decide: Callable[[int, bool, str, str, int], Text | None]
    write: Callable[[str, str], Awaitable[Text | None]]
