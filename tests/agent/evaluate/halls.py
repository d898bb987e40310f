"""Small games for the grid: halls of a given length whose rooms bear the seed, and broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.config import ModelConfig
from agent.evaluate.run import Wanted, evaluate
from agent.lm.scripted import ScriptedModel
from agent.lm.types import LanguageModel
from envs.base import Info, TextEnv
from envs.errors import GameNotBuildable
from tests.agent.world import Corridor

FIRST = 10_000


class Hall(Corridor):
    """A corridor that tells its seed in each room; one of length 0 does not build."""

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        if self.length == 0:
            raise GameNotBuildable(f"{self.spec} does not build, try another seed")
        self.speak = lambda step, action: (
            f"-= Room {seed}-{step} =-\nYou did {action!r}. There is a door to the north. " * 2
        )
        return super().reset(seed=seed, options=options)


def make_env(spec: str) -> TextEnv:
    length, _, fails = spec.removeprefix("test/hall?length=").partition("&fails=")
    return Hall(length=int(length), spec=spec, fail_at=int(fails) if fails else None)


def load(_settings: ModelConfig) -> LanguageModel:
    return ScriptedModel()


def no_model(_settings: ModelConfig) -> LanguageModel:
    raise AssertionError("a model was loaded, and nothing was left to be played by one")


def grid_file(folder: Path, **families: list[str]) -> Path:
    """A grid file of families; halls are named by their lengths ('12', or '12&fails=3')."""
    lines = [
        f"{name} = {[f'test/hall?length={length}' for length in lengths]}"
        for name, lengths in families.items()
    ]
    path = folder / "grid.toml"
    path.write_text("[families]\n" + "\n".join(lines) + "\n")
    return path


def wanted(
    folder: Path, arms: tuple[str, ...], families: dict[str, list[str]], **more: Any
) -> Wanted:
    values: dict[str, Any] = {
        "out": folder / "out",
        "arms": arms,
        "families": more.pop("chosen", ()),
        "grid": grid_file(folder, **families),
        "games": 2,
        "first_seed": FIRST,
        "jobs": 2,
        "plots": False,
        "form": "csv",
        "settings": {"max_steps": 20},
    }
    return Wanted(**{**values, **more})


def play(asked: Wanted) -> int:
    return evaluate(asked, load=load, make_env=make_env)
