"""Each fault moves the quantities that physics says, and only through the cycle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from simulators.physics import SEVERITIES, Fleet, Injection, draw_units, weather

Array = npt.NDArray[np.float64]
UNITS, BEFORE, SETTLE, POLLS = 3, 360, 300, 1200
# fault, variant, quantity, least shift of its mean in steady heating (+ up, - down)
SHIFTS = (
    ("F01", "", "subcooling", -1.5),
    ("F01", "", "opening", +10.0),
    ("F01", "", "capacity", -0.02),
    ("F02", "", "subcooling", +1.5),
    ("F02", "", "terminal", +0.7),
    ("F03", "", "terminal", +0.4),
    ("F04", "", "gain", +0.7),
    ("F04", "", "flow", -5.0),
    ("F07", "", "approach", +0.4),
    ("F09", "", "approach", +1.0),
    ("F09", "", "ice", +0.3),
    ("F12", "closed", "superheat", +5.0),
    ("F12", "open", "opening", +10.0),
    ("F12", "open", "discharge", -8.0),
    ("F13", "", "hz", +2.0),
    ("F13", "", "capacity", -0.05),
    ("F14", "leak", "discharge", +1.5),
    ("F14", "leak", "capacity", -0.04),
    ("U01", "", "opening", +10.0),
    ("U02", "", "terminal", +0.2),
)
CASES = sorted({(fault, variant) for fault, variant, _, _ in SHIFTS})


def means(columns: Mapping[str, Array], units: slice, span: Array) -> dict[str, float]:
    """Means over the polls of steady space heating."""
    heating = (columns["mode_active"] == 1.0)[:, units]
    steady = heating.copy()
    for k in range(1, 20):
        steady[k:] &= heating[:-k]
    steady[:SETTLE] = False

    def mean(values: Array) -> float:
        return float(np.nanmean(values[:, units][steady]))

    c = columns
    lift = c["_heat_w"] / np.maximum(c["compressor_frequency"], 1.0)
    return {
        "subcooling": mean(c["_subcooling_k"]),
        "superheat": mean(c["_superheat_k"]),
        "opening": mean(100.0 * c["eev_steps"] / span),
        "capacity": float(np.log(mean(lift))),
        "terminal": mean(c["_condensing_c"] - c["_supply_c"]),
        "gain": mean(c["_supply_c"] - c["_return_c"]),
        "flow": mean(c["water_flow"]),
        "approach": mean(c["_outdoor_c"] - c["_evaporating_c"]),
        "ice": mean(c["_frost_kg"]),
        "discharge": mean(c["discharge_temp"]),
        "hz": mean(c["compressor_frequency"]),
    }


@pytest.fixture(scope="module")
def shifts() -> dict[tuple[str, str], dict[str, float]]:
    """For each case, how far the means of three units lie from their healthy twins'."""
    base = Fleet(draw_units(UNITS, 501), [weather("frost", 1, 40 + k) for k in range(UNITS)], 9)
    base.run(BEFORE)
    fleet = base.fork(np.tile(np.arange(UNITS), len(CASES) + 1))
    cases = [Injection(f, SEVERITIES[f]["medium"], variant=v) for f, v in CASES]
    fleet.inject([None] * UNITS + [case for case in cases for _ in range(UNITS)])
    columns, span = fleet.run(POLLS), fleet.units.valve_steps
    healthy = means(columns, slice(0, UNITS), span)
    found = {}
    for k, case in enumerate(CASES, start=1):
        ill = means(columns, slice(k * UNITS, (k + 1) * UNITS), span)
        found[case] = {name: ill[name] - healthy[name] for name in healthy}
    return found


@pytest.mark.parametrize(("fault", "variant", "quantity", "least"), SHIFTS)
def test_a_fault_moves_what_physics_says(
    shifts: dict[tuple[str, str], dict[str, float]],
    fault: str,
    variant: str,
    quantity: str,
    least: float,
) -> None:
    shift = shifts[fault, variant][quantity]
    assert shift >= least if least > 0 else shift <= least


def test_losing_charge_saturates_the_valve_at_last() -> None:
    fleet = Fleet(draw_units(4, 33), weather("cold", 1, 3), 3)
    fleet.run(240)
    fleet.inject([Injection("F01", loss) for loss in (0.0, 0.1, 0.25, 0.4)])
    columns = fleet.run(720)
    on = (columns["_on"] == 1) & (columns["_defrosting"] == 0)
    share = columns["eev_steps"] / (fleet.units.valve_steps * fleet.units.valve_high)
    saturated = [(share[on[:, k], k] > 0.99).mean() for k in range(4)]
    assert saturated[0] < 0.02
    assert saturated[3] > 0.3


def test_a_ramp_grows_and_an_end_ends() -> None:
    """One valve closes over four hours; the other is half shut for one hour of them."""
    units, air = draw_units(2, 6), weather("frost", 0.3, 6)
    ill, healthy = Fleet(units, air, 6), Fleet(units, air, 6)
    ill.inject([Injection("F04", 0.6, ramp_days=1 / 6), Injection("F04", 0.6, for_s=3600.0)])
    flow, normal = (fleet.run(720)["water_flow"] for fleet in (ill, healthy))
    share = [
        [
            np.nanmax(flow[k : k + 240, unit]) / np.nanmax(normal[k : k + 240, unit])
            for k in (0, 480)
        ]
        for unit in range(2)
    ]
    assert share[0][0] > 0.7
    assert share[0][1] < 0.5
    assert np.nanmax(flow[:120, 1]) < 0.5 * np.nanmax(normal[:120, 1])
    assert share[1][1] > 0.9


@pytest.mark.parametrize(
    ("variant", "point"), [("outdoor_temp", "outdoor_temp"), ("coil_temp", "coil_temp")]
)
def test_an_open_sensor_reads_its_rail_and_the_vendor_says_so(variant: str, point: str) -> None:
    fleet = Fleet(draw_units(1, 4), weather("mild", 1, 4), 4)
    fleet.inject([Injection("F15", 1.0, variant=variant)])
    columns = fleet.run(120)
    assert np.nanmin(columns[point]) == np.nanmax(columns[point]) == -3276.8
    assert np.nanmax(columns["fault_code"]) in (31.0, 33.0)


def test_an_unknown_fault_or_variant_is_refused() -> None:
    fleet = Fleet(draw_units(1, 4), weather("mild", 1, 4), 4)
    with pytest.raises(KeyError, match="F99"):
        fleet.inject([Injection("F99", 1.0)])
    with pytest.raises(KeyError, match="known are leak, stuck"):
        fleet.inject([Injection("F14", 1.0, variant="loud")])
