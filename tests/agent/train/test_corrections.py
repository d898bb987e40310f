"""A policy's own games become sequences that end in what the player would have written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from textworld.challenges.tw_cooking.cooking import FOODS_SPLITS

from agent.errors import TrainingFailed
from agent.lm import load_vocabulary
from agent.lm.types import Request
from agent.train.corrections import Corrected, corrections
from agent.train.player.demonstrator import Demonstrator
from agent.train.player.mix import Game
from agent.train.player.playing import demonstration_config, play_async
from agent.train.player.renaming import other_names
from agent.train.relabel import corrected
from agent.train.sequences import TokenSequence, read

GAME = Game("treasure-hunter", "textworld/treasure-hunter?level=5", 21)
CONFIG = demonstration_config(GAME.spec, GAME.seed).model_copy(update={"max_steps": 12})


class Careless(Demonstrator):
    """The player, who forgets what it was about at every third thought."""

    thoughts = 0

    def answer(self, window: Sequence[int], request: Request) -> list[int]:
        if request.purpose == "think":
            self.thoughts += 1
            if self.thoughts % 3 == 0:
                return self.vocabulary.encode(" Next: look.\n")
        return super().answer(window, request)


class Reader(Demonstrator):
    """The player, who thinks of nothing but the cookbook."""

    def answer(self, window: Sequence[int], request: Request) -> list[int]:
        if request.purpose == "think":
            return self.vocabulary.encode(" Next: examine cookbook.\n")
        return super().answer(window, request)


@cache
def lived(kind: type[Demonstrator]) -> tuple[TokenSequence, ...]:
    model = kind(load_vocabulary("scripted"))
    return tuple(asyncio.run(play_async(GAME, model, CONFIG))[1])


def test_the_player_agrees_with_itself() -> None:
    player = Demonstrator(load_vocabulary("scripted"))
    assert lived(Demonstrator)
    assert list(corrected(lived(Demonstrator), player, CONFIG)) == []


def test_each_mistake_becomes_a_sequence_that_ends_in_the_players_words() -> None:
    player = Demonstrator(load_vocabulary("scripted"))
    found = list(corrected(lived(Careless), player, CONFIG))
    careless = [
        life.ids[w.start : w.stop]
        for life in lived(Careless)
        for w in life.written
        if w.purpose == "think"
        and "Next: look." in player.vocabulary.decode(life.ids[w.start : w.stop])
    ]
    assert len(found) == len(careless) > 0
    for each in found:
        last = each.written[-1]
        assert (last.purpose, last.stop) == ("think", len(each.ids))
        longest = CONFIG.filled().think.max_tokens
        answer = player.answer(each.ids[: last.start], Request("think", None, longest))  # type: ignore[arg-type]
        assert list(each.ids[last.start :]) == answer
        assert "Next: look." not in player.vocabulary.decode(each.ids[last.start :])


def test_nothing_is_taught_twice_and_a_mistake_never() -> None:
    player = Demonstrator(load_vocabulary("scripted"))
    written = {(life.ids[: w.start], w.purpose) for life in lived(Careless) for w in life.written}
    taught = [
        (each.ids[: w.start], w.purpose)
        for each in corrected(lived(Careless), player, CONFIG)
        for w in each.written
    ]
    assert len(taught) == len(set(taught))
    assert set(taught) <= written


def test_a_policy_is_corrected_in_kitchens_of_other_names(tmp_path: Path) -> None:
    model = Reader(load_vocabulary("scripted"))
    told: list[Corrected] = []
    out = tmp_path / "corrections.jsonl"
    corrections(
        out,
        model,
        families=["cooking"],
        total=2,
        first_seed=1,
        max_steps=4,
        jobs=2,
        settings={"window": {"budget": 1024}},
        renamed=1.0,
        tell=told.append,
    )
    with pytest.raises(TrainingFailed, match="is there already"):
        corrections(out, model, families=["cooking"], total=2, first_seed=1)
    read_back = list(read(out))
    assert {each.vocabulary for each in read_back} == {"scripted"}
    assert read_back == [each for game in told for each in game.sequences]
    said = [
        (model.vocabulary.decode(s.ids), other_names(FOODS_SPLITS["train"], s.seed))
        for s in read_back
    ]
    assert any(name in text for text, names in said for name in names.values())
    assert not any(f" {food}" in text for text, names in said for food in names)
