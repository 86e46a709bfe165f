"""Tables that align on a terminal, also in Chinese."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.tables import table, width


def test_a_table_to_the_letter() -> None:
    assert table(["point", "名称", "value"], [["a", "出水温度", "41.5"], ["bcd", "", "-3"]]) == (
        "point  名称      value\n"
        "-----  --------  -----\n"
        "a      出水温度   41.5\n"
        "bcd                 -3"
    )


def test_no_rows() -> None:
    assert table(["a", "b"], []) == "a  b\n-  -"


cells = st.lists(st.text(alphabet="ab1.温度", max_size=6), min_size=2, max_size=2)


@given(st.lists(cells, min_size=1, max_size=5))
def test_every_line_has_the_width_of_the_table(rows: list[list[str]]) -> None:
    text = table(["x", "名", "|"], [[*row, "|"] for row in rows])
    assert len({width(line) for line in text.splitlines()}) == 1
    assert [line.split()[-1] for line in text.splitlines()[2:]] == ["|"] * len(rows)
