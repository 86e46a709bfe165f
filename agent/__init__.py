"""heatpump-agent: the program on the gateway between a home's heat pumps and the platform."""

__version__ = "0.1.0"
