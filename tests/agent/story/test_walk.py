"""The plain text: what happened, in the marks of `--show`, with nothing that a terminal obeys."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings

from agent.story import walk
from agent.story.overview import overview
from agent.story.parts import Turn
from memory.render import hidden
from tests.agent.story.world import (
    HOSTILE,
    LONG_LINE,
    recording_of,
    step_of,
    told,
    turn_lists,
    wayward_run,
)


@given(turn_lists)
@settings(deadline=None, max_examples=60)
def test_no_terminal_obeys_any_of_it(turns: list[Turn]) -> None:
    for line in walk.lines(turns, 640):
        assert not any(hidden(char) for char in line)
        assert "\n" not in line


def test_long_lines_are_told_whole() -> None:
    assert any(LONG_LINE in line for line in walk.lines([step_of(0, LONG_LINE)], 640))


def test_hostile_text_stays_readable() -> None:
    text = "\n".join(walk.lines([step_of(0, HOSTILE)], 640))
    assert "<script>window.ran = 1</script>" in text
    assert "\\x1b[31mred" in text
    assert "日本語のテキスト" in text


def test_a_run_reads_as_it_happened(tmp_path: Path) -> None:
    done = wayward_run(tmp_path / "run", steps=20)
    row = done.rows[0]
    with recording_of(done.path) as recording:
        top = list(walk.opening(overview(recording)))
    assert "  outcome: won" in top
    assert f"  prunes: {row.prunes}, of which {row.evictions} without notes" in top
    lines = list(walk.lines(told(done.path), 640))
    marks = {line[:4] for line in lines if line and not line.startswith("---")}
    assert {"  | ", "  ~ ", "  > ", "  + ", "  ! ", "  x ", "  * ", "  - ", "  = "} == marks
    assert sum(line.startswith("  > ") for line in lines) == row.steps
    assert any(line.startswith("  ~ [ I think of ") for line in lines)
    assert any("{+" in line and "[-" in line for line in lines)  # a rewritten note
