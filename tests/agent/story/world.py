"""Recorded episodes to be told again: scripted runs, and steps made up of any text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from agent.lm.scripted import ScriptedModel, ScriptedVocabulary
from agent.playing import Run
from agent.runner import run
from agent.story.overview import Overview
from agent.story.parts import (
    Acted,
    Burst,
    Change,
    Clipped,
    Ended,
    Entered,
    Generated,
    Noted,
    Part,
    Person,
    Pruned,
    Refused,
    Shown,
    Thought,
    Token,
    Turn,
    Unused,
)
from agent.story.recording import Recording, StoredRun
from agent.story.turns import turns
from agent.tally import Spent
from memory import StepRecord
from tests.agent.kill import config, wayward
from tests.agent.world import Corridor

HOSTILE = (
    "<script>window.ran = 1</script>\x1b[31mred\x1b]0;title\x07 </pre></details>"
    "<img src=x onerror='window.ran = 1'>\"'&amp; \u202egnissim\u202c 日本語のテキスト 🧙‍♀️ \x00\r\n"
    "{{ 7 * 7 }} {% raw %}"
)
LONG_LINE = "x" * 100_000


def wayward_run(out: Path, *, steps: int = 12, **settings: Any) -> Run:
    """A run of thoughts, notes, refusals, look-ups and prunes."""
    values = {"episodes": 1, "jobs": 1, **settings}
    return run(
        config(out, **values),
        model=ScriptedModel(wayward),
        make_env=lambda _spec: Corridor(length=steps),
    )


@contextmanager
def recording_of(path: Path, index: int = 0) -> Iterator[Recording]:
    with closing(StoredRun(path)) as stored, closing(Recording(stored, index)) as recording:
        yield recording


def told(path: Path, index: int = 0, first: int = 0, last: int | None = None) -> list[Turn]:
    """The steps of an episode of a scripted model."""
    with recording_of(path, index) as recording:
        return list(turns(recording, ScriptedVocabulary(), first, last))


OVERVIEW = Overview("Episode 0 of a run", None, (("outcome", "won"),))

texts = st.text(st.characters(codec=None), max_size=60) | st.sampled_from([HOSTILE, "", "\n\n"])
_tokens = st.builds(
    Token,
    id=st.integers(0, 2**40),
    text=texts,
    logprob=st.none() | st.floats(-20, 0),
    agreed=st.none() | st.booleans(),
)
_bursts = st.builds(
    Burst,
    tokens=st.lists(_tokens, min_size=1, max_size=4).map(tuple),
    prefill=st.integers(0, 9),
)
generations = st.builds(
    Generated,
    purpose=st.sampled_from(["think", "summarise", "act"]),
    mode=st.just("burst(8, 0.9)"),
    stop=st.just("stop_string"),
    window=st.integers(0, 900),
    bursts=st.lists(_bursts, max_size=4).map(tuple),
    wall_s=st.floats(0, 10),
)
_shown = st.builds(
    Shown, uid=texts, version=st.integers(1, 9), title=st.none() | texts, body=st.none() | texts
)
_notes = st.lists(_shown, max_size=3).map(tuple)
_changes = st.builds(
    Change,
    op=st.sampled_from(["add", "rewrite", "delete", "find"]),
    n=st.none() | st.integers(1, 9),
    title=st.none() | texts,
    text=st.lists(st.tuples(st.sampled_from(["same", "out", "in"]), texts), max_size=3).map(tuple),
)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Clipped, texts),
    st.builds(Thought, texts, generations),
    st.builds(Entered, texts, texts),
    st.builds(Unused, st.sampled_from(["asked", "cancelled", "refused", "replaced"]), generations),
    st.builds(Person, texts),
    st.builds(
        Noted,
        st.just("end"),
        st.lists(_changes, max_size=3).map(tuple),
        st.lists(texts, max_size=2).map(tuple),
        st.none() | generations,
    ),
    st.builds(Refused, st.just("asked"), texts, st.none() | generations),
    st.builds(
        Pruned,
        st.just("summarised"),
        st.integers(0, 900),
        st.integers(0, 900),
        st.lists(st.tuples(st.integers(0, 99), st.just("thought")), max_size=4).map(tuple),
        _notes,
        _notes,
    ),
    st.builds(Acted, texts, st.none() | generations),
    st.builds(Ended, st.just("error"), st.none() | texts),
)


def step_of(number: int, observation: str | None, *made: Part) -> Turn:
    record = StepRecord(number, "go" if number else None, "0" * 64, 1.0, 1.0, False, "0", 1)
    return Turn(
        number=number,
        parts=made,
        record=record,
        observation=observation,
        erased=False,
        listed=None,
        at=None,
        window=5,
        wall_ms=1.0,
        spent=Spent(),
    )


turn_lists = st.lists(
    st.builds(
        lambda observation, made: (observation, made),
        st.none() | texts,
        st.lists(parts, max_size=4),
    ),
    max_size=3,
).map(lambda steps: [step_of(n, seen, *made) for n, (seen, made) in enumerate(steps)])
