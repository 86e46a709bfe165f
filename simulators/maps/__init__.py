"""The driver of the simulated machine, found like any vendor's through its entry point."""

from agent.drivers import DriverSource

simulated_pump = DriverSource("simulators.maps", "simulated_pump.yaml")
