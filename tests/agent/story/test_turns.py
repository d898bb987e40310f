"""Episodes read again from their record, in order and at random, whole and cut off anywhere."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent import steering
from agent.errors import RunDirectoryError
from agent.lm.scripted import ScriptedModel, ScriptedVocabulary
from agent.lm.types import Generation, Purpose
from agent.playing import Run
from agent.runner import run, run_async
from agent.steering import (
    Approved,
    EditNote,
    GenerationCancelled,
    Hint,
    Obey,
    Order,
    Replaced,
    SetBurst,
    Unsteered,
    Verdict,
)
from agent.story.parts import (
    Acted,
    Began,
    Clipped,
    Ended,
    Entered,
    Noted,
    Person,
    Pruned,
    Refused,
    Thought,
    Turn,
    Unused,
)
from agent.story.recording import StoredRun
from agent.story.turns import turns
from agent.tally import Tally
from agent.trace import read
from memory import Add, MemoryFile
from tests.agent.kill import config, wayward
from tests.agent.story.world import recording_of, told, wayward_run
from tests.agent.world import Corridor, answers, play, trace_of


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return wayward_run(tmp_path_factory.mktemp("turns") / "run", steps=30)


@pytest.fixture(scope="module")
def whole(done: Run) -> list[Turn]:
    return told(done.path)


def copy(done: Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done.path, tmp_path / "copy"))


def of(found: list[Turn], kind: type[Any]) -> list[Any]:
    return [part for turn in found for part in turn.parts if isinstance(part, kind)]


def test_every_pass_and_every_token_is_told_once(done: Run, whole: list[Turn]) -> None:
    tally, recorded = Tally(), list(read(trace_of(done)))
    for event in recorded:
        tally.count(event)
    generated = [each for turn in whole for each in turn.generated]
    ids = [[t.id for burst in each.bursts for t in burst.tokens] for each in generated]
    assert ids == [
        [token for each in event["passes"] for token in each[0]]
        for event in recorded
        if event["e"] == "generate"
    ]
    assert sum(turn.spent.passes for turn in whole) == sum(s.passes for s in tally.spent.values())


def test_it_tells_what_happened(done: Run, whole: list[Turn]) -> None:
    row = done.rows[0]
    assert [turn.number for turn in whole] == list(range(row.steps + 2))
    assert isinstance(whole[0].parts[0], Began)
    assert len(of(whole, Acted)) == row.steps
    assert len(of(whole, Noted)) == row.summaries > 3
    assert len(of(whole, Refused)) == row.failed_summaries > 0
    assert sum(part.kind != "rebuilt" for part in of(whole, Pruned)) == row.prunes > 2
    assert "asked" in {part.why for part in of(whole, Unused)}
    assert all(part.kind == "recalled" for part in of(whole, Entered))
    assert of(whole, Entered)
    assert of(whole, Ended) == [Ended("won", None)]
    assert whole[-1].record is None
    with MemoryFile.open(done.memory, read_only=True) as memory:
        spans = {(s.step, s.kind, s.ordinal): s.text for s in memory.spans(row.uid)}
        for turn in whole[:-1]:
            assert turn.observation == spans[turn.number, "observation", 0]
            for part in turn.parts:
                if isinstance(part, Thought):
                    assert part.text == spans[turn.number, "thought", 0]
                    text = "".join(burst.text for burst in part.generated.bursts)
                    assert text.strip() == part.text
                elif isinstance(part, Acted):
                    assert part.action == spans[turn.number, "action", 0]


def test_a_prune_tells_what_left_and_which_notes_stand_for_it(done: Run, whole: list[Turn]) -> None:
    with MemoryFile.open(done.memory, read_only=True) as memory:
        records = [r for r in memory.prunes(done.rows[0].uid) if not r.key.endswith("/end")]
    pruned = [part for part in of(whole, Pruned) if part.kind != "rebuilt"]
    assert len(pruned) == len(records)
    for part, record in zip(pruned, records, strict=True):
        places = [f"{done.rows[0].uid}/{step}/{kind}/" for step, kind in part.left]
        assert all(uid.startswith(at) for uid, at in zip(record.prune.spans, places, strict=True))
        assert [note.uid for note in part.covered_by] == list(record.notes)
        assert bool(part.covered_by) == (part.kind == "summarised")
        assert all(note.title and note.body for note in part.covered_by)
        assert part.before > part.after


def test_a_rewrite_is_a_difference_to_the_note_that_was_shown(whole: list[Turn]) -> None:
    shown: dict[int, str] = {}
    rewritten = 0
    for turn in whole:
        for part in turn.parts:
            if isinstance(part, Noted):
                for each in part.changes:
                    if each.op == "rewrite":
                        rewritten += 1
                        assert each.n is not None
                        before = "".join(text for mark, text in each.text if mark != "in")
                        assert before == shown[each.n]
            elif isinstance(part, Pruned | Began):
                shown = {n: note.body or "" for n, note in enumerate(part.head, 1)}
    assert rewritten


def test_any_step_alone_is_as_it_is_among_the_others(done: Run, whole: list[Turn]) -> None:
    for number in random.Random(3).sample(range(len(whole) - 1), 8):
        assert told(done.path, first=number, last=number) == [whole[number]]
    assert told(done.path, first=5, last=9) == whole[5:10]
    assert told(done.path, first=20) == whole[20:]


def test_a_step_is_read_without_the_rest_of_the_trace(done: Run, tmp_path: Path) -> None:
    path = copy(done, tmp_path)
    expected = told(path, first=15, last=15)
    trace = path / "traces" / "000000.jsonl"
    with recording_of(path) as recording:
        start, stop = (recording.steps[n].trace_offset for n in (13, 15))
    content = trace.read_bytes()
    first_line = content.index(b"\n") + 1
    # All but the first line and this step (and one before it) becomes noise of the same length.
    noise = b"\xff" * (start - first_line)
    trace.write_bytes(content[:first_line] + noise + content[start:stop])
    thoughts = [part for part in expected[0].parts if not isinstance(part, Noted)]
    again = told(path, first=15, last=15)[0]
    assert [part for part in again.parts if not isinstance(part, Noted)] == thoughts


def test_a_run_cut_off_anywhere_is_told_as_far_as_it_came(done: Run, tmp_path: Path) -> None:
    """As SIGKILL leaves it: the committed steps stay, behind them is any part of what was written."""
    drawn = random.Random(5)
    path = copy(done, tmp_path)
    content = trace_of(done).read_bytes()
    with recording_of(path) as recording:
        offsets = [step.trace_offset for step in recording.steps]
    (path / "results.jsonl").unlink()
    whole = told(path)
    trace = path / "traces" / "000000.jsonl"
    cuts = [offsets[-1], len(content), *drawn.sample(range(offsets[-1], len(content)), 8)]
    for cut in cuts:
        trace.write_bytes(content[:cut])
        found = told(path)
        assert found[: len(offsets)] == whole[: len(offsets)]
        assert len(found) <= len(offsets) + 1
    trace.write_bytes(content[: offsets[-1] - 5])
    with pytest.raises(RunDirectoryError, match="was cut short"):
        told(path)


def test_a_run_that_goes_on_meanwhile_is_told_as_it_was(done: Run, tmp_path: Path) -> None:
    with recording_of(done.path) as recording:
        recording.steps = recording.steps[:11]
        found = list(turns(recording, ScriptedVocabulary()))
    assert [turn.number for turn in found] == list(range(12))
    assert found[-1].record is None
    assert not of(found, Ended)


def test_an_errored_episode_ends_in_its_error(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=partial(Corridor, fail_at=4))
    found = told(done.path)
    assert [turn.number for turn in found] == [0, 1, 2, 3, 4]
    [ended] = of(found, Ended)
    assert ended.outcome == "error"
    assert "fell in" in ended.error
    # What was thought in the step that failed is told, though it was never committed.
    assert [type(part) for part in found[-1].parts] == [Thought, Acted, Ended]
    assert found[-1].parts[0].text  # type: ignore[union-attr]


class Shut(Corridor):
    def reset(self, **_: Any) -> Any:
        raise OSError("the door is shut")


def test_an_episode_that_never_began_its_game_is_told_too(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=Shut)
    [turn] = told(done.path)
    assert (turn.number, turn.record) == (0, None)
    [ended] = of([turn], Ended)
    assert "the door is shut" in ended.error


def test_a_baseline_is_told_by_its_actions(tmp_path: Path) -> None:
    done = run(
        config(tmp_path / "run", agent="random", episodes=1, jobs=1),
        make_env=lambda _spec: Corridor(length=5),
    )
    found = told(done.path)
    assert len(of(found, Acted)) == done.rows[0].steps
    assert all(part.generated is None for part in of(found, Acted))


def test_what_was_clipped_is_told_as_the_window_has_it(tmp_path: Path) -> None:
    done = play(
        tmp_path / "run",
        env=partial(Corridor, length=3, speak=lambda at, _: f"room {at} " + "word " * 500),
    )
    found = told(done.path)
    clipped = of(found, Clipped)
    assert len(clipped) == done.rows[0].clipped_observations > 0
    assert all(part.text.startswith("room") and part.text.endswith("[...]") for part in clipped)


class Hand(Unsteered):
    """A person who hints, sets the bursts, cancels, and decides of actions, each once."""

    def __init__(self) -> None:
        self.left: list[Order] = [
            Hint("mind the step"),
            SetBurst(2, 0.5),
            EditNote(None, "", Add("key", "is red")),
        ]
        self.cancelled = False

    async def ready(self, purpose: Purpose, obey: Obey) -> None:
        while purpose == "think" and self.left:
            assert await obey(self.left.pop(0))

    async def during(self, generation: Awaitable[Generation], obey: Obey) -> Generation:
        made = await generation
        if not self.cancelled:
            self.cancelled = True
            raise GenerationCancelled
        return made

    async def action(self, step: int, obey: Obey) -> str | None:
        return "jump" if step == 2 else None

    async def verdict(self, step: int, action: str, obey: Obey) -> Verdict:
        if step == 4:
            return Replaced("wait")
        # The hint that follows a refusal names the action; it is refused once.
        self.refused = step == 3 and not getattr(self, "refused", False)
        return steering.Refused("too dark") if self.refused else Approved()


def test_what_a_person_did_is_told_where_they_did_it(tmp_path: Path) -> None:
    asyncio.run(
        run_async(
            config(tmp_path / "run", episodes=1, jobs=1, max_steps=6),
            model=ScriptedModel(wayward),
            make_env=lambda _spec: Corridor(length=5),
            steering=Hand(),
        )
    )
    found = told(tmp_path / "run")
    words = [part.text for part in of(found, Person)]
    assert words[:3] == ["bursts of up to 2, confidence 0.5", "add key: is red", "played 'jump'"]
    assert words[3].startswith("refused 'go ")
    assert words[3].endswith(": too dark")
    assert words[4].startswith("played 'wait' instead of 'go ")
    assert {part.why for part in of(found, Unused)} >= {"cancelled", "refused", "replaced"}
    assert "mind the step" in [part.text for part in of(found, Entered)]
    assert [part.action for part in of(found, Acted)][1:4:2] == ["jump", "wait"]
    for part in of(found, Thought):
        assert "".join(burst.text for burst in part.generated.bursts).strip() == part.text


def test_empty_thoughts_and_unusable_notes(tmp_path: Path) -> None:
    script = answers(think="\n", summarise="no")
    done = play(tmp_path / "run", env=partial(Corridor, length=25), script=script)
    found = told(done.path)
    assert {part.text for part in of(found, Thought)} == {""}
    evicted = [part for part in of(found, Pruned) if part.kind == "evicted"]
    assert evicted
    assert all(not part.covered_by and part.left for part in evicted)


def test_another_models_vocabulary_never_passes_for_the_text(done: Run) -> None:
    class Other(ScriptedVocabulary):
        def decode(self, ids: Any) -> str:
            return "nonsense"

    with recording_of(done.path) as recording:
        found = list(turns(recording, Other(), 1, 3))
    for part in of(found, Thought):
        assert part.text.startswith("I think of")
        assert part.generated.bursts[0].tokens[0].text.startswith("‹")


def test_erased_text_is_told_as_erased(done: Run, tmp_path: Path) -> None:
    path = copy(done, tmp_path)
    with MemoryFile.open(path / "memory.sqlite") as memory:
        memory.retain(keep_bytes=0)
    found = told(path)
    erased = [turn for turn in found if turn.erased]
    assert erased
    assert all(turn.observation is None for turn in erased)


def test_what_is_missing_is_named(done: Run, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no run"):
        StoredRun(tmp_path)
    with pytest.raises(RunDirectoryError, match="has 1 \\(0 to 0\\), of which 1"):
        told(done.path, 3)
    path = copy(done, tmp_path)
    trace = path / "traces" / "000000.jsonl"
    lines = trace.read_bytes().splitlines(keepends=True)
    for line in (b"no json\n", b"[1]\n", json.dumps({"x": 1}).encode() + b"\n"):
        padded = line[:-1].ljust(len(lines[5]) - 1) + b"\n"
        trace.write_bytes(b"".join([*lines[:5], padded, *lines[6:]]))
        with pytest.raises(RunDirectoryError, match="damaged in step"):
            told(path)
    trace.write_bytes(b"")
    with pytest.raises(RunDirectoryError, match="of which 0 have begun"):
        told(path)
