"""The gateway's configuration: a YAML file to frozen records, every mistake with its place."""

from agent.config.build import Config, build, read, state_folder
from agent.config.lines import LineConfig
from agent.config.sections import GatewaySection

__all__ = ["Config", "GatewaySection", "LineConfig", "build", "read", "state_folder"]
