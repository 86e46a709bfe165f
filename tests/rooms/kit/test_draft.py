"""Vendors' tables in their many forms, and the drafts that come of them."""

from __future__ import annotations

import pytest

from agent.errors import FileError
from agent.kit import check
from agent.kit.draft import About, Row, draft, rows_of
from agent.kit.package import package

ABOUT = About("acme", "Acme", "One", "Acme: Modbus sheet, revision C", 9600, "none", 1)
HEADS = "number,name,type,scale,unit,access,remark\n"


def one(line: str, heads: str = HEADS) -> Row:
    (row,) = rows_of(heads + line, "list.csv", "classic")
    return row


@pytest.mark.parametrize(
    ("number", "table", "at"),
    [("30101", "input", 100), ("40001", "holding", 0), ("10005", "discrete", 4),
     ("00003", "coil", 2), ("400201", "holding", 200), ('"30113, 30114"', "input", 112),
     ("30113-30114", "input", 112)],
)  # fmt: skip
def test_numbers_of_documents(number: str, table: str, at: int) -> None:
    row = one(f"{number},outlet water")
    assert (row.table, row.at) == (table, at)


def test_numbers_from_1_and_on_the_wire() -> None:
    text = "address,name,table\n101,outlet water,input\n"
    (from_1,) = rows_of(text, "list.csv", "from-1")
    (wire,) = rows_of(text.replace("101", "0x65"), "list.csv", "wire")
    assert (from_1.table, from_1.at) == ("input", 100)
    assert (wire.table, wire.at) == ("input", 101)


def test_a_chinese_table() -> None:
    heads = "寄存器地址,参数名称,数据类型,精度,单位,读写,备注\n"
    row = one("40011,水箱温度,INT16,0.1,℃,只读,", heads)
    assert (row.name, row.kind, row.scale, row.unit) == ("dhw_temp", "s16", "0.1", "degC")
    own = one("40012,底盘加热,UINT16,,,读写,", heads)
    assert (own.name, own.zh, own.label, own.writable) == ("x_word_11", "底盘加热", "", True)


@pytest.mark.parametrize(
    ("access", "writable"),
    [("R", False), ("RW", True), ("R/W", True), ("r&w", True), ("W", True), ("WO", True),
     ("Read/Write", True), ("ReadWrite", True), ("write only", True), ("R/W (not saved)", True),
     ("Read only", False), ("Read only (no Write)", False), ("not writable", False),
     ("non-writable", False), ("unwritable", False), ("R: Y, W: N", False),
     ("can't be written", False), ("write-protected", False), ("Read only by web", False),
     ("读写", True), ("可读可写", True), ("只写", True), ("读写，掉电不保存", True),
     ("只读", False), ("可读不可写", False), ("禁止写入", False), ("写保护", False), ("", False)],
)  # fmt: skip
def test_only_what_says_so_may_be_written(access: str, writable: bool) -> None:
    assert one(f'40001,on/off,BOOL,,,"{access}",').writable is writable


def test_a_unit_cell_may_hold_the_scale() -> None:
    row = one("30101,outlet water,INT16,,0.1 degC,R,")
    assert (row.scale, row.unit) == ("0.1", "degC")


def test_a_name_twice_goes_by_its_address() -> None:
    rows = rows_of(HEADS + "30001,outlet water\n30009,outlet water\n", "list.csv", "classic")
    assert [row.name for row in rows] == ["water_supply_temp", "x_water_supply_temp_8"]


@pytest.mark.parametrize(
    ("line", "word"),
    [("abc,outlet water", "register number"), ("101,outlet water", "--numbers"),
     ("30101,outlet water,INT24", "INT16"), ("30101,outlet water,INT16,0.1,kPa", "convert"),
     ("30101,outlet water,INT16,ten,degC", "scale")],
)  # fmt: skip
def test_what_cannot_be_understood_is_told_with_its_line(line: str, word: str) -> None:
    with pytest.raises(FileError) as told:
        rows_of(HEADS + "30001,inlet water\n" + line, "list.csv", "classic")
    (mistake,) = told.value.mistakes
    assert mistake.line == 3
    assert word in mistake.message


def test_lines_of_the_file_are_counted_whether_empty_or_within_a_cell() -> None:
    text = "\n" + HEADS + '\n , ,,\n40001,mode,,,,RW,"0 off\n\n1 heat"\n\nxx,room\n40001,flow,odd\n'
    with pytest.raises(FileError) as told:
        rows_of(text, "list.csv", "classic")
    assert [mistake.line for mistake in told.value.mistakes] == [9, 10]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ",\n", "；\n"])
def test_line_breaks_within_a_cell_part_its_entries(end: str) -> None:
    mode = one(
        f'"40001\n40002","Working{end.strip(",；")}mode",,,,RW,"0 off{end}1 heat{end}2 cool"'
    )
    assert (mode.name, mode.at, mode.remark) == ("mode", 0, "0 off, 1 heat, 2 cool")
    setpoint = one(f'40003,Set temperature,INT16,0.1,degC,RW,"25-55{end}0.5 K at a time"')
    text = draft(ABOUT, [mode, setpoint])
    assert "values: {0: off, 1: heat, 2: cool}" in text
    assert "low: 25, high: 55, step: 0.1" in text


def test_a_quote_that_is_never_closed_is_told_and_no_traceback() -> None:
    text = 'number,name\n1,"Set temperature\n' + "2,Outdoor temperature\n" * 9000
    with pytest.raises(FileError) as caught:
        rows_of(text, "points.csv", "classic")
    assert "points.csv:" in str(caught.value)
    assert "no table" in str(caught.value)


def test_columns_that_are_needed() -> None:
    with pytest.raises(FileError, match="no column number and name"):
        rows_of("what,ever\n1,2\n", "list.csv", "classic")


def test_remarks_become_limits_words_and_absent_codes() -> None:
    rows = rows_of(
        HEADS
        + '40001,water setpoint,INT16,0.1,degC,R/W,"25~55, steps of 0.5"\n'
        + '40002,mode,UINT16,,,RW,"1: heating; 2: cooling; 4 hot water"\n'
        + "30001,outlet water,INT16,0.1,degC,R,0x7FFF: no sensor\n"
        + '30002,fault,UINT16,,,R,"0 none, 7 fan broken"\n',
        "list.csv",
        "classic",
    )
    text = draft(ABOUT, rows)
    assert 'write: {low: 25, high: 55, step: 0.5, park: "45"}' in text
    assert "values: {1: heat, 2: cool, 4: dhw}" in text
    assert "absent: [0x7FFF], low: -30, high: 110" in text
    assert '7: {label: "7", en: fan broken, zh: ""}' in text
    assert "capabilities: {mode: mode, water_setpoint: water_setpoint}" in text


def drafted(*lines: str, heads: str = HEADS) -> str:
    return draft(ABOUT, rows_of(heads + "\n".join(lines) + "\n", "list.csv", "classic"))


@pytest.mark.parametrize(
    ("remark", "values"),
    [("0待机 1制冷 2制热", "{0: standby, 1: cool, 2: heat}"),
     ("0-关机，1-制热，4-热水", "{0: off, 1: heat, 4: dhw}"),
     ("1、制热；2、制冷", "{1: heat, 2: cool}"),
     ("1 zone 2, 2 zone 3", "{1: zone_2, 2: zone_3}"),
     ("0常开 1间歇", '{0: "", 1: ""}')],
)  # fmt: skip
def test_lists_of_words_as_papers_write_them(remark: str, values: str) -> None:
    assert f"values: {values}" in drafted(f'30001,运行状态,UINT16,,,R,"{remark}"')


@pytest.mark.parametrize(
    "remark", ["0~480", "0-100", "0 to 480", "bit0 supply, bit1 return", "BCD, V1.23", "码 8888)"]
)
def test_what_is_no_list_of_words_becomes_none(remark: str) -> None:
    assert "values" not in drafted(f'30001,fault word 1,UINT16,,,R,"{remark}"')


def test_a_value_without_a_word_is_asked_for() -> None:
    text = drafted('40001,pump mode,UINT16,,,RW,"0 常开, 1 间歇"')
    told = [one.message for one in check(text, "acme.yaml").findings if one.rule == "values"]
    assert told == ["0 has no word", "1 has no word"]


def test_two_columns_of_names_and_two_of_remarks() -> None:
    heads = "地址,参数名称,name,范围,备注\n"
    (row,) = rows_of(heads + "40001,底盘加热,tray heater,0~5,上电默认0\n", "l.csv", "classic")
    assert (row.name, row.label, row.zh) == ("x_tray_heater", "tray heater", "底盘加热")
    assert row.remark == "0~5, 上电默认0"


def test_the_unit_of_the_paper_is_brought_to_that_of_the_point() -> None:
    text = drafted(
        "30001,input power,UINT16,0.01,kW,R,",
        "30002,compressor hours,UINT16,1,min,R,",
        "30003,weather curve offset,INT16,0.5,℃,R,",
        "30004,eev_steps,UINT16,,%,R,",
    )
    assert "active_power: {table: input, at: 0, scale: 10}" in text
    assert "compressor_hours: {table: input, at: 1, scale: 1/60}" in text
    assert "curve_offset: {table: input, at: 2, type: s16, scale: 0.5}" in text
    assert 'x_eev_steps: {table: input, at: 3, unit: "%"' in text


@pytest.mark.parametrize(
    ("remark", "said"),
    [("0关机 1开机", "type: bool, write"), ("", "type: bool, write"),
     ("0 on, 1 off", "values: {0: on, 1: off}"), ("85 off, 170 on", "values: {85: off, 170: on}")],
)  # fmt: skip
def test_a_state_in_a_whole_word_is_true_or_false(remark: str, said: str) -> None:
    assert said in drafted(f'40001,on/off,UINT16,,,RW,"{remark}"')


@pytest.mark.parametrize(
    ("remark", "low_first"),
    [("低字在前", True), ("Low word first", True), ("低16位在前", True), ("低字节在前", False),
     ("high word first", False)],
)  # fmt: skip
def test_the_order_of_two_words(remark: str, low_first: bool) -> None:
    text = drafted(f"30001,total energy,UINT32,0.01,kWh,R,{remark}")
    assert ("words: low-first" in text) is low_first


@pytest.mark.parametrize("access", ["W", "WO", "只写", "write only", "Write-only (code)"])
def test_what_can_only_be_written_is_named_and_not_asked_for(access: str) -> None:
    text = drafted("30001,outlet water,INT16,0.1,degC,R,", f"40008,fault reset,UINT32,,,{access},")
    assert "# left out, can only be written: holding 7, fault reset" in text
    assert "holes: {holding: [7, 8]}" in text
    assert "x_fault_reset" not in text


def test_a_draft_loads_or_says_what_it_lacks() -> None:
    rows = rows_of(
        HEADS + "30001,outlet water,INT16,0.1,degC,R,\n30002,inlet water,INT16,0.1,degC,R,\n"
        '30003,fault,UINT16,,,R,"0 无, 3 水流不足"\n',
        "list.csv",
        "classic",
    )
    checked = check(draft(ABOUT, rows), "acme.yaml")
    assert checked.map is not None
    assert [finding.message for finding in checked.findings] == ["3: '' says nothing in English"]


def test_a_package_has_all_it_needs() -> None:
    files = package("acme_one", "Acme Heat", "map: acme_one\n")
    assert set(files) == {
        "pyproject.toml",
        "heatpump_acme_heat/__init__.py",
        "heatpump_acme_heat/acme_one.yaml",
    }
    assert 'acme_one = "heatpump_acme_heat:acme_one"' in files["pyproject.toml"]
    compile(files["heatpump_acme_heat/__init__.py"], "package", "exec")


@pytest.mark.parametrize(
    ("brand", "project"),
    [("格力", "heatpump-gree-kfr"), ("360", "heatpump-gree-kfr"), ("格力 Gree", "heatpump-gree"),
     ("Acme Heat", "heatpump-acme-heat")],
)  # fmt: skip
def test_a_package_goes_by_its_brand_or_by_its_map(brand: str, project: str) -> None:
    files = package("gree_kfr_", brand, "map: gree_kfr_\n")
    module = project.replace("-", "_")
    assert f'name = "{project}"\n' in files["pyproject.toml"]
    assert f'gree_kfr_ = "{module}:gree_kfr_"' in files["pyproject.toml"]
    assert f"{module}/__init__.py" in files
