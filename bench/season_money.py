"""What a season costs under Beijing's rural tariff, and what mode `bill` makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta, tzinfo
from zoneinfo import ZoneInfo

from agent.account.tariff import Bill, Tally, charge
from agent.account.valley import valley_of
from agent.config import Config
from agent.config.tariff import read_tariff
from agent.control import Daily
from simulators.closed_loop import STEP_S, WARM_UP_S, Row

TARIFF = read_tariff("beijing_rural")
ZONE: tzinfo = ZoneInfo("Asia/Shanghai")


def bill_of(rows: Iterable[Row]) -> Bill:
    """The bill of every step after the warm-up; the seasonal cap of the refunds counts."""
    tally, total = Tally(), Bill()
    for row in rows:
        if row.elapsed_s <= WARM_UP_S:
            continue
        end = row.at.astimezone(ZONE)
        kwh = row.power_w * STEP_S / 3.6e6
        tally, bills = charge(TARIFF, tally, end - timedelta(seconds=STEP_S), end, kwh)
        for _, bill in bills:
            total += bill
    return total


def billing(config: Config) -> Config:
    """The same gateway in mode `bill`, with the tariff's cheapest hours."""
    valley = tuple(Daily(start, end) for start, end in valley_of(TARIFF))
    homes = tuple(
        replace(home, comfort=replace(home.comfort, mode="bill", valley=valley))
        if home.comfort
        else home
        for home in config.core.control.homes
    )
    control = replace(config.core.control, homes=homes)
    return replace(config, core=replace(config.core, control=control))
