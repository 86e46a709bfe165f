"""What a season costs under Beijing's rural tariff, and what mode `bill` makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo
from statistics import mean
from zoneinfo import ZoneInfo

from agent.account.tariff import Bill, Tally, charge
from agent.account.valley import valleys_of
from agent.config import Config
from agent.config.tariff import read_tariff
from agent.control import Comfort, Daily, Valley
from bench.kit import Figure, Row
from simulators.closed_loop import STEP_S, WARM_UP_S
from simulators.closed_loop import Row as Step

TARIFF = read_tariff("beijing_rural")
ZONE: tzinfo = ZoneInfo("Asia/Shanghai")
COMPARED = ("kwh", "net_yuan", "gross_yuan", "room_c", "kh_below")


def bill_of(rows: Iterable[Step]) -> Bill:
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
    valleys = tuple(
        Valley(one.first_day, tuple(Daily(*piece) for piece in one.hours), one.share)
        for one in valleys_of(TARIFF)
    )

    def billed(comfort: Comfort | None) -> Comfort | None:
        if comfort is None:
            return None
        return replace(comfort, mode="bill", valleys=valleys)

    homes = tuple(replace(home, comfort=billed(home.comfort)) for home in config.core.control.homes)
    control = replace(config.core.control, homes=homes)
    return replace(config, core=replace(config.core, control=control))


def beside(energy: Row, bill: Row) -> Row:
    """One home in both modes: kWh beside yuan, for they pull apart."""
    both = {"energy": energy, "bill": bill}
    return {
        "variant": energy["variant"],
        **{f"{key}_{mode}": row[key] for key in COMPARED for mode, row in both.items()},
        "net_share": round(float(str(bill["net_yuan"])) / float(str(energy["net_yuan"])), 3),
    }


def modes(energy: Iterable[Row], bill: Iterable[Row]) -> dict[str, Figure | Sequence[Row]]:
    """What mode `bill` costs the household of what mode `energy` does: the mean and the most."""
    by_name = {row["variant"]: row for row in energy}
    rows = [beside(by_name[row["variant"]], row) for row in bill]
    shares = [float(str(row["net_share"])) for row in rows]
    if not shares:
        return {}
    return {
        "bill_mean_share": round(mean(shares), 3),
        "bill_most_share": max(shares),
        "bill_max_kh_below": max(float(str(row["kh_below"])) for row in bill),
        "modes": rows,
    }
