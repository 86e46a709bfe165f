"""How the adapters are set. Each is off unless it stands in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How one adapter reaches its broker; `token_file` holds a user name that is a secret."""

    broker_url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    keepalive_s: int = 20
    answer_s: float = 8.0
    timeout_s: float = 10.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SparkplugSettings:
    """An edge node `group`/`node`; with `host` births wait until that host is online."""

    link: LinkSettings
    group: str
    node: str
    host: str | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True)
class HomeAssistantSettings:
    """Discovery under `prefix`; names of points in `language`."""

    link: LinkSettings
    gateway: str
    prefix: str = "homeassistant"
    language: Literal["en", "zh"] = "en"
    writes: bool = False


@dataclass(frozen=True, slots=True)
class ThingsBoardSettings:
    """The gateway API; machines are named `<gateway>-<device>`."""

    link: LinkSettings
    gateway: str
    writes: bool = False


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """What is on; None is off."""

    sparkplug: SparkplugSettings | None = None
    home_assistant: HomeAssistantSettings | None = None
    thingsboard: ThingsBoardSettings | None = None
