"""The window is pure: what a prune keeps, how a recipe reads, why the budget is never exceeded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.context import (
    TRANSCRIPT,
    Caps,
    Cut,
    Kind,
    Marks,
    Segment,
    Window,
    fit_marks,
    parse_recipe,
    plan_cut,
    room_for_recalled,
)
from agent.errors import ConfigError, WindowOverflow

KINDS: list[Kind] = ["observation", "thought", "recalled", "hint", "action"]


@st.composite
def transcripts(draw: st.DrawFn) -> list[Segment]:
    """Whole turns in order, each of some segments."""
    made: list[Segment] = []
    turn = draw(st.integers(1, 50))
    for sizes in draw(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=5), max_size=8)):
        for kind, size in zip(KINDS, sizes, strict=False):
            span = draw(st.sampled_from([None, f"span-{len(made)}"]))
            made.append(Segment(len(made), kind, turn, (7,) * size, span))
        turn += draw(st.integers(1, 3))
    return made


def tokens(segments: Sequence[Segment]) -> int:
    return sum(len(segment.ids) for segment in segments)


# --- pruning ---


@given(transcript=transcripts(), allowance=st.integers(-10, 300))
def test_a_cut_keeps_the_newest_whole_turns_that_fit(
    transcript: list[Segment], allowance: int
) -> None:
    cut = plan_cut(transcript, allowance)
    assert [*cut.cut, *cut.kept] == transcript, "a suffix is kept, and nothing is lost"
    kept, gone = {s.turn for s in cut.kept}, {s.turn for s in cut.cut}
    assert kept.isdisjoint(gone), "no turn is split"
    if transcript:
        assert transcript[-1].turn in kept, "the turn being made stays"
    if len(kept) > 1:
        assert tokens(cut.kept) <= allowance
    if gone:
        next_older = [s for s in cut.cut if s.turn == max(gone)]
        assert tokens(next_older) + tokens(cut.kept) > allowance, "more would not fit"
    assert (cut.tokens_before, cut.tokens_after) == (tokens(transcript), tokens(cut.kept))
    assert cut.spans == tuple(s.span for s in transcript if s.turn in gone and s.span)


def test_nothing_to_cut() -> None:
    assert plan_cut([], 0) == Cut((), ())


def test_a_turn_whose_numbers_skip_is_no_matter() -> None:
    old, new = Segment(0, "observation", 1, (1,) * 5), Segment(1, "observation", 9, (1,) * 5)
    assert plan_cut([old, new], 10).cut == ()
    assert plan_cut([old, new], 9).cut == (old,)
    assert plan_cut([old, new], 0).kept == (new,), "whatever it costs"


# --- the window ---


@given(
    ids=st.lists(st.integers(0, 60), unique=True, max_size=30)
    | st.lists(st.tuples(st.integers(0, 60), st.integers(1, 6)), max_size=6).map(
        lambda runs: [n for first, count in runs for n in range(first, first + count)]
    )
)
def test_a_recipe_names_the_segments_in_order(ids: list[int]) -> None:
    window = Window(0, tuple(Segment(n, "head", 0, ()) for n in ids))
    assert parse_recipe(window.recipe()) == ids


def test_a_recipe_folds_runs() -> None:
    window = Window(9, tuple(Segment(n, "head", 0, ()) for n in [57, *range(40, 57), 3]))
    assert window.recipe() == "57,40-56,3"
    assert Window(9).recipe() == ""


@given(sizes=st.lists(st.integers(0, 12), max_size=12), budget=st.integers(0, 60))
def test_a_window_grows_at_its_end_and_never_past_its_budget(sizes: list[int], budget: int) -> None:
    window, ids = Window(budget), list[int]()
    for n, size in enumerate(sizes):
        segment = Segment(n, "observation", n, tuple(range(n, n + size)))
        if len(ids) + size > budget:
            with pytest.raises(WindowOverflow):
                window.append(segment)
        else:
            window, ids = window.append(segment), [*ids, *segment.ids]
        assert (window.ids, len(window)) == (ids, len(ids))
        assert len(window) <= budget


def test_an_overflow_says_by_how_much() -> None:
    window = Window(10, (Segment(0, "head", 0, (1,) * 7),))
    window.require(3)
    with pytest.raises(WindowOverflow) as overflow:
        window.require(4)
    assert str(overflow.value) == "7 tokens in the window and 4 to come exceed its budget of 10"


@given(transcript=transcripts())
def test_the_transcript_is_what_a_prune_may_cut(transcript: list[Segment]) -> None:
    head = Segment(900, "head", 0, (1,))
    summary = Segment(901, "summary_prompt", 99, (2,))
    window = Window(10_000, (head, *transcript, summary))
    assert list(window.transcript) == transcript
    assert window.without("summary_prompt").segments == (head, *transcript)
    assert {s.kind for s in window.segments} - TRANSCRIPT == {"head", "summary_prompt"}


# --- the marks ---

CapsOf = st.builds(
    Caps,
    head=st.integers(1, 120),
    observation=st.integers(1, 80),
    thought=st.integers(0, 50),
    action=st.integers(1, 20),
    summary_prompt=st.integers(1, 60),
    summary=st.integers(1, 80),
    recalled=st.integers(0, 50),
)


@settings(max_examples=150, deadline=None)
@given(
    caps=CapsOf,
    spare=st.integers(0, 400),
    high_share=st.floats(0, 1),
    low_share=st.floats(0, 1),
    choice=st.randoms(use_true_random=False),
)
def test_no_growth_that_the_caps_allow_exceeds_the_budget(
    caps: Caps, spare: int, high_share: float, low_share: float, choice: object
) -> None:
    """The loop's worst case, step by step, as nodes.py appends, checks and prunes."""
    budget = caps.pruned + caps.reserve + spare
    high = int(high_share * (budget - caps.reserve))
    try:
        marks = fit_marks(budget, caps, high, int(low_share * high))
    except ConfigError:
        return
    random = choice.random  # type: ignore[attr-defined]

    def size(cap: int) -> int:
        return cap if random() < 0.7 else int(random() * cap)

    window, number = Window(budget), 0

    def append(kind: Kind, turn: int, length: int) -> None:
        nonlocal window, number
        window, number = window.append(Segment(number, kind, turn, (7,) * length)), number + 1

    def summarise(turn: int) -> None:
        nonlocal window
        for _ in range(2):  # the second time after a failure
            append("summary_prompt", turn, size(caps.summary_prompt))
            window.require(caps.summary)
            window = window.without("summary_prompt")
        cut = plan_cut(window.transcript, marks.low - caps.head)
        window = Window(budget, (Segment(0, "head", turn, (7,) * size(caps.head)), *cut.kept))
        window.require(0)
        for _ in range(3):  # FIND, again and again
            room = room_for_recalled(window, turn, caps, marks)
            append("recalled", turn, min(size(caps.recalled), room))

    append("head", 0, size(caps.head))
    for turn in range(1, 12):
        append("observation", turn, size(caps.observation))
        window.require(caps.thought)
        append("thought", turn, size(caps.thought))
        if len(window) > marks.high:
            summarise(turn)
        window.require(caps.action)
        if random() < 0.3:  # it asks for a summary
            summarise(turn)
            window.require(caps.action)
        append("action", turn, size(caps.action))
        assert len(window) <= budget


def test_looked_up_notes_have_a_cap_a_turn_and_stop_at_the_high_mark() -> None:
    marks = Marks(high=500, low=500)

    def room(*segments: Segment) -> int:
        return room_for_recalled(Window(1000, segments), 5, CAPS, marks)

    assert room() == CAPS.recalled == 40
    assert room(Segment(0, "head", 5, (7,) * 450)) == 40
    assert room(Segment(0, "head", 5, (7,) * 470)) == 30
    assert room(Segment(0, "head", 5, (7,) * 600)) == 0, "the newest turn may be above the mark"
    assert room(Segment(0, "recalled", 5, (7,) * 15)) == 25, "with what this turn looked up before"
    assert room(Segment(0, "recalled", 4, (7,) * 15)) == 40


PARTS = "action 10 + observation 100 + thought 50 + request for notes 60 + notes 80"
CAPS = Caps(
    head=200, observation=100, thought=50, action=10, summary_prompt=60, summary=80, recalled=40
)


def test_marks_that_are_left_open_are_as_high_as_fits() -> None:
    assert (CAPS.reserve, CAPS.pruned) == (300, 390)
    assert fit_marks(1000, CAPS, 0, 0) == Marks(high=700, low=489)
    assert fit_marks(690, CAPS, 0, 0).high == 390
    assert fit_marks(1000, CAPS, 500, 0) == Marks(high=500, low=350)
    assert fit_marks(1000, CAPS, 500, 500) == Marks(high=500, low=500)


@pytest.mark.parametrize(
    ("budget", "high", "low", "message"),
    [
        (
            1000,
            701,
            0,
            (
                f"window.high_water 701 leaves 299 of 1000 tokens, and a step may need 300 ({PARTS}); "
                "use at most 700, or a larger window.budget"
            ),
        ),
        (
            200,
            50,
            0,
            (
                f"window.high_water 50 leaves 150 of 200 tokens, and a step may need 300 ({PARTS}); "
                "use at most 0, or a larger window.budget"
            ),
        ),
        (
            689,
            0,
            0,
            (
                "window.budget 689 is too small: a pruned window may hold 390 tokens (head 200 + "
                "observation 100 + thought 50 + looked-up notes 40), and a step needs 300 more "
                f"({PARTS}); use at least 690, or window.describe=goal"
            ),
        ),
        (
            1000,
            600,
            601,
            "window.low_water 601 is above window.high_water 600; use a smaller one",
        ),
    ],
)
def test_marks_that_do_not_fit(budget: int, high: int, low: int, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        fit_marks(budget, CAPS, high, low)
    assert str(refused.value) == message
