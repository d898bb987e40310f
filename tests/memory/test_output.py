"""Rows as other programs and terminals get them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.errors import BadValue
from memory.output import Format, render

ROWS: list[dict[str, Any]] = [
    {"uid": "a", "n": -1, "body": '=cmd|"x"!A1'},
    {"uid": "b", "n": None, "body": "\x1b[31m"},
]


def chosen(**given: object) -> Format:
    flags: dict[str, object] = dict.fromkeys(("json_", "nl", "csv_", "tsv", "table"), False)
    return Format.chosen(**{**flags, "fmt": None, "terminal": True, **given})  # type: ignore[arg-type]


def test_flags_are_those_of_sqlite_utils() -> None:
    assert chosen().kind == "text"
    assert chosen(terminal=False).kind == "json"
    assert chosen(json_=True).kind == "json"
    assert chosen(json_=True, nl=True).kind == chosen(nl=True).kind == "nl"
    assert chosen(csv_=True).kind == "csv"
    assert chosen(tsv=True).kind == "tsv"
    assert chosen(table=True) == Format("table")
    assert chosen(fmt="github") == chosen(table=True, fmt="github") == Format("table", "github")
    assert chosen(fmt="tsv") == chosen(tsv=True, fmt="tsv") == Format("tsv", "tsv")
    with pytest.raises(BadValue, match="unknown: use one of"):
        chosen(fmt="nonsense")
    with pytest.raises(BadValue, match="--csv and --tsv contradict"):
        chosen(csv_=True, tsv=True)


def test_json_keeps_every_character_and_sends_none_that_a_terminal_obeys() -> None:
    for how in ("json", "nl"):
        text = render(ROWS, Format(how))
        assert "\x1b" not in text
        parsed = json.loads(text) if how == "json" else [json.loads(x) for x in text.splitlines()]
        assert parsed == ROWS
    assert render([], Format("json")) == "[]"
    assert render([], Format("nl")) == render([], Format("csv")) == ""


def test_tables_and_csv_show_escapes_and_no_formulas() -> None:
    assert render(ROWS, Format("csv")).splitlines() == [
        "uid,n,body",
        """a,-1,"'=cmd|""x""!A1\"""",
        r"b,,\x1b[31m",
    ]
    assert "\t'=cmd" in render(ROWS, Format("tsv")).replace('"', "")
    for style in ("simple", "github", "html"):
        assert "\x1b" not in render(ROWS, Format("table", style))


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=4)
)
def test_no_cell_of_csv_is_a_formula(cells: list[str]) -> None:
    text = render([{f"c{n}": cell for n, cell in enumerate(cells)}], Format("csv"))
    _, row = list(csv.reader(io.StringIO(text))) if text.count("\n") else ([], [""])
    for cell in row:
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_wide_signs_are_formulas_too_and_tables_of_markdown_obey_nothing() -> None:
    assert render([{"a": "＝1+1"}], Format("csv")) == "a\n'＝1+1"
    for style in ("github", "pipe"):
        row = render([{"a": "x | y", "b": "<b>`z`"}], Format("table", style)).splitlines()[-1]
        assert r"x \| y" in row
        assert r"\<b\>\`z\`" in row
