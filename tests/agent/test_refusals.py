"""Where the machine refuses, not the game or the model: no episode's result, and a resume goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.errors import HALTING
from agent.lm.scripted import ScriptedModel
from agent.playing import Run
from agent.results import says_unbuilt
from agent.runner import resume, run
from agent.verify import verify
from envs.errors import EnvFailed, GameNotBuildable, MachineFault, failure
from memory import MemoryFile, MemoryFileBusy, MemoryFileReadOnly
from tests.agent.kill import STEPS, begin, go_on, make, record
from tests.agent.world import Corridor, play
from tests.envs import odd


@pytest.mark.parametrize(
    "refusal", [MemoryFileBusy("locked by another writer"), MemoryFileReadOnly("no")]
)
def test_a_memory_file_that_refuses_halts_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    whole = record(begin(tmp_path / "whole"))
    commit, left = MemoryFile.commit_step, [30]

    def refused(self: MemoryFile, *args: Any) -> Any:
        left[0] -= 1
        if left[0] <= 0:
            raise refusal
        return commit(self, *args)

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_step", refused)
        done = begin(out)
    assert done.failure is refusal
    assert not done.interrupted
    assert not [row for row in done.rows if row.error]
    assert len(done.rows) < 8
    again = go_on(out)
    assert (again.failure, record(again)) == (None, whole)
    assert verify(out, make_env=make).sound


def test_a_machine_that_cannot_build_a_game_halts_the_run(tmp_path: Path) -> None:
    full = [True]

    class Built(Corridor):
        def reset(self, **options: Any) -> Any:
            if full[0] and options["seed"] == 2:
                raise MachineFault("cannot keep the game (No space left on device)")
            return super().reset(**options)

    out = tmp_path / "run"
    done = play(out, env=Built, episodes=5)
    assert isinstance(done.failure, MachineFault)
    assert [row.outcome for row in done.rows] == ["won", "won"]
    full[0] = False
    again = resume(out, model=ScriptedModel(), make_env=lambda _spec: Built())
    assert [row.outcome for row in again.rows] == ["won"] * 5


def test_a_game_that_its_library_refuses_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    class Refused(Corridor):
        def reset(self, **options: Any) -> Any:
            if options["seed"] == 1:
                raise Own("corridor with seed 1 does not build")
            return super().reset(**options)

    class Own(GameNotBuildable):
        """An environment's own kind of it."""

    done: Run = play(tmp_path / "run", env=Refused, episodes=3)
    assert [row.unbuilt for row in done.rows] == [False, True, False]
    assert not issubclass(GameNotBuildable, HALTING)


def test_rows_of_before_there_was_an_error_of_its_own_are_known(tmp_path: Path) -> None:
    told = "EnvUnavailable: textworld/x with seed 1 does not build, try another seed or smaller options"
    assert says_unbuilt(told)
    assert not says_unbuilt(told.replace("EnvUnavailable", "EnvFailed"))
    assert not says_unbuilt(None)


def test_a_process_table_that_is_full_is_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("envs.workers.subprocess.Popen", refused)
        done = run(
            RunConfig(env="test/odd", out=out, episodes=2, jobs=2),
            model=ScriptedModel(),
            make_env=odd.make,
        )
    assert isinstance(done.failure, MachineFault)
    assert "Too many open files" in str(done.failure)
    assert done.rows == []
    again = resume(out, model=ScriptedModel(), make_env=odd.make)
    assert [row.outcome for row in again.rows] == ["won", "won"]


def test_the_machines_errors_are_told_from_a_games() -> None:
    assert type(failure("e", OSError(28, "full"))) is MachineFault
    assert type(failure("e", OSError(2, "no such file"))) is EnvFailed
    assert type(failure("e", ValueError("no"))) is EnvFailed
    kept = GameNotBuildable("no")
    assert failure("e", kept) is kept


def test_only_the_librarys_own_refusal_is_unbuilt(tmp_path: Path) -> None:
    def fail(step: int, _action: str) -> str:
        raise ValueError("this text does not build either")

    row = play(tmp_path / "run", env=lambda: Corridor(length=STEPS, speak=fail)).rows[0]
    assert (row.outcome, row.unbuilt) == ("error", False)
