"""The maps that come with the program, offered through the same door as a vendor's."""

from agent.drivers.registry import DriverSource

midea_mthermal_r290 = DriverSource(__name__, "midea_mthermal_r290.yaml")
haier_atw_r290 = DriverSource(__name__, "haier_atw_r290.yaml")
samsung_ehs_mimb19n = DriverSource(__name__, "samsung_ehs_mimb19n.yaml")
