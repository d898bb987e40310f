"""The figures as PNG. matplotlib is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.files import cannot_write
from agent.report.figures import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCH_A_GROUP = 2.4
_MARKERS = "osD^vP*X<>"


def plot(rows: Sequence[Figures], thinking: Sequence[str], folder: Path) -> list[Path]:
    """Draw what the rows have figures for; returns the files.

    win_rate.png by family and arm; score_by_passes.png of the arms in `thinking`; burst_lengths.png of
    those of them that kept more than one token in some pass.
    Raises StorageFailed.
    """
    played = [row for row in rows if row.win_rate is not None]
    thought = [
        r for r in played if r.arm in thinking and r.passes_per_step and r.mean_score is not None
    ]
    bursts = _lengths([row for row in thought if max(row.burst_lengths, default=1) > 1])
    drawn: list[tuple[str, Figure]] = []
    if played:
        drawn.append(("win_rate", _win_rate(played)))
    if thought:
        drawn.append(("score_by_passes", _score_by_passes(thought)))
    if bursts:
        drawn.append(("burst_lengths", _burst_lengths(bursts)))
    return [_save(figure, folder / f"{name}.png") for name, figure in drawn]


def _new(width: float, height: float) -> tuple[Figure, Axes]:
    # Figure itself, not pyplot: no window, no state that outlives the file.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    return figure, axes


def _win_rate(rows: Sequence[Figures]) -> Figure:
    families = list(dict.fromkeys(row.family for row in rows))
    arms = list(dict.fromkeys(row.arm for row in rows))
    figure, axes = _new(max(5.0, 2 + _INCH_A_GROUP * len(families)), 4.2)
    width = 0.8 / len(arms)
    for number, arm in enumerate(arms):
        mine = [row for row in rows if row.arm == arm]
        places = [
            families.index(row.family) + (number - (len(arms) - 1) / 2) * width for row in mine
        ]
        wins = [100 * (row.win_rate or 0) for row in mine]
        axes.bar(places, wins, 0.9 * width, label=arm, color=f"C{number % 10}", alpha=0.85)
        axes.errorbar(
            places,
            wins,
            yerr=_errors(mine, "win"),
            fmt="none",
            ecolor="0.2",
            elinewidth=1,
            capsize=2,
        )
    axes.set_xticks(range(len(families)), families)
    axes.set_ylim(0, 102)
    axes.set_ylabel("games won, % (95% Wilson interval)")
    figure.legend(loc="outside upper center", ncols=min(len(arms), 6), frameon=False)
    return figure


def _score_by_passes(rows: Sequence[Figures]) -> Figure:
    families = list(dict.fromkeys(row.family for row in rows))
    arms = list(dict.fromkeys(row.arm for row in rows))
    figure, axes = _new(7.5, 4.5)
    for row in rows:
        axes.errorbar(
            row.passes_per_step or 0,
            100 * (row.mean_score or 0),
            yerr=_errors([row], "score"),
            fmt=_MARKERS[arms.index(row.arm) % len(_MARKERS)],
            color=f"C{families.index(row.family) % 10}",
            elinewidth=1,
            capsize=2,
            markersize=7,
        )
    for number, family in enumerate(families):
        # A line a family: what the same games cost, thought about in other ways.
        mine = sorted((r for r in rows if r.family == family), key=lambda r: r.passes_per_step or 0)
        points = [(r.passes_per_step or 0, 100 * (r.mean_score or 0)) for r in mine]
        axes.plot(*zip(*points, strict=True), color=f"C{number % 10}", alpha=0.4, zorder=1)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 102)
    axes.set_xlabel("forward passes a step")
    axes.set_ylabel("score, % (95% bootstrap interval)")
    _two_legends(axes, families, arms)
    return figure


def _two_legends(axes: Axes, families: Sequence[str], arms: Sequence[str]) -> None:
    """Colour tells the family, shape the arm."""
    from matplotlib.lines import Line2D

    colours = [Line2D([], [], color=f"C{n % 10}", label=f) for n, f in enumerate(families)]
    shapes = [
        Line2D([], [], color="0.3", marker=_MARKERS[n % len(_MARKERS)], linestyle="", label=arm)
        for n, arm in enumerate(arms)
    ]
    axes.legend(
        handles=[*colours, *shapes], loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False
    )


def _lengths(rows: Sequence[Figures]) -> dict[str, dict[int, int]]:
    """Passes of thinking by length, of each arm over all its families."""
    lengths: dict[str, dict[int, int]] = {}
    for row in rows:
        mine = lengths.setdefault(row.arm, {})
        for length, passes in row.burst_lengths.items():
            mine[length] = mine.get(length, 0) + passes
    return lengths


def _burst_lengths(arms: dict[str, dict[int, int]]) -> Figure:
    figure, axes = _new(6.5, 4.0)
    longest = max(max(lengths) for lengths in arms.values())
    width = 0.8 / len(arms)
    for number, (arm, lengths) in enumerate(arms.items()):
        passes = sum(lengths.values())
        places = [n + (number - (len(arms) - 1) / 2) * width for n in range(1, longest + 1)]
        shares = [100 * lengths.get(n, 0) / passes for n in range(1, longest + 1)]
        tpf = sum(n * count for n, count in lengths.items()) / passes
        axes.bar(places, shares, 0.9 * width, label=f"{arm} (TPF {tpf:.2f} over {passes} passes)")
    axes.set_xticks(range(1, longest + 1))
    axes.set_xlabel("tokens that a pass of thinking kept")
    axes.set_ylabel("passes, %")
    figure.legend(loc="outside upper center", frameon=False)
    return figure


def _errors(rows: Sequence[Figures], what: str) -> Any:
    """Distances below and above, in points: (2, n)."""
    middle = "win_rate" if what == "win" else "mean_score"
    below = [100 * (getattr(r, middle) - getattr(r, f"{what}_low")) for r in rows]
    above = [100 * (getattr(r, f"{what}_high") - getattr(r, middle)) for r in rows]
    return [[max(x, 0.0) for x in below], [max(x, 0.0) for x in above]]


def _save(figure: Figure, path: Path) -> Path:
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path
