"""Rows as other programs and terminals get them."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
import tabulate  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from memory.errors import BadValue
from memory.output import FORMATS, Format, render
from memory.render import hidden, printable

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
    with pytest.raises(BadValue, match="'nonsense' is not offered: use one of"):
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


@pytest.mark.parametrize("style", sorted(set(tabulate.tabulate_formats) - set(FORMATS)))
def test_a_format_that_would_obey_a_note_is_not_offered(style: str) -> None:
    with pytest.raises(BadValue, match=f"'{style}' is not offered"):
        chosen(fmt=style)


HOSTILE = st.text(
    st.sampled_from([*"|+-=*_`~#<>&[]{}()!\\\"'.:;$%^/ \t\n\r\x1b\u2028\u202eax1"]), max_size=12
)


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4))
def test_html_has_no_markup_but_its_own(cells: list[tuple[str, str]]) -> None:
    table = render([{"a": one, "b": other} for one, other in cells], Format("table", "html"))

    class Reader(HTMLParser):
        tags: set[str] = set()  # noqa: RUF012
        data: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag: str, attrs: object) -> None:
            assert not attrs
            self.tags.add(tag)
            if tag == "td":
                self.data.append("")

        def handle_data(self, data: str) -> None:
            if self.lasttag == "td":
                self.data[-1] += data

        def handle_endtag(self, tag: str) -> None:
            self.lasttag = ""

    reader = Reader()
    reader.tags, reader.data = set(), []
    reader.feed(table)
    assert reader.tags <= {"table", "thead", "tbody", "tr", "th", "td"}
    shown = [
        printable(cell).replace("\n", r"\n").replace("\t", r"\t") for row in cells for cell in row
    ]
    assert [cell.strip() for cell in reader.data] == [cell.strip() for cell in shown]


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4), st.sampled_from(FORMATS))
def test_no_cell_makes_a_row_of_its_own(cells: list[tuple[str, str]], style: str) -> None:
    """As many lines as plain words of the same number make, and nothing that a terminal obeys."""
    how = chosen(fmt=style)
    table = render([{"n": "1", "a": one, "b": other} for one, other in cells], how)
    plain = render([{"n": "1", "a": "x", "b": "x"} for _ in cells], how)
    if how.kind != "tsv":  # there a line break stands inside quotes
        assert table.count("\n") == plain.count("\n")
    assert not [char for char in table if hidden(char)]
