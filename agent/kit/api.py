"""Driver API version 1: everything a driver package may lean on, read off the code itself.

`surface` is pinned by a test, so that an accidental change of it fails; `api_page` is its page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from inspect import getdoc, isfunction, signature
from typing import Any, get_args

import msgspec

from agent.drivers import DriverSource, Hooks, registermap
from agent.drivers.registermap import API, RegisterMap
from agent.drivers.registry import GROUP
from agent.model import Demand, PointId, PointValue, Reading, Snapshot, Value

_WORDS = ("Table", "WordOrder", "Kind", "Confidence", "Capability")
_SEEN_BY_HOOKS = (Demand, Reading, Snapshot)
_PROMISE = """\
A driver says `api: 1` in its map, and its package offers it through the entry-point group below.
A driver of another version is refused by name, with what to install instead; the others go on.

What version 1 promises, for as long as the program speaks it:

- Every key of a map listed here keeps its name, its meaning, what it allows, and its default.
- The four hooks keep their names, arguments and results, and stay optional. They are called with
  what stands here and nothing else; they must be pure: no waiting, no clock, no file, no log.
- What hooks see (`Demand`, `Reading`, `Snapshot`) keeps its fields and methods.
- `from agent.drivers import DriverSource, Hooks` and the names of `agent.model` listed here stay.
- New keys may come; they are optional, and a map without them means what it meant. New points,
  units, words of a list and capabilities may come. None goes.
- A map that was accepted may get new warnings from `driver check`, never a new error at load,
  unless it would have done harm.

Everything else in `agent` may change with any version. A change that breaks this page is API 2;
version 1 is then spoken beside it for at least two years."""


def surface() -> dict[str, Any]:
    """The whole of the API as plain data: names, signatures, keys and the words they allow."""
    return {
        "api": API,
        "group": GROUP,
        "DriverSource": _signature(DriverSource),
        "hooks": {name: _signature(hook) for name, hook in _methods(Hooks)},
        "seen_by_hooks": {kind.__name__: _members(kind) for kind in _SEEN_BY_HOOKS},
        "names": {"PointId": str(PointId), "PointValue": str(PointValue), "Value": str(Value)},
        "words": {name: list(get_args(getattr(registermap, name))) for name in _WORDS},
        "records": {kind.__name__: _keys(kind) for kind in _records()},
    }


def _signature(one: Any) -> str:
    """Arguments and result as one would write them."""
    return (
        str(signature(one)).replace("'", "").replace(f"<class {Hooks.__module__}.Hooks>", "Hooks")
    )


def _methods(kind: type) -> list[tuple[str, Any]]:
    own = vars(kind).items()
    return [(name, one) for name, one in own if isfunction(one) and not name.startswith("_")]


def _members(kind: type) -> dict[str, str]:
    found = {name: _signature(one) for name, one in _methods(kind)}
    assert is_dataclass(kind)
    return {**{field.name: str(field.type) for field in fields(kind)}, **found}


def _records() -> Iterator[type[msgspec.Struct]]:
    """The records a map is made of, the whole map first."""
    waiting: list[Any] = [RegisterMap]
    done: set[Any] = set()
    while waiting:
        kind = waiting.pop(0)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind not in done:
                done.add(kind)
                yield kind
                waiting += [field.type for field in msgspec.structs.fields(kind)]
        else:
            waiting += get_args(kind)


def _keys(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Key -> its type as the code has it, marked when the key is required."""
    written = kind.__annotations__
    return {
        field.name: str(written[field.name]) + (" (required)" if field.required else "")
        for field in msgspec.structs.fields(kind)
    }


def api_page() -> str:
    """The reference page of the driver API."""
    found = surface()
    lines = ["# Driver API, version 1", "", _PROMISE, "", "## The package", ""]
    lines += [f"Entry-point group `{found['group']}`: `NAME = MODULE:SOURCE`. `SOURCE` is", ""]
    lines += ["```python", f"DriverSource{found['DriverSource']}", "```", ""]
    lines += ["with the package that holds the map, its file, and a `Hooks` class if there is one."]
    lines += ["", "## Hooks", ""]
    for name, hook in _methods(Hooks):
        lines += ["```python", f"def {name}{_signature(hook)}", "```", "", getdoc(hook) or "", ""]
    lines += ["What they see:", ""]
    for kind, members in found["seen_by_hooks"].items():
        lines += [f"- `{kind}`: " + ", ".join(f"`{member}`" for member in members)]
    lines += ["", "## Map keys", "", "Meaning and limits: [register map](register-map.md)."]
    lines += [*_table(found["records"]), "", "## Words", ""]
    lines += [f"- `{name}`: {', '.join(map(str, words))}" for name, words in found["words"].items()]
    return "\n".join(lines) + "\n"


def _table(records: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield from ("", "| record | keys; those in bold are required |", "|---|---|")
    for record, keys in records.items():
        said = (
            f"**`{key}`**" if kind.endswith("(required)") else f"`{key}`"
            for key, kind in keys.items()
        )
        yield f"| {record} | {', '.join(said)} |"
