"""The gateway's configuration: a YAML file to frozen records, every mistake with its place."""

from agent.config.build import Config, Fresh, buffer_of, build, emptied, fresh, read, state_folder
from agent.config.lines import LineConfig
from agent.config.sections import GatewaySection

__all__ = [
    "Config",
    "Fresh",
    "GatewaySection",
    "LineConfig",
    "buffer_of",
    "build",
    "emptied",
    "fresh",
    "read",
    "state_folder",
]
