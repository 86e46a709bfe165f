"""What the `driver` commands are pointed at: a map file, a package, an installed driver."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import msgspec

from agent.drivers import Hooks, names
from agent.drivers.registry import GROUP, installed
from agent.errors import DriverError, FileError, Mistake
from agent.kit import Finding, Level
from agent.yamltext import parse

_DEEPEST = 4
_SKIPPED = frozenset({"build", "dist", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True)
class Target:
    """One map to work on: where it stands, its text, its hooks, and what its package lacks."""

    file: str
    text: str
    hooks: type[Hooks] = Hooks
    driver: str | None = None
    package: tuple[Finding, ...] = ()


class _Project(msgspec.Struct, frozen=True, rename="kebab"):
    entry_points: dict[str, dict[str, str]] = {}


class _Setuptools(msgspec.Struct, frozen=True, rename="kebab"):
    package_data: dict[str, list[str]] = {}


class _Tool(msgspec.Struct, frozen=True):
    setuptools: _Setuptools = _Setuptools()


class _PyProject(msgspec.Struct, frozen=True):
    """What a pyproject.toml says of drivers; the rest of it is not ours to judge."""

    project: _Project = _Project()
    tool: _Tool = _Tool()


def targets(what: str) -> tuple[Target, ...]:
    """The maps that a word on the command line means. Raises DriverError or FileError."""
    path = Path(what)
    if path.is_dir():
        return tuple(_folder(path))
    if path.is_file() or path.suffix in (".yaml", ".yml"):
        return (_file(path),)
    if what in names():
        return (_driver(what),)
    offered = _offered_by(what)
    if not offered:
        raise DriverError(
            f"{what} is no map file, no folder of a package and no installed driver; "
            f"installed are {', '.join(names())}"
        )
    return tuple(_driver(name) for name in offered)


def _offered_by(package: str) -> tuple[str, ...]:
    try:
        entries = distribution(package).entry_points.select(group=GROUP)
    except (PackageNotFoundError, ValueError):
        return ()
    return tuple(entry.name for entry in entries)


def one_target(what: str) -> Target:
    """As `targets`, where only one map makes sense."""
    found = targets(what)
    if len(found) > 1:
        raise DriverError(f"{what} has {len(found)} maps; name one: {_listed(found)}")
    return found[0]


def _listed(found: tuple[Target, ...]) -> str:
    return ", ".join(target.driver or target.file for target in found)


def _driver(name: str) -> Target:
    source, text = installed(name)
    return Target(f"{source.package}/{source.file}", text, source.hooks, name)


def _file(path: Path, package: tuple[Finding, ...] = ()) -> Target:
    text = read_text(path)
    for name in names():
        try:
            source, known = installed(name)
        except DriverError:  # another driver's trouble
            continue
        if known == text:
            return Target(str(path), text, source.hooks, name, package)
    return Target(str(path), text, package=package)


def read_text(path: Path) -> str:
    """A file as UTF-8 text. Raises FileError."""
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(
            [Mistake(str(path), 1, "", "is not UTF-8 text", "save it as UTF-8")]
        ) from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise FileError([Mistake(str(path), 1, "", why)]) from None


def _folder(folder: Path) -> Iterator[Target]:
    maps = {path: name for path in _yaml_files(folder) if (name := _map_name(path)) is not None}
    if not maps:
        raise DriverError(f"{folder} has no file with a map; a map begins with `map: NAME`")
    offered, patterns = _offered(folder)
    for path, name in maps.items():
        yield _file(path, tuple(_package_findings(folder, path, name, offered, patterns)))


def _yaml_files(folder: Path) -> Iterator[Path]:
    for path in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml"))):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in _SKIPPED for part in parts[:-1])
        if len(parts) <= _DEEPEST and not hidden and not path.is_dir():
            yield path


def _map_name(path: Path) -> str | None:
    """The name of the map in a file; None where the file is something else."""
    try:
        tree = parse(read_text(path), str(path)).tree
    except FileError:
        first = _content(path).decode("utf-8", "replace").lstrip().splitlines()[:20]
        return path.stem if any(line.startswith("map:") for line in first) else None
    name = tree.get("map") if isinstance(tree, dict) and "points" in tree else None
    return None if name is None else str(name)


def _offered(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Entry points and data patterns that a folder's pyproject.toml declares."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return {}, []
    try:
        found = msgspec.convert(tomllib.loads(read_text(path)), _PyProject)
    except tomllib.TOMLDecodeError as error:
        raise FileError([Mistake(str(path), 1, "", f"not TOML: {error}")]) from None
    except msgspec.ValidationError as error:
        raise FileError([Mistake(str(path), 1, "", str(error))]) from None
    data = found.tool.setuptools.package_data
    return found.project.entry_points.get(GROUP, {}), [
        one for many in data.values() for one in many
    ]


def _package_findings(
    folder: Path, path: Path, name: str, offered: dict[str, str], patterns: list[str]
) -> Iterator[Finding]:
    if not (folder / "pyproject.toml").is_file():
        return
    if name not in offered:
        message = f'pyproject.toml offers no driver {name} in "{GROUP}"'
        hint = f'{name} = "MODULE:{name}" under [project.entry-points."{GROUP}"]'
        yield Finding(Level.ERROR, "package", 0, "pyproject.toml", message, hint)
    if path.stem != name:
        message = f"the file of map {name} is called {path.name}"
        yield Finding(Level.WARNING, "package", 0, str(path), message, f"{name}.yaml")
    if not any(fnmatch(path.name, pattern.rsplit("/", 1)[-1]) for pattern in patterns):
        message = f"{path.name} would not be installed"
        hint = '[tool.setuptools.package-data] PACKAGE = ["*.yaml"]'
        yield Finding(Level.ERROR, "package", 0, "pyproject.toml", message, hint)
