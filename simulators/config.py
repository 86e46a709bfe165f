"""The file of a simulation, and the lines that change it while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from agent.errors import FileError, Mistake
from agent.model import PointId, Value
from agent.yamltext import Document, Duration, parse
from simulators.faults import Fault, FaultBoard, Kind

UnitId = Annotated[int, Meta(ge=1, le=247)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Root of the file's records: frozen, and an unknown key is a mistake."""


class HomeRule(Rule, frozen=True, kw_only=True):
    """What stands behind a unit: the reference home, or the share of it that this pump heats.

    `start` counts from 1 November of the made-up winter.
    """

    pump: Literal["inverter", "fixed"] = "inverter"
    share: Annotated[float, Meta(gt=0, le=4)] = 1.0
    start: Duration = Duration(70 * 86400)


class IllRule(Rule, frozen=True, kw_only=True):
    """A fault of the physics: a word of severity or a number, from `after` on, grown in `ramp`."""

    fault: str
    severity: Literal["mild", "medium", "severe"] | float = "medium"
    variant: str = ""
    after: Duration = Duration(0.0)
    ramp: Duration = Duration(0.0)


class PhysicsRule(Rule, frozen=True, kw_only=True):
    """A unit by its physics in a home of its own: the reference one, or one drawn by the seed."""

    unit: Literal["reference", "drawn"] = "reference"
    weather: Literal["mild", "frost", "cold", "winter"] = "winter"
    days: Annotated[float, Meta(gt=0, le=200)] = 40.0
    ill: tuple[IllRule, ...] = ()


class UnitRule(Rule, frozen=True, kw_only=True):
    """One machine on a line. `registers` sets points before anything runs.

    With `physics` refrigerant, frost and water are computed, and it may fall ill; that wants numpy
    and CoolProp. With `beside` it has no home of its own: a meter or a room sensor shows what
    happens in the home of that unit of the same line.
    """

    map: str
    unit_id: UnitId
    beside: UnitId | None = None
    answer_after: Duration = Duration(0.0)
    between: Literal["zeros", "refused"] = "zeros"
    home: HomeRule = HomeRule()
    physics: PhysicsRule | None = None
    registers: dict[PointId, str] = {}
    faults: tuple[Fault, ...] = ()


class LineRule(Rule, frozen=True, kw_only=True):
    """One line: a pty (`rtu`), Modbus TCP (`tcp`), or RTU frames in TCP (`rtu_over_tcp`).

    `port` is a path for rtu and a TCP port else, where 0 lets the system choose.
    """

    kind: Literal["rtu", "tcp", "rtu_over_tcp"] = "rtu"
    port: str = "0"
    baudrate: Annotated[int, Meta(ge=300, le=1_000_000)] | None = None
    bits_per_char: Literal[10, 11] = 10
    one_connection: bool = False
    units: tuple[UnitRule, ...]


class Simulation(Rule, frozen=True, kw_only=True):
    """The whole file."""

    speed: Annotated[float, Meta(gt=0, le=3600)] = 1.0
    seed: int = 1
    lines: dict[str, LineRule]


class Line(Protocol):
    """What can be done to any line while it runs."""

    @property
    def faults(self) -> FaultBoard: ...

    def unplug(self) -> None:
        """The port goes away."""
        ...

    def replug(self) -> None:
        """The port comes back under its old name."""
        ...


class Control(Rule, frozen=True, kw_only=True):
    """One line of JSON: `{"line": "bus1", "unit": 2, "fault": "silent"}`; null ends the fault.

    `{"line": "bus1", "unit": 2, "ill": {"fault": "F04", "severity": "severe"}}` lets a unit of the
    physics fall ill; `"heal": true` ends all of that.

    `{"line": "bus1", "unplug": true}` pulls the adapter or stops the converter, false puts it back.
    """

    line: str = ""
    unit: UnitId | None = None
    fault: Kind | None = None
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    delay: Duration = Duration(0.3)
    unplug: bool | None = None
    ill: IllRule | None = None
    heal: bool = False

    def apply(self, line: Line) -> None:
        """Make it so."""
        if self.unit is not None and self.ill is None and not self.heal:
            fault = self.fault
            line.faults[self.unit] = (
                () if fault is None else (Fault(kind=fault, share=self.share, delay=self.delay),)
            )
        if self.unplug is True:
            line.unplug()
        elif self.unplug is False:
            line.replug()


def read_control(text: str) -> Control:
    """A control line as a record; JSON is read as the YAML it also is. Raises FileError."""
    return parse(text, "stdin").read(Control)


def read_simulation(text: str, file: str) -> Simulation:
    """The simulation of a file. Raises FileError with every mistake."""
    document = parse(text, file)
    found = document.read(Simulation)
    mistakes = list(_check(found, document))
    if mistakes:
        raise FileError(mistakes)
    return found


def _check(found: Simulation, document: Document) -> list[Mistake]:
    wrong: list[Mistake] = []
    for name, line in found.lines.items():
        if line.kind != "rtu" and not (line.port.isdecimal() and int(line.port) < 65536):
            wrong.append(document.mistake(("lines", name, "port"), "no TCP port", "0 to 65535"))
        if line.kind == "rtu" and "/" not in line.port:
            wrong.append(document.mistake(("lines", name, "port"), "no path", "/tmp/hp/bus1"))
        seen: set[int] = set()
        for i, unit in enumerate(line.units):
            if unit.unit_id in seen:
                path = ("lines", name, "units", i, "unit_id")
                wrong.append(document.mistake(path, f"unit {unit.unit_id} is there already"))
            seen.add(unit.unit_id)
        homes = {unit.unit_id for unit in line.units if unit.beside is None}
        for i, unit in enumerate(line.units):
            if unit.beside is not None and unit.beside not in homes:
                message = f"unit {unit.beside} has no home here"
                allowed = ", ".join(map(str, sorted(homes)))
                path = ("lines", name, "units", i, "beside")
                wrong.append(document.mistake(path, message, allowed))
    return wrong


def as_value(text: str) -> Value:
    """The value a file means: true and false, a number, else the word itself."""
    words: Mapping[str, Value] = {"true": True, "false": False}
    if text in words:
        return words[text]
    try:
        return float(text)
    except ValueError:
        return text
