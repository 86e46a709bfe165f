"""The gateway's configuration: a YAML file to frozen records, every mistake with its place."""

from agent.config.build import Config, Fresh, build, fresh, read, state_folder
from agent.config.lines import LineConfig
from agent.config.sections import GatewaySection

__all__ = [
    "Config",
    "Fresh",
    "GatewaySection",
    "LineConfig",
    "build",
    "fresh",
    "read",
    "state_folder",
]
