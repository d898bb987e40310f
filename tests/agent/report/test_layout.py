"""Tables fit and cut nothing off; numbers stay short."""

from __future__ import annotations

import io
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from agent.report.layout import (
    Listing,
    count,
    duration,
    interval,
    markdown,
    plain_interval,
    show,
    without_empty,
)

QUIET = settings(deadline=None)
WORDS = st.text("abcdefgh:=,.- é漢", min_size=1, max_size=30).map(str.strip).filter(bool)


def shown(listing: Listing, width: int) -> list[str]:
    out = io.StringIO()
    show(listing, Console(file=out, width=width))
    return out.getvalue().splitlines()


@QUIET
@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), WORDS, st.integers(0, 10**9)), min_size=1, max_size=6
    ),
    st.integers(20, 120),
)
def test_no_cell_is_cut_off_and_columns_are_aligned(
    lines: list[tuple[str, str, int]], width: int
) -> None:
    listing = Listing(
        ("name", "n", "squared"), [(g, (name, f"{n}", f"{n}{n}")) for g, name, n in lines]
    )
    told = shown(listing, width)
    text = re.sub(r"\s", "", "".join(told))
    for group, name, n in lines:
        assert group in text
        assert f"{n}{n}{n}" in text, "the figures of a line stand in one line"
        assert all(part in text for part in name.split() if len(part) < 5), "short words are whole"
    assert "…" not in text
    figures = [line for line in told if line.endswith(tuple("0123456789"))]
    assert len({cell_len(line) for line in figures}) == 1, "columns end where columns end"
    numbers = max(len(f"{n}") for *_, n in lines)
    others = max(numbers, 1) + max(2 * numbers, 7) + 2
    assert max(map(cell_len, told)) <= max(width, 10 + others), "names give way first"


def test_groups_stand_together_in_the_order_in_which_they_come() -> None:
    lines = [("near", ("a", "1")), ("far", ("a", "2")), ("near", ("b", "3"))]
    told = [line.split() for line in shown(Listing(("arm", "n"), lines), 80)]
    assert told == [["arm", "n"], ["near"], ["a", "1"], ["b", "3"], ["far"], ["a", "2"]]
    document = markdown(Listing(("arm", "n"), lines), "family").splitlines()
    assert document[0] == "| arm | family | n |"
    assert document[2:] == ["| a | near | 1 |", "| a | far | 2 |", "| b | near | 3 |"]


def test_columns_that_may_go_go_where_they_are_empty() -> None:
    listing = Listing(("arm", "n", "m", "k"), [("f", ("a", "", "", "")), ("g", ("b", "", "2", ""))])
    assert without_empty(listing, "m", "k") == Listing(
        ("arm", "n", "m"), [("f", ("a", "", "")), ("g", ("b", "", "2"))]
    )


def test_terminals_are_not_told_what_to_do() -> None:
    told = shown(Listing(("arm", "n"), [("\x1b[2Jfar", ("\x1b[31mred", "[bold]1"))]), 80)
    assert told[1:] == [r"\x1b[2Jfar", r"\x1b[31mred [bold]1"]


@QUIET
@given(st.integers(0, 10**8 - 1))
def test_counts_are_short_and_near(value: int) -> None:
    told = count(value)
    assert len(told) <= 6
    factor = {"k": 1e3, "M": 1e6}.get(told[-1], 1)
    assert abs(float(told.rstrip("kM")) * factor - value) <= 0.05 * factor


@QUIET
@given(st.floats(0, 10**7))
def test_durations_are_short_and_near(seconds: float) -> None:
    told = duration(seconds)
    found = re.fullmatch(r"(?:(\d+)h(\d\d)m|(\d+)m(\d\d)s|(\d+\.\d)s)", told)
    assert found, told
    hours, of_hour, minutes, of_minute, alone = (float(part or 0) for part in found.groups())
    assert abs(3600 * hours + 60 * (of_hour + minutes) + of_minute + alone - seconds) <= 60
    assert of_hour < 60 > of_minute
    assert alone <= 60


def test_what_is_not_measured_is_empty() -> None:
    assert (count(None), duration(None), interval(None, None, None)) == ("", "", "")
    assert plain_interval(None, None, None) == ""
    assert interval(0.5, 0.25, 0.754) == "50.0 (25-75)"
    assert interval(-0.1, -0.3, 0.1, signed=True) == "-10.0 (-30.0 to +10.0)"
    assert plain_interval(24.53, 20.0, 30.06) == "24.5 (20.0-30.1)"
    assert plain_interval(-1, -2, 1) == "-1.0 (-2.0 to 1.0)"
    assert plain_interval(2, -1, 4, signed=True) == "+2.0 (-1.0 to +4.0)"
