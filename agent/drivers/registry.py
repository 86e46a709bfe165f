"""Finds drivers by name through the entry-point group `heatpump_agent.drivers`; ours use it too.

An entry point names a `DriverSource`: the package that holds the map, its file, and a hooks class
if there is one. This is the one place of the room that reads files, and it reads only package data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files

from agent.drivers.consistency import load
from agent.drivers.hooks import Hooks
from agent.drivers.registermap import API, RegisterMap
from agent.errors import DriverError, FileError

GROUP = "heatpump_agent.drivers"


@dataclass(frozen=True, slots=True)
class DriverSource:
    """What an entry point of a driver package names."""

    package: str
    file: str
    hooks: type[Hooks] = Hooks
    api: int = API


@dataclass(frozen=True, slots=True)
class Driver:
    """A loaded driver: its map, its hooks, and the hash by which the map is known upstream."""

    name: str
    map: RegisterMap
    hooks: Hooks
    sha256: str


def names() -> tuple[str, ...]:
    """The names of all drivers installed, ours and the vendors'."""
    return tuple(sorted(_entries()))


def usable() -> tuple[str, ...]:
    """The names of those drivers that load; for the others see `refusals`."""
    refused = refusals()
    return tuple(name for name in names() if name not in refused)


def refusals() -> dict[str, str]:
    """Drivers that are installed and cannot be used, and why; the others go on without them."""
    found: dict[str, str] = {}
    for name in names():
        try:
            driver(name)
        except (DriverError, FileError) as error:
            found[name] = str(error)
    return found


@cache
def driver(name: str) -> Driver:
    """A driver by name. Raises DriverError, or FileError when its map is wrong."""
    source, text = installed(name)
    found = load(text, source.file)
    try:
        hooks = source.hooks()
    except Exception as error:
        raise DriverError(f"driver {name}: its hooks cannot be made: {error!r}") from error
    return Driver(name, found, hooks, sha256(text.encode()).hexdigest())


@cache
def installed(name: str) -> tuple[DriverSource, str]:
    """What a package offers under a name, and the text of its map. Raises DriverError."""
    entry = _entries().get(name)
    if entry is None:
        raise DriverError(f"no driver is named {name}; installed are {', '.join(names())}")
    try:
        source = entry.load()
    except Exception as error:  # whatever a package does when it is imported
        raise DriverError(f"driver {name}: {entry.value} cannot be loaded: {error!r}") from error
    if not isinstance(source, DriverSource):
        raise DriverError(f"driver {name}: {entry.value} is no DriverSource")
    if source.api != API:
        raise DriverError(
            f"driver {name} speaks API {source.api}; this program speaks {API}: install "
            f"{_package_of(entry)} for API {API}, or a heatpump-agent that speaks API {source.api}"
        )
    try:
        return source, (files(source.package) / source.file).read_text("utf-8")
    except (ImportError, TypeError, OSError, UnicodeDecodeError) as error:
        where = f"{source.file} of {source.package}"
        raise DriverError(f"driver {name}: {where} cannot be read: {error}") from None


def _package_of(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "the package"


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
