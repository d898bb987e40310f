"""Demonstrations: real games, won by the player in the runtime, and the file that they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import RunConfig
from agent.errors import TrainingFailed
from agent.lm.scripted import ScriptedVocabulary
from agent.train import demonstrations
from agent.train.demonstrations import HEADINGS, demos, print_report, shared_out
from agent.train.player.demonstrator import Demonstrator
from agent.train.player.mix import Game
from agent.train.player.playing import demonstration_config, play
from agent.train.sequences import read

GAMES = {
    "coin-collector": "textworld/coin-collector?level=104",
    "treasure-hunter": "textworld/treasure-hunter?level=12",
    "cooking": "textworld/cooking?recipe=1&take=1&go=6&open=1&cook=1&cut=1&split=train",
}
BUDGET = 1100  # in tokens of the scripted vocabulary, which are shorter


@pytest.mark.parametrize("family", sorted(GAMES))
def test_the_player_wins_a_real_game_with_its_notes(family: str) -> None:
    played, lived = play(
        Game(family, GAMES[family], 21),
        Demonstrator(ScriptedVocabulary()),
        {"window": {"budget": BUDGET}},
    )
    assert played.outcome == "won"
    assert played.steps < 60
    purposes = [stretch.purpose for sequence in lived for stretch in sequence.written]
    assert purposes.count("act") == purposes.count("think") == played.steps
    written = sum(w.stop - w.start for sequence in lived for w in sequence.written)
    assert written == sum(played.tokens.values())
    assert {sequence.seed for sequence in lived} == {21}


def test_a_game_can_be_demonstrated_without_notes(tmp_path: Path) -> None:
    report = demos(
        tmp_path / "demos.jsonl",
        model="scripted",
        families=["coin-collector"],
        total=1,
        settings=["notes.enabled=false", f"window.budget={BUDGET}"],
    )
    [played] = report.rows
    assert played.outcome == "won"
    assert played.tokens["summarise"] == 0 < played.tokens["think"]
    assert [each.seed for each in read(tmp_path / "demos.jsonl")]


def test_the_demonstrations_are_played_as_runs_are() -> None:
    config = demonstration_config("textworld/cooking", 3)
    assert config == RunConfig(env="textworld/cooking", seed=3)
    assert config.window.budget == 768
    assert not config.act.show_admissible


def test_games_are_shared_out_in_proportion_and_mixed() -> None:
    plan = shared_out(["coin-collector", "treasure-hunter", "cooking"], 200, 0)
    families = [game.family for game in plan]
    assert [families.count(f) for f in sorted(GAMES)] == [20, 124, 56]
    assert {families[n] for n in range(10)} == set(GAMES)
    with pytest.raises(
        TrainingFailed,
        match=r"no player for the family 'cookery'; did you mean 'cooking'\? There are: coin",
    ):
        shared_out(["cooking", "cookery"], 5, 0)
    with pytest.raises(TrainingFailed, match="no family is named: use some of coin"):
        shared_out([], 5, 0)


def test_a_file_is_made_part_by_part_and_lost_games_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[int] = []

    def pretend(game: Game, *_: object) -> object:
        if len(made) == 11:
            raise KeyboardInterrupt
        made.append(game.seed)
        return _played(game, won=game.seed % 2 == 0)

    monkeypatch.setattr(demonstrations, "play", pretend)
    out = tmp_path / "demos.jsonl"

    def make() -> demonstrations.Report:
        return demos(out, model="scripted", families=["coin-collector"], total=14)

    with pytest.raises(KeyboardInterrupt):
        make()
    assert not out.exists()
    made.clear()
    report = make()
    assert made == [10, 11, 12, 13]  # the first part was whole
    assert [sequence.seed for sequence in read(out)] == [0, 2, 4, 6, 8, 10, 12]
    assert dict(zip(HEADINGS, next(report.table()), strict=True))["won"] == "7 (50.0%)"
    print_report(report)
    assert "7 games not won" in capsys.readouterr().out
    with pytest.raises(TrainingFailed, match="not all training seeds"):
        demos(out, model="scripted", total=14, first_seed=10_000)


def _played(game: Game, *, won: bool) -> object:
    from agent.train.player.playing import Played
    from agent.train.sequences import TokenSequence, Written

    row = Played(
        family=game.family,
        spec=game.spec,
        seed=game.seed,
        outcome="won" if won else "lost",
        error=None,
        steps=3,
        passes=5,
        prunes=0,
        tokens={"think": 3, "summarise": 1},
        replaced=8,
    )
    stretch = Written(start=1, stop=2, purpose="act")
    sequence = TokenSequence(ids=(1, 2), written=(stretch,), source=game.spec, seed=game.seed)
    return row, [sequence] if won else []
