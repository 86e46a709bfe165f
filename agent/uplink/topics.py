"""The topics of one gateway. Pure: it knows names, no broker.

Root `hp/1/<gateway>/`: `up/...` is written by the gateway, `down/...` by the platform. The `1` is
the version of the contract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.records import Lane

ROOT = "hp/1"
_GATEWAY = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of one gateway. Raises ValueError for an id that could not stand in a topic."""

    gateway: str

    def __post_init__(self) -> None:
        if not _GATEWAY.fullmatch(self.gateway):
            raise ValueError(
                f"gateway id {self.gateway!r}: 1 to 64 letters, digits, dots, dashes, underscores"
            )

    def up(self, lane: Lane) -> str:
        """Where the batches of this lane go."""
        return f"{ROOT}/{self.gateway}/up/{lane.value}"

    @property
    def state(self) -> str:
        """Retained: online, or offline as left by the last will."""
        return f"{ROOT}/{self.gateway}/up/state"

    @property
    def devices(self) -> str:
        """Retained: what stands on the lines and what each device can do."""
        return f"{ROOT}/{self.gateway}/up/devices"

    @property
    def ack(self) -> str:
        """The platform says what it has committed."""
        return f"{ROOT}/{self.gateway}/down/ack"

    @property
    def command(self) -> str:
        """The platform asks for something."""
        return f"{ROOT}/{self.gateway}/down/command"

    @property
    def forecast(self) -> str:
        """The platform foretells the outdoor air."""
        return f"{ROOT}/{self.gateway}/down/forecast"

    @property
    def config(self) -> str:
        """The platform offers a configuration."""
        return f"{ROOT}/{self.gateway}/down/config"

    @property
    def down(self) -> str:
        """The one subscription of the gateway."""
        return f"{ROOT}/{self.gateway}/down/#"
