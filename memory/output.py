"""Rows on a person's terminal or in another program's input: JSON, CSV, TSV, tables. Pure.

The flags are those of sqlite-utils. What is not JSON shows what a terminal would obey or hide as
escapes; in CSV and TSV a cell that a spreadsheet would take for a formula is led by an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memory.errors import BadValue
from memory.markdown import escape
from memory.render import printable

Rows = Sequence[dict[str, Any]]
# The wide ones are formulas to a spreadsheet with East Asian settings.
_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_FORMULA = (*_SIGNS, "\t", "\r", "\n")
_MARKDOWN = ("github", "pipe")
FORMATS = (
    *(
        "plain",
        "simple",
        "presto",
        "pretty",
        "psql",
        "outline",
        "simple_outline",
        "rounded_outline",
    ),
    *("heavy_outline", "mixed_outline", "double_outline", "fancy_outline", "simple_grid"),
    *("rounded_grid", "heavy_grid", "mixed_grid", "double_grid", "fancy_grid"),
    *("html", *_MARKDOWN, "tsv"),
)
"""Tabulate's formats that are text for eyes, or markup in which a note's words are escaped.

Its others (rst, latex, asciidoc, the wikis') would obey what a note says, some in every cell.
"""


@dataclass(frozen=True, slots=True)
class Format:
    """What the output flags come to: ``json``, ``nl``, ``csv``, ``tsv``, ``text`` or ``table``.

    ``text`` is for a terminal; ``style`` is a tabulate format.
    """

    kind: str
    style: str = "simple"

    @classmethod
    def chosen(
        cls,
        *,
        json_: bool,
        nl: bool,
        csv_: bool,
        tsv: bool,
        table: bool,
        fmt: str | None,
        terminal: bool,
    ) -> Format:
        """The format that flags and terminal ask for. Raises BadValue for two, or one unknown."""
        flags = {"json": json_ and not nl, "nl": nl, "csv": csv_, "tsv": tsv, "table": table}
        given = [kind for kind, on in flags.items() if on]
        if fmt is not None:
            if fmt not in FORMATS:
                raise BadValue(f"--fmt {fmt!r} is not offered: use one of {', '.join(FORMATS)}")
            # Tabulate's own TSV would leave formulas as they are.
            kind = "tsv" if fmt == "tsv" else "table"
            given = [one for one in given if one not in ("table", kind)] + [kind]
        if len(given) > 1:
            raise BadValue(f"--{' and --'.join(given)} contradict each other: give one of them")
        if not given:
            return cls("text" if terminal else "json")
        return cls(given[0], fmt or "simple")


def render(rows: Rows, how: Format) -> str:
    """The rows as text, without a line end at its end. ``how`` is any kind but ``text``."""
    if how.kind == "json":
        return "[" + ",\n ".join(json.dumps(row) for row in rows) + "]"
    if how.kind == "nl":
        return "\n".join(json.dumps(row) for row in rows)
    if how.kind in ("csv", "tsv"):
        return _separated(rows, "," if how.kind == "csv" else "\t")
    import tabulate  # type: ignore[import-untyped]

    shown = escape if how.style in _MARKDOWN else _one_line
    table: str = tabulate.tabulate(
        [[shown(_shown(value)) for value in row.values()] for row in rows],
        headers=list(rows[0]) if rows else (),
        tablefmt=how.style,
        disable_numparse=True,
    )
    return table


def _separated(rows: Rows, delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue().rstrip("\n")


def _cell(value: Any) -> str:
    shown = _shown(value)
    # With blanks in front too: some programs trim them before they look for a formula.
    risky = isinstance(value, str) and (
        value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)
    )
    return "'" + shown if risky else shown


def _one_line(text: str) -> str:
    """A cell in a line of its own row: what follows a line break would look like another row."""
    return text.replace("\n", r"\n").replace("\t", r"\t")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value)
    return printable(str(value))
