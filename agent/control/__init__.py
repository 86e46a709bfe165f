"""What we want: schedule, precedence of demands, the guard's last word. Pure; knows no clock."""

from agent.control.comfort import Away, Comfort, Daily, Valley
from agent.control.commands import asked, ended, result_of
from agent.control.control import Control, ControlSettings
from agent.control.fitted import highest_asked
from agent.control.guard import (
    HEATING_WATER,
    LOWEST_WATER_C,
    WARM_MODES,
    Admitted,
    Guard,
    GuardView,
    Refusal,
    Unneeded,
)
from agent.control.home import HomeControl, home_demand
from agent.control.household import HOUSEHOLD_ORDERS, KEPT, Chosen
from agent.control.learned import Learned
from agent.control.priority import RANK, Standing
from agent.control.refresh import REFRESH_SHARE
from agent.control.schedule import DAYS, Period, WeekSchedule
from agent.control.selftest import WATCH_S

__all__ = [
    "DAYS",
    "HEATING_WATER",
    "HOUSEHOLD_ORDERS",
    "KEPT",
    "LOWEST_WATER_C",
    "RANK",
    "REFRESH_SHARE",
    "WARM_MODES",
    "WATCH_S",
    "Admitted",
    "Away",
    "Chosen",
    "Comfort",
    "Control",
    "ControlSettings",
    "Daily",
    "Guard",
    "GuardView",
    "HomeControl",
    "Learned",
    "Period",
    "Refusal",
    "Standing",
    "Unneeded",
    "Valley",
    "WeekSchedule",
    "asked",
    "ended",
    "highest_asked",
    "home_demand",
    "result_of",
]
