"""Which actions the game had listed as possible: counted as they are made, and found again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.config import RunConfig
from agent.game import Game
from agent.lm.scripted import ScriptedModel
from agent.trace import read
from agent.verify import verify
from envs.base import Info
from memory import MemoryFile
from tests.agent.kill import STEPS, after, begin, go_on, in_child
from tests.agent.world import Corridor, answers, play, trace_of

SAID = (" go north", " fly", "  GO   South ", " wait")


class Silent(Corridor):
    def _info(self) -> Info:
        return {**super()._info(), "admissible_commands": None}


def script(actions: tuple[str, ...] = SAID) -> ScriptedModel:
    return ScriptedModel(answers(act=lambda prompt: actions[prompt.count % len(actions)]))


async def listed(env: Corridor, actions: tuple[str, ...]) -> list[bool | None]:
    game = Game(config=RunConfig(env="test/x"), index=0, seed=0, env=env)
    await game.begin()
    return [(await game.play(n, action)).listed for n, action in enumerate(actions, start=1)]


def test_spelling_does_not_matter_and_silence_is_no_list() -> None:
    assert asyncio.run(listed(Corridor(), SAID)) == [True, False, True, True]
    assert asyncio.run(listed(Silent(), ("go north",))) == [None]


def test_a_row_counts_listed_actions_and_its_trace_tells_which(tmp_path: Path) -> None:
    done = play(tmp_path / "run", model=script(), max_steps=6)
    assert (done.rows[0].steps, done.rows[0].listed) == (6, 4)
    steps = [event for event in read(trace_of(done)) if event["e"] == "step"]
    assert "listed" not in steps[0], "nobody acted"
    assert [step["listed"] for step in steps[1:]] == [True, False, True, True, True, False]
    assert done.summary.unlisted == 2 / 6


def test_a_game_that_lists_nothing_has_no_count(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=Silent, model=script(), max_steps=4)
    assert done.rows[0].listed is done.summary.unlisted is None
    assert all("listed" not in event for event in read(trace_of(done)))


def test_a_resumed_episode_counts_all_of_its_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_step", after(6, MemoryFile.commit_step))
        in_child(lambda: begin(tmp_path / "run", episodes=1, agent="random"))
    assert len([e for e in read(tmp_path / "run" / "traces" / "000000.jsonl") if "listed" in e]) < 7
    [row] = go_on(tmp_path / "run").rows
    assert row.listed == row.steps == STEPS, "the random player says nothing that is not listed"


def test_verify_finds_what_was_changed(tmp_path: Path) -> None:
    done = play(tmp_path / "run", model=script(), max_steps=6)
    assert verify(done.path, make_env=lambda _spec: Corridor()).sound
    lines = [json.loads(line) for line in trace_of(done).read_text().splitlines()]
    [fly] = [line for line in lines if line.get("n") == 2]
    fly["listed"] = True
    size = trace_of(done).stat().st_size
    text = "".join(
        json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines
    )
    trace_of(done).write_text(text)
    assert trace_of(done).stat().st_size == size - 1, "'true' is a letter shorter than 'false'"
    found = verify(done.path, make_env=lambda _spec: Corridor())
    assert (
        "step 2 of episode 0: its trace says otherwise than the game" in found.problems[0].problem
    )
