"""The rows that `drivers` and the reference show, against the maps they are made of."""

from __future__ import annotations

from agent import drivertable
from agent.drivers import driver, names


def test_programs_see_every_driver_with_what_it_can_do_and_what_is_locked() -> None:
    rows = {row["driver"]: row for row in drivertable.rows()}
    assert list(rows) == list(names())
    daikin = rows["daikin_homehub"]
    assert set(drivertable.CAPABILITIES) == set(daikin["can"])  # type: ignore[arg-type]
    assert rows["eastron_sdm120"]["kind"] == "meter"
    assert (rows["itho_amber"]["monitor_only"], rows["itho_amber"]["writable"]) == (True, 0)
    locked = rows["mitsubishi_procon_mini"]["locked"]
    assert isinstance(locked, list)
    assert "power_on" in locked


def test_people_see_locked_where_the_installer_must_allow_it() -> None:
    rows = {row["driver"]: row for row in drivertable.short_rows()}
    assert rows["mitsubishi_procon_mini"]["on_off"] == "locked"
    assert (
        rows["chofu_aerona3"]["water_setpoint"] == "locked"
    )  # to read it is sure, to write it not
    assert driver("chofu_aerona3").map.points["water_setpoint"].confidence == "one"
    assert rows["haier_atw_r290"]["sg_ready"] == "yes"
    assert rows["haier_atw_r290"]["curve_offset"] == ""


def test_what_must_be_added_to_a_home() -> None:
    rows = {row["driver"]: row for row in drivertable.sensor_rows()}
    assert not [name for name in rows if driver(name).map.kind != "heat_pump"]
    assert len(rows) >= 18
    assert all(
        row["water_supply_temp"] == row["water_return_temp"] == "yes" for row in rows.values()
    )
    samsung, midea = rows["samsung_ehs_mimb19n"], rows["midea_mthermal_r290"]
    assert samsung["to add"] == "meter"
    assert midea["indoor_temp"] == "if fitted"
    assert midea["fault_alarm"] == "52 texts"
    assert rows["phnix_khx_r290"]["to add"] == "room sensor, meter"
    assert rows["phnix_khx_r290"]["fault_alarm"] == "no"
