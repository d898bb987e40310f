"""Traces as sequences: each call of the model is found again, with the very window that it saw."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agent.errors import RunDirectoryError, TrainingFailed
from agent.lm.scripted import Prompt, ScriptedModel
from agent.lm.types import Generation, OnPass, Request
from agent.train import data
from agent.train.directory import data_hash
from agent.train.sequences import TokenSequence
from agent.train.traces import of_run, sequences
from tests.agent.world import Corridor, answers, play, trace_of

NOTE = "ADD hall: exits north\nEND"


class Recorder(ScriptedModel):
    """A scripted model that remembers what it was asked and what it answered."""

    def __init__(self, script: Callable[[Prompt], str]) -> None:
        super().__init__(script)
        self.calls: list[tuple[tuple[int, ...], tuple[int, ...], str]] = []

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        done = await super().generate(session, window, request, on_pass)
        self.calls.append((tuple(window), done.token_ids, request.purpose))
        return done


def lived(tmp: Path, length: int, **config: Any) -> tuple[list[TokenSequence], Recorder]:
    scripts = config.pop("scripts", {})
    model = Recorder(answers(**scripts))
    done = play(tmp / "run", env=partial(Corridor, length=length), model=model, **config)
    assert done.rows[0].error is None
    return list(sequences(trace_of(done))), model


def check(found: list[TokenSequence], model: Recorder) -> None:
    """Every call is one written stretch, after the window that the call saw, in the same order."""
    stretches = [(each, stretch) for each in found for stretch in each.written]
    assert len(stretches) == len(model.calls)
    for (sequence, stretch), (window, answer, purpose) in zip(stretches, model.calls, strict=True):
        kept = sequence.ids[stretch.start : stretch.stop]
        assert sequence.ids[: stretch.start] == window
        assert answer[: len(kept)] == kept
        assert stretch.purpose == purpose


def test_a_sequence_ends_where_a_prune_follows(tmp_path: Path) -> None:
    found, model = lived(tmp_path, 30, window={"budget": 640})
    check(found, model)
    assert len(found) > 3
    for sequence in found:
        assert sequence.written[-1].purpose == "summarise"
        assert [w.purpose for w in sequence.written].count("summarise") == 1
        assert sequence.source == "test/corridor"


def test_what_stays_after_a_prune_is_context_only(tmp_path: Path) -> None:
    found, model = lived(tmp_path, 30, window={"budget": 640})
    for before, after in itertools.pairwise(found):
        last = next(w for w in reversed(before.written) if w.purpose == "think")
        thought = model.vocabulary.decode(before.ids[last.start : last.stop])
        context = model.vocabulary.decode(after.ids[: after.written[0].start])
        assert context.count(thought) == 1  # the newest turn stays, and was learnt from already


@pytest.mark.parametrize("answer", ["", "nonsense", "ADD hall: exits north", "DELETE 7\nEND"])
def test_refused_exchanges_are_branches(tmp_path: Path, answer: str) -> None:
    found, model = lived(tmp_path, 12, window={"budget": 640}, scripts={"summarise": answer})
    check(found, model)


def test_a_request_to_write_notes_is_a_branch(tmp_path: Path) -> None:
    def act(prompt: Prompt) -> str:
        return " write notes" if prompt.count % 3 == 0 else " go north"

    found, model = lived(tmp_path, 8, scripts={"act": act, "summarise": NOTE})
    check(found, model)
    text = model.vocabulary.decode(found[0].ids)
    assert text.endswith("Action: write notes")


def test_a_thought_that_was_empty_is_a_branch(tmp_path: Path) -> None:
    def think(prompt: Prompt) -> str:
        return " \n" if prompt.count == 1 else " Walk on.\n"

    found, model = lived(tmp_path, 3, scripts={"think": think})
    check(found, model)
    assert len(found) == 2


def test_without_notes_windows_are_cut_and_nothing_is_asked(tmp_path: Path) -> None:
    found, model = lived(tmp_path, 30, window={"budget": 640}, notes={"enabled": False})
    check(found, model)
    assert len(found) > 2
    assert {w.purpose for sequence in found for w in sequence.written} == {"think", "act"}


WORDS = st.sampled_from(
    ["a", "room", "Action:", "\n", "END", "ADD x: y", " ", "Thought:", "é☃", ""]
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # an episode is too slow to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    thoughts=st.lists(TEXTS, min_size=1, max_size=5),
    acts=st.lists(TEXTS | st.just(" write notes"), min_size=1, max_size=5),
    notes=st.lists(
        st.sampled_from([NOTE, "REWRITE 1: x\nEND", "FIND room\nADD a: b\nEND", "no"]),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_a_model_writes_is_found_again(
    tmp_path_factory: pytest.TempPathFactory,
    thoughts: list[str],
    acts: list[str],
    notes: list[str],
) -> None:
    def turns(texts: list[str]) -> Callable[[Prompt], str]:
        return lambda prompt: texts[prompt.count % len(texts)]

    scripts = {"think": turns(thoughts), "act": turns(acts), "summarise": turns(notes)}
    found, model = lived(
        tmp_path_factory.mktemp("traces"), 9, window={"budget": 640}, scripts=scripts
    )
    stretches = [(s, w) for s in found for w in s.written]
    calls = iter(model.calls)
    for sequence, stretch in stretches:
        # A call that wrote nothing but its ending may have left no stretch; none is out of order.
        for window, answer, purpose in calls:
            if window == sequence.ids[: stretch.start] and purpose == stretch.purpose:
                kept = sequence.ids[stretch.start : stretch.stop]
                assert answer[: len(kept)] == kept
                break
        else:
            pytest.fail(f"no call of the model wrote {stretch}")


def test_a_run_is_the_sequences_of_its_episodes(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=partial(Corridor, length=3), episodes=2, seed=7)
    assert [each.seed for each in of_run(done.path)] == [7, 8]
    assert data.load([done.path]) == list(of_run(done.path))
    before = data_hash([done.path])
    last = max((done.path / "traces").iterdir())
    last.write_text(last.read_text() + "\n")
    assert data_hash([done.path]) != before
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingFailed, match="no traces in .*; give the directory"):
        list(of_run(tmp_path / "empty"))


def test_a_trace_that_was_changed_is_refused(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=partial(Corridor, length=3))
    path = trace_of(done)
    lines = path.read_text().splitlines(keepends=True)
    without = [line for line in lines if '"kind":"observation","turn":2' not in line]
    assert len(without) == len(lines) - 1
    path.write_text("".join(without))
    with pytest.raises(TrainingFailed, match="the model saw"):
        list(sequences(path))
    path.write_text("{")
    with pytest.raises(RunDirectoryError, match="damaged"):
        list(sequences(path))
