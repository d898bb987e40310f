"""What is to be seen follows from the events alone, live or from the record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.events import (
    Began,
    Cancelled,
    Event,
    Generated,
    Held,
    NotesWritten,
    Opened,
    Passed,
    Phase,
    Proposed,
    Pruned,
    Settled,
    Stepped,
    SummaryFailed,
    Thought,
    Windowed,
)
from agent.lm.scripted import ScriptedModel
from agent.lm.types import Burst, Generation, Pass, Slow
from agent.telling import RecordedRun
from memory import Bank, Note, NoteVersion
from memory.render import hidden
from tests.agent.world import Corridor, play
from tui import blocks, figures
from tui.session import Session
from tui.state import MOST_ENTRIES, MOST_TURNS, View, reduce
from tui.text import shown
from tui.timeline import Timeline

EVIL = (
    "\x1b[31mred\x1b[0m [bold]x[/bold] \u202egnp.exe ａｂｃ 👩‍👩‍👧 e\u0301\u0301\u0301 \x07\x9b31m"
)


def passed(*tokens: int, text: str = "word", purpose: str = "think") -> Passed:
    return Passed(0, purpose, Pass(tokens, (None,) * len(tokens)), text)  # type: ignore[arg-type]


def version(uid: str, number: int, body: str, op: str = "rewrite") -> NoteVersion:
    state = "deleted" if op == "delete" else "live"
    return NoteVersion(
        uid, number, op, "t", body, state, None, False, "agent", "e", 3, "", f"{number}"
    )


def fold(*events: Event) -> View:
    view = View()
    for event in events:
        view = reduce(view, event)
    return view


def test_a_thought_grows_pass_by_pass() -> None:
    view = fold(
        Opened(0, 7, "a room", 0, 0.0, 3.0),
        Began(0, 1, "think", Burst(4, 0.9), 100),
        passed(1, 2, 3, text=" I am"),
        passed(4, text=" here"),
    )
    [entry] = view.entries
    assert (entry.text, entry.live, [p.tokens for p in entry.pieces]) == (
        " I am here",
        True,
        [3, 1],
    )
    assert (view.window, view.mode, view.figures.tpf) == (104, "burst(4, 0.9)", 2.0)
    assert figures.histogram(view.figures.lengths) == "1█ 3█"
    assert blocks.present(view).plain == "  1 ~  ‹I am› here▌"


def test_what_is_cancelled_is_marked_and_takes_no_more() -> None:
    view = fold(Began(0, 1, "think", Slow(), 9), passed(1), Cancelled(0, 1, "think"), passed(2))
    assert [(e.cancelled, e.live, e.text) for e in view.entries] == [(True, False, "word")]


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ([Phase(0, "LOADING")], "LOADING"),
        ([Phase(0, "THINKING")], "THINKING"),
        ([Phase(0, "THINKING"), Held(0, True)], "PAUSED"),
        ([Phase(0, "THINKING"), Held(0, True), Held(0, False)], "THINKING"),
        ([Phase(0, "ACTING"), Proposed(0, 1, "go")], "CONFIRM"),
        ([Phase(0, "ACTING"), Proposed(0, 1, "go"), Settled(0, 1, "approved")], "ACTING"),
        ([Phase(0, "PRUNING")], "PRUNING"),
        ([Phase(0, "DONE"), Held(0, True)], "DONE"),
        ([Phase(0, "ERROR")], "ERROR"),
    ],
)
def test_a_state_word_is_always_there(events: list[Event], word: str) -> None:
    assert fold(*events).word == word


def test_notes_are_shown_as_they_change() -> None:
    note = Note("a", Bank(1, "job", "x"), "t", "old words", "live", 1, 3, True, "1", "1")
    view = fold(
        Windowed(0, 1, 200, 419, 768, (note,)),
        NotesWritten(0, 3, ("REWRITE 1: new words",), (version("a", 2, "new words"),)),
        NotesWritten(0, 4, ("DELETE 1",), (version("a", 3, "new words", "delete"),)),
    )
    told = [blocks.diff(each.before, each.after).plain for each in view.changes]
    assert told == ["[-old-] {+new+} words", "[-new words-]"]
    assert [each.state for each in view.notes] == ["deleted"]
    # The same again, as a resumed run tells it, changes nothing.
    assert reduce(view, NotesWritten(0, 3, (), (version("a", 2, "new words"),))) == view


def test_agreement_and_pace_are_known_when_a_generation_is_complete() -> None:
    passes = (
        Pass((1, 2), (-1.0, -1.0), 0, (None, True)),
        Pass((3, 4), (-1.0, -1.0), 0, (None, False)),
    )
    view = fold(
        Began(0, 1, "think", Burst(2, 0.0), 9),
        passed(1, 2),
        passed(3, 4),
        Generated(0, 1, "think", Generation(passes, "stop_token", 2.0)),
    )
    assert (view.figures.agreement, view.figures.tokens_per_second) == (0.5, 2.0)
    assert view.figures.recent_tpf == (2.0,)


def test_another_episode_begins_with_nothing_of_the_first() -> None:
    view = fold(Opened(0, 1, "old"), Stepped(0, 1, "go", "older", 1.0, 5), Opened(1, 2, "new"))
    assert [turn.observation for turn in view.turns] == ["new"]
    assert (view.episode, view.step) == (1, 0)
    assert fold(Opened(3, 1, "x"), Phase(0, "STOPPING")).episode == 3


def test_what_is_kept_is_bounded_however_long_it_goes_on() -> None:
    view = View()
    for step in range(1, 500):
        for event in (
            Began(0, step, "think", Burst(8, 0.9), 100),
            passed(*range(8)),
            Thought(0, step, "x"),
            Stepped(0, step, "go", "y", None, 100),
        ):
            view = reduce(view, event)
    assert (len(view.turns), len(view.entries)) == (MOST_TURNS, MOST_ENTRIES)
    assert view.figures.passes == 499


texts = st.one_of(st.text(max_size=80), st.just(EVIL), st.just("x" * 100_000))


@settings(deadline=None)
@given(texts)
def test_no_text_reaches_the_screen_unclean(text: str) -> None:
    view = fold(
        Opened(0, 1, text),
        Began(0, 1, "think", Burst(8, 0.9), 9),
        passed(1, 2, text=text),
        SummaryFailed(0, 1, text),
        Stepped(0, 1, text, text, 1.0, 9),
        NotesWritten(0, 1, (), (replace(version("a", 1, "b"), title=text, body=text),)),
        Pruned(0, 1, "evicted", 9, 1),
        Proposed(0, 2, text),
    )
    panes = [
        blocks.game(view),
        blocks.earlier(view, folded=True),
        blocks.earlier(view, folded=False),
        blocks.present(view),
        blocks.changes(view),
        blocks.note(view.notes[0], 1),
    ]
    for pane in panes:
        assert not any(hidden(char) or char == "\t" for char in pane.plain)
        assert len(pane.plain) < 60_000
    assert "\x1b" not in (view.proposed or "")


@settings(deadline=None)
@given(st.text())
def test_shown_text_is_bounded_and_harmless_text_stays(text: str) -> None:
    assert (
        len(shown(text, 100)) < 1_600
    )  # each of 100 characters at most ten, and what was cut told
    assert shown("plain [markup] words") == "plain [markup] words"


def test_a_record_tells_what_a_watcher_was_told(tmp_path: Path) -> None:
    live = Timeline()
    done = play(
        tmp_path / "run",
        env=lambda: Corridor(30),
        model=ScriptedModel(),
        window={"budget": 640},
        think={"k": 4},
        watch=live.take,
    )
    told = Timeline(RecordedRun(done.path, ScriptedModel().vocabulary).events(0))
    assert told.steps == live.steps == list(range(31))
    for step in (0, 1, 7, 30, None):
        now, then = live.at(step), told.at(step)
        assert now.turns == then.turns
        assert now.entries == then.entries
        assert [(n.note, n.version, n.body) for n in now.notes] == [
            (n.note, n.version, n.body) for n in then.notes
        ]
        assert now.in_window == then.in_window
        assert [blocks.diff(c.before, c.after).plain for c in now.changes] == [
            blocks.diff(c.before, c.after).plain for c in then.changes
        ]
        assert (now.window, now.budget, now.high) == (then.window, then.budget, then.high)
        assert now.figures.lengths == then.figures.lengths
    assert live.live.word == told.live.word == "DONE"


def test_a_record_without_a_vocabulary_still_tells_whole_thoughts(tmp_path: Path) -> None:
    done = play(tmp_path / "run", model=ScriptedModel())
    told = Timeline(RecordedRun(done.path).events(0))
    thoughts = [entry.text for entry in told.live.entries if entry.kind == "think"]
    assert thoughts[0] == "I am in Room 0. I have not tried everything here, so I go on."


words = st.lists(st.text("abｗ", max_size=30), max_size=12)


@given(words, st.integers(20, 90), st.integers(1, 3))
def test_figures_fill_their_rows_from_the_first_on(texts: list[str], width: int, most: int) -> None:
    rows = figures.rows(texts, width, most)
    said = [text for text in texts if text]
    assert "  ".join(said).startswith("  ".join(rows))
    assert bool(rows) == bool(said)
    assert sum(-(-cell_len(row) // width) for row in rows) <= max(most, 3)
    wide = [row for row in rows if cell_len(row) > width]
    assert all(row in said for row in wide)
    left = said[len("  ".join(rows).split("  ")) :] if said and rows else []
    if left and len(rows) == most and not wide:
        assert cell_len(rows[-1]) + 2 + cell_len(left[0]) > width


def test_what_was_read_of_the_steps_stays_as_it_was() -> None:
    # The run's thread takes events while another looks a step up.
    line = Timeline([Opened(0, 1, "a"), Stepped(0, 1, "go", "b", 1.0, 5)])
    read, then = line._steps, dict(line._steps)
    line.take(Stepped(0, 2, "go", "c", 1.0, 5))
    line.take(Phase(1, "THINKING"))
    assert read == then
    assert (line.steps, line.at(2)) == ([], line.live)
    line.take(Opened(1, 2, "d"))
    assert line.steps == [0]


def test_a_step_back_is_the_view_of_that_step(tmp_path: Path) -> None:
    done = play(tmp_path / "run", episodes=2, model=ScriptedModel())
    session = Session(done.path)
    line = session.timeline
    assert line.before(None) == 10
    assert line.before(10) == 9
    assert line.before(0) == 0
    assert line.after(9) == 10
    assert line.after(10) is None
    assert line.at(4).turns[-1].step == 4
    assert session.neighbour(1) == 1
    assert session.neighbour(-1) is None
    session.open(1)
    assert session.timeline.live.seed == 1


@pytest.mark.parametrize("width", [1, 10, 60])
def test_a_meter_is_as_wide_as_it_is_told(width: int) -> None:
    for window in (0, 100, 419, 768, 5000):
        view = View(window=window, high=419, budget=768)
        assert len(figures.meter(view, width)) == width
