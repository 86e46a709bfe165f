"""The healthy reference unit behaves as the field unit it stands for, and its energy adds up.

Field figures: 40.7 device-days of one inverter air-to-water unit at +4.4 degC mean. Here 72 units
live a day each under winters of their own, shifted to that mean: the days of almost two records.
Tolerances are about a quarter of each figure, or what such a sample scatters by.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest

from simulators.physics import Fleet, reference, weather

UNITS, SETTLED, POLLS = 72, 720, 2880
MEAN_C = 4.4
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """A day of the fleet, with what is derived from them more than once."""

    columns: dict[str, Array]
    defrosts: list[tuple[int, int, int]]  # unit, first poll, first poll after
    run: Array  # polls of space heating without a break


@pytest.fixture(scope="module")
def record() -> Record:
    drawn = [weather("winter", 1.3, 700 + k) for k in range(UNITS)]
    colder = np.mean([air.outdoor_c[SETTLED:] for air in drawn]) - MEAN_C
    airs = [replace(air, outdoor_c=air.outdoor_c - colder) for air in drawn]
    fleet = Fleet(reference(UNITS), airs, 5)
    fleet.run(SETTLED)
    columns = fleet.run(POLLS)
    active = columns["_defrosting"] == 1.0
    defrosts = []
    for unit in range(UNITS):
        edge = np.diff(active[:, unit].astype(int))
        begins, ends = np.flatnonzero(edge == 1) + 1, np.flatnonzero(edge == -1) + 1
        defrosts += [(unit, b, int(ends[ends > b][0])) for b in begins if (ends > b).any()]
    heating = (columns["_on"] == 1.0) & ~active & (columns["mode_active"] != 2.0)
    run = np.zeros_like(columns["_on"])
    for k in range(1, len(run)):
        run[k] = np.where(heating[k], run[k - 1] + 1.0, 0.0)
    return Record(columns, defrosts, run)


def starts(record: Record) -> list[tuple[int, int]]:
    on = record.columns["_on"]
    return [(int(u), int(k) + 1) for k, u in np.argwhere((on[1:] == 1) & (on[:-1] == 0))]


def test_starts_about_twenty_times_a_day(record: Record) -> None:
    assert len(starts(record)) / (UNITS) == pytest.approx(20.0, rel=0.25)


def test_about_56_percent_of_the_starts_come_after_a_defrost(record: Record) -> None:
    ends = {unit: [e for u, _, e in record.defrosts if u == unit] for unit in range(UNITS)}
    after = sum(any(0 <= k - e <= 20 for e in ends[unit]) for unit, k in starts(record))
    assert after / len(starts(record)) == pytest.approx(0.56, abs=0.12)


def test_defrosts_last_six_minutes_and_end_at_26_degrees(record: Record) -> None:
    minutes = [0.5 * (e - b) for _, b, e in record.defrosts]
    assert np.median(minutes) == pytest.approx(6.3, abs=0.7)
    coil = record.columns["coil_temp"]
    reached = [coil[b : e + 2, u].max() for u, b, e in record.defrosts]
    assert np.nanmedian(reached) == pytest.approx(26.0, abs=1.5)


def test_defrosts_keep_43_minutes_and_heavy_frost_comes_near_them(record: Record) -> None:
    gaps = []
    for unit in range(UNITS):
        own = [(b, e) for u, b, e in record.defrosts if u == unit]
        gaps += [0.5 * (later[0] - earlier[1]) for earlier, later in itertools.pairwise(own)]
    assert min(gaps) >= 43.0
    assert np.percentile(gaps, 5) < 60.0


def test_supply_water_dips_to_about_20_degrees(record: Record) -> None:
    supply = record.columns["_supply_c"]
    mode = record.columns["mode_active"]
    dips = [supply[b : e + 3, u].min() for u, b, e in record.defrosts if mode[b - 2, u] == 1.0]
    assert np.median(dips) == pytest.approx(20.0, abs=2.5)


def test_a_clean_coil_stands_6_to_8_kelvin_below_the_air(record: Record) -> None:
    columns, found = record.columns, []
    approach = columns["_outdoor_c"] - columns["_evaporating_c"]
    for unit, _, end in record.defrosts:
        window = slice(end + 16, end + 32)  # 8 to 16 minutes after
        steady = (columns["compressor_frequency"][window, unit] >= 45) & (
            columns["_on"][window, unit] == 1
        )
        if len(steady) == 16 and steady.all():
            found.append(np.median(approach[window, unit]))
    assert len(found) > 100
    assert 6.0 <= np.median(found) <= 8.3


def test_water_gains_3_7_kelvin_at_25_hertz_and_5_2_at_110(record: Record) -> None:
    columns = record.columns
    gain = columns["_supply_c"] - columns["_return_c"]
    hz = columns["compressor_frequency"]
    slow = gain[(record.run > 40) & (hz <= 27)]
    fast = gain[(record.run > 40) & (hz >= 105)]
    assert np.median(slow) == pytest.approx(3.7, abs=0.3)
    assert np.median(fast) == pytest.approx(5.2, abs=0.6)


def test_discharge_gas_runs_from_52_to_81_degrees(record: Record) -> None:
    """Hot water included; without the coldest twentieth and hottest hundredth of the running."""
    columns = record.columns
    warm = (record.run > 40) | (columns["mode_active"] == 2.0)
    low, high = np.nanpercentile(columns["discharge_temp"][warm], [5, 99])
    assert low == pytest.approx(52.0, abs=4.0)
    assert high == pytest.approx(81.0, abs=8.0)


def test_frost_alone_drives_the_approach_over_15_kelvin_on_many_days(record: Record) -> None:
    columns = record.columns
    approach = columns["_outdoor_c"] - columns["_evaporating_c"]
    hard = (approach > 15.0) & (record.run > 0)
    minutes = hard.sum(axis=0) * 0.5
    assert (minutes >= 30.0).mean() == pytest.approx(21 / 36, abs=0.15)
    assert (minutes >= 120.0).mean() == pytest.approx(8 / 36, abs=0.15)


def test_no_healthy_unit_trips(record: Record) -> None:
    codes = record.columns["fault_code"]
    assert set(np.unique(codes[~np.isnan(codes)])) <= {0.0, 183.0}


def test_heat_is_what_the_air_and_the_compressor_gave(record: Record) -> None:
    """Steady heating: to the water = from the air + compressor - the shell's loss."""
    columns = record.columns
    steady = record.run > 60
    shell = 1.0 - reference(1).shell_loss[0]
    given = columns["_air_w"] + shell * columns["_compressor_w"]
    ratio = columns["_heat_w"][steady].sum() / given[steady].sum()
    assert ratio == pytest.approx(1.0, abs=0.015)
