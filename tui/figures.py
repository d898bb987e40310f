"""Figures as a few characters: a sparkline, a histogram, a meter. Pure, and fit for any terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from rich.cells import cell_len

from agent.live import number
from tui.state import Figures, View

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as bars, from 0 to the highest of them."""
    last = list(values[-width:])
    most = max(last, default=0.0)
    if most <= 0:
        return ""
    return "".join(BARS[min(int(value / most * len(BARS)), len(BARS) - 1)] for value in last)


def histogram(lengths: Sequence[tuple[int, int]]) -> str:
    """Burst lengths and their shares: '1▂ 4█'."""
    most = max((count for _, count in lengths), default=0)
    return " ".join(
        f"{length}{BARS[min(int(count / most * len(BARS)), len(BARS) - 1)]}"
        for length, count in lengths
        if count
    )


def meter(view: View, width: int) -> str:
    """The window's fill as a bar: '█' tokens, '│' the high-water mark, '·' room."""
    if not view.budget:
        return "·" * width
    filled = min(round(width * view.window / view.budget), width)
    mark = min(round(width * view.high / view.budget), width - 1)
    cells = ["█" if at < filled else "·" for at in range(width)]
    cells[mark] = "┃" if mark < filled else "│"
    return "".join(cells)


def figure(value: float | None, digits: int = 2) -> str:
    """A figure, or '-' for what is not measured."""
    return "-" if value is None else f"{value:.{digits}f}"


def pace(per_second: float | None) -> str:
    """Tokens a second: a slow model's pace is no 0."""
    return figure(per_second, 1 if per_second is not None and per_second < 10 else 0)


def percent(value: float | None) -> str:
    """A share as a percentage, or '-'."""
    return "-" if value is None else f"{100 * value:.0f}%"


def score(view: View) -> str:
    """Points so far, of how many."""
    most = "" if view.max_score is None else f"/{number(view.max_score)}"
    return f"{number(view.score)}{most}"


def rows(texts: Sequence[str], width: int, most: int) -> list[str]:
    """As many of the texts as `most` rows of `width` cells hold, from the first on, none of them broken.

    Only one that is wider than a row takes more than one.
    """
    found: list[str] = []
    for text in filter(None, texts):
        if found and cell_len(found[-1]) + 2 + cell_len(text) <= width:
            found[-1] += f"  {text}"
        else:
            found.append(text)
    taken = accumulate(-(-cell_len(each) // width) for each in found)
    return [each for each, height in zip(found, taken, strict=True) if height <= most] or found[:1]


def parts(view: View, steering: str, width: int) -> list[str]:
    """The figures, the most telling ones first, as short texts that can be dropped from the end."""
    each: Figures = view.figures
    marks = f" (high {view.high}, most {view.window_most})" if width >= 60 else ""
    spark = sparkline(each.recent_tpf, 16 if width >= 100 else 8)
    return [
        steering,
        f"step {view.step}",
        f"score {score(view)}",
        f"TPF {figure(each.tpf)} {spark}".rstrip(),
        f"window {view.window}/{view.budget}{marks}",
        f"{pace(each.tokens_per_second)} tokens/s",
        f"{each.passes} passes",
        f"agreement {percent(each.agreement)}",
        f"bursts {histogram(each.lengths) or '-'}",
        view.mode,
    ]
