"""Checks of a driver's hooks, as far as they can be known without calling them."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature

from agent.drivers import Hooks
from agent.kit.finding import Finding, Subject

_ARGUMENTS = {
    name: tuple(signature(hook).parameters)[1:]
    for name, hook in vars(Hooks).items()
    if not name.startswith("_")
}


def check_hooks(subject: Subject) -> Iterator[Finding]:
    """Whether each can be called as the program does, and no other name was meant for one."""
    for name, arguments in _ARGUMENTS.items():
        said = ", ".join(arguments)
        try:
            signature(getattr(subject.hooks, name)).bind(None, *arguments)
        except TypeError:
            message = f"the hook {name} cannot be called with {said}"
            yield subject.error("hooks", (), message, f"def {name}(self, {said})")
    for name in vars(subject.hooks):
        if not name.startswith("_") and name not in _ARGUMENTS:
            message = f"nobody calls {name} of the hooks"
            yield subject.warning(
                "hooks", (), message, f"{', '.join(_ARGUMENTS)}; own ones begin _"
            )
