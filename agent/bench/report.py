"""The benchmark's tables."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from agent.bench.arms import Timed
from agent.bench.decode import Report


def show(report: Report, console: Console) -> None:
    """Print what was measured: ways to decode, batches, passes against the ceiling."""
    setup = report.setup
    console.print(
        f"{report.machine}; {report.numerics}; contexts of {report.context:.0f} tokens; "
        f"policy {setup.policy or 'none'}, burst adapter {setup.burst or 'none'}",
        highlight=False,
    )
    base = report.rivals["transformers generate"].tps
    table = Table(title="one session")
    for heading in ("way", "tokens/s", "x generate", "TPF", "agreement", "ms a pass", "same text"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    slow = report.arms["slow"].texts
    for timed in (*report.rivals.values(), *report.arms.values()):
        same = sum(a == b for a, b in zip(timed.texts, slow, strict=True))
        table.add_row(
            timed.name,
            f"{timed.tps:.1f}",
            f"{timed.tps / base:.2f}",
            f"{timed.tpf:.2f}",
            _percent(timed),
            f"{timed.pass_ms:.1f}",
            f"{same}/{len(slow)}",
        )
    console.print(table)
    batches = Table(title="sessions together (tokens/s in all, and over one alone)")
    sizes = sorted({size for _, size in report.batches})
    for heading in ("way", *map(str, sizes)):
        batches.add_column(heading, justify="left" if heading == "way" else "right")
    for name in dict.fromkeys(name for name, _ in report.batches):
        one = report.batches[name, 1].tps
        cells = [report.batches[name, size].tps for size in sizes]
        batches.add_row(name, *(f"{tps:.1f} ({tps / one:.2f}x)" for tps in cells))
    console.print(batches)
    ceiling = report.ceiling_ms
    widths = ", ".join(f"{w}: {ms:.1f} ({ms / ceiling:.1f}x)" for w, ms in report.pass_ms.items())
    console.print(
        f"a bare pass without adapter, ms by positions (over the ceiling of {ceiling:.1f} ms, the "
        f"weights at {report.bandwidth / 1e9:.1f} GB/s): {widths}",
        highlight=False,
    )


def _percent(timed: Timed) -> str:
    return "" if timed.agreement is None else f"{100 * timed.agreement:.2f}%"
