"""`steno verify`: a sound run is sound, and whatever was changed in one is found and named."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.errors import AdapterMismatch, RunDirectoryError
from agent.headless import found_in_words
from agent.lm.scripted import Prompt, ScriptedModel
from agent.lm.types import Generation
from agent.playing import Run
from agent.runner import resume, run
from agent.trace import read
from agent.verify import Verification, verify
from envs.base import Info
from memory import MemoryFile
from tests.agent.kill import STEPS, after, begin, config, go_on, in_child, make, wayward
from tests.agent.world import Corridor, trace_of


def again(done: Run, **more: Any) -> Verification:
    return verify(done.path, **{"make_env": make, "model": ScriptedModel(wayward), **more})


def problem(found: Verification) -> str:
    assert not found.sound
    [each] = found.problems
    return each.problem


def contents(done: Run) -> dict[Path, bytes]:
    files = (path for path in done.path.rglob("*") if path.is_file())
    # SQLite keeps two files beside a memory file that somebody reads.
    return {path: path.read_bytes() for path in files if "sqlite-" not in path.name}


def test_a_sound_run_is_found_sound_and_left_alone(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=4)
    before = contents(done)
    found = again(done, with_model=True, jobs=3)
    assert found.sound
    assert found.model is not None
    assert found.model.compared > 4 * 2 * STEPS
    assert sorted(each.episode for each in found.episodes) == [0, 1, 2, 3]
    assert "none otherwise than on record" in found_in_words(found)
    told = json.loads(found.as_json())
    assert (told["sound"], told["differing_generations"], told["problems"]) == (True, 0, 0)
    assert contents(done) == before


def test_a_run_that_was_killed_and_resumed_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_summary", after(5, MemoryFile.commit_summary))
        in_child(lambda: begin(out, episodes=3))
    assert again(go_on(out), with_model=True).sound


@pytest.mark.parametrize("player", ["random", "walkthrough"])
def test_baselines_are_verified_too(tmp_path: Path, player: str) -> None:
    found = again(begin(tmp_path / "run", episodes=2, agent=player), with_model=True)
    assert found.sound
    assert found.model is None


def test_shared_banks_are_read_as_they_were(tmp_path: Path) -> None:
    shared = tmp_path / "shared.sqlite"
    settings: dict[str, Any] = {"memory": shared, "banks": ("job/guide:rw",), "jobs": 1}
    begin(tmp_path / "earlier", episodes=1, **settings)
    done = begin(tmp_path / "run", episodes=2, **settings)
    begin(tmp_path / "later", episodes=1, **settings)
    found = again(done, with_model=True)
    assert found.sound, found.problems


class Drifting(Corridor):
    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        said, *rest = super().step(action)
        return (f"{said} It smells of paint." if self.at == 3 else said), *rest  # type: ignore[return-value]


def test_an_environment_that_changed_is_found_and_its_step_named(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=1)
    found = again(done, make_env=lambda _spec: Drifting(length=STEPS))
    assert "step 3 of episode 0" in problem(found)


def flattered(done: Run) -> None:
    path = done.path / "results.jsonl"
    path.write_text(path.read_text().replace('"score":12.0', '"score":13.0'))


def cheaper(done: Run) -> None:
    path = done.path / "results.jsonl"
    row = json.loads(path.read_text())
    row["think"]["passes"] -= 1
    path.write_text(json.dumps(row) + "\n")


def retraced(done: Run) -> None:
    path = done.path / "traces" / "000000.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    [step] = [event for event in events if event["e"] == "step" and event["n"] == 4]
    step["action"] = "go home"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))


def shortened(done: Run) -> None:
    path = done.path / "traces" / "000000.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    [at] = [i for i, line in enumerate(lines) if '"e":"step","n":6' in line]
    path.write_text("".join(lines[:at]))


def rewritten(done: Run) -> None:
    with sqlite3.connect(done.memory) as file:
        file.execute("DROP TRIGGER steps_append_only")
        file.execute("UPDATE steps SET reward = 2 WHERE step = 5")
    file.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (flattered, "says score 13.0, and its record gives 12.0"),
        (cheaper, "says think"),
        (retraced, "step 4 of episode 0 is another in its trace"),
        (shortened, "lacks step 6"),
        (rewritten, "step 5 of episode 0"),
    ],
)
def test_what_was_changed_is_found(
    tmp_path: Path, change: Callable[[Run], None], told: str
) -> None:
    done = begin(tmp_path / "run", episodes=1)
    change(done)
    assert told in problem(again(done))


def test_tokens_that_come_out_otherwise_are_counted_each_by_itself(tmp_path: Path) -> None:
    """One other thought at step 3 does not make everything after it differ."""
    done = begin(tmp_path / "run", episodes=1)

    def otherwise(prompt: Prompt) -> str:
        third = prompt.purpose == "think" and prompt.count == 2
        return " Something else.\n" if third else wayward(prompt)

    model = ScriptedModel(wayward)
    model._script = otherwise
    found = again(done, with_model=True, model=model)
    assert found.model is not None
    [difference] = found.model.differences
    assert (difference.step, difference.purpose, difference.position) == (3, "think", 0)
    assert not found.problems
    assert not found.sound
    assert "1 differ" in found_in_words(found)


def test_in_bf16_the_share_that_differs_is_told_and_is_no_fault(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=1)
    path = done.path / "versions.json"
    told = json.loads(path.read_text()) | {"numerics": "bfloat16 on cpu, 2 threads"}
    path.write_text(json.dumps(told))
    model = ScriptedModel(wayward)
    model._script = lambda prompt: (
        " Something else.\n" if prompt.purpose == "think" else wayward(prompt)
    )
    found = again(done, with_model=True, model=model)
    assert found.sound
    assert json.loads(found.as_json())["differing_share"] > 0.2
    assert "near-ties" in found_in_words(found)


class Late(ScriptedModel):
    """A model that does not answer in time when it is asked for notes, two times of three."""

    asked = 0

    async def generate(self, *args: Any, **kwargs: Any) -> Generation:
        if args[2].purpose == "summarise":
            self.asked += 1
            if self.asked % 3:
                await asyncio.sleep(1000)
        return await super().generate(*args, **kwargs)


def test_notes_that_were_not_written_in_time_fail_again_for_the_same_reason(tmp_path: Path) -> None:
    """Two failures evict, one is asked again with the reason: both must come out as they did."""
    settings = config(tmp_path / "run", episodes=2, jobs=1, deadlines={"generate_s": 0.05})
    done = run(settings, model=Late(wayward), make_env=make)
    assert sum(row.evictions for row in done.rows) > 0
    refusals = {
        event["refused"]
        for row in done.rows
        for event in read(trace_of(done, row.episode))
        if event["e"] == "summary"
    }
    assert "scripted did not summarise within 0.05 s" in refusals
    assert None in refusals
    found = again(done, with_model=True)
    assert found.sound, (found.problems, found.model and found.model.differences)


def test_another_model_is_refused(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=1)
    with pytest.raises(AdapterMismatch, match="the same weights and adapters to resume or verify"):
        again(done, with_model=True, model=ScriptedModel())
    assert again(done, model=ScriptedModel()).sound, "it is not asked"


@pytest.mark.parametrize(("numerics", "dtype"), [("float32 on cpu", "fp32"), ("bfloat16", "bf16")])
def test_the_model_is_loaded_at_the_precision_that_the_run_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numerics: str, dtype: str
) -> None:
    done = begin(tmp_path / "run", episodes=1)
    path = done.path / "versions.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"numerics": numerics}))
    asked: list[str] = []

    async def model_of(config: RunConfig, *_: Any) -> ScriptedModel:
        asked.append(config.model.dtype)
        return ScriptedModel(wayward)

    monkeypatch.setattr("agent.verify.model_of", model_of)
    assert again(done, with_model=True, model=None).sound
    assert asked == [dtype]


def test_errored_and_unfinished_episodes_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "finish_episode", after(2, MemoryFile.finish_episode))
        in_child(lambda: begin(out, episodes=3, jobs=1))
    found = verify(out, make_env=make)
    assert found.sound
    assert (len(found.episodes), found.unfinished) == (1, 2)
    assert "2 not finished" in found_in_words(found)

    def failing(_spec: str) -> Corridor:
        return Corridor(length=STEPS, fail_at=8)

    done = resume(out, model=ScriptedModel(wayward), make_env=failing)
    # One had only to be ended, and could not be played to its end again; the other is an errored row.
    assert "episode 1 cannot be taken up" in str(done.failure)
    assert [row.outcome for row in done.rows] == ["won", "error"]
    found = again(go_on(out), with_model=True)
    assert found.sound
    assert (len(found.episodes), found.unfinished) == (3, 0)


def test_nothing_to_verify_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no run"):
        verify(tmp_path)
    done = begin(tmp_path / "run", episodes=1)
    (done.path / "results.jsonl").unlink()
    with pytest.raises(RunDirectoryError, match="no finished episode"):
        verify(done.path)
