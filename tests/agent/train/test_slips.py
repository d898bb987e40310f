"""A player that errs now and then, so that a policy sees how to go on; its errors are never learnt."""

from __future__ import annotations

import asyncio
import random
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from agent.lm import load_vocabulary
from agent.note_ops import CLOSING, parse
from agent.train.player.demonstrator import Demonstrator
from agent.train.player.mix import Game
from agent.train.player.places import DIRECTIONS
from agent.train.player.playing import demonstration_config, play_async
from agent.train.player.slips import Slipping, misnoted
from agent.train.relabel import agreed
from agent.train.sequences import TokenSequence

GAME = Game("treasure-hunter", "textworld/treasure-hunter?level=5", 21)
CONFIG = demonstration_config(GAME.spec, GAME.seed).model_copy(update={"max_steps": 20})
VOCABULARY = load_vocabulary("scripted")


@cache
def lived(share: float) -> tuple[TokenSequence, ...]:
    return tuple(asyncio.run(play_async(GAME, Slipping(VOCABULARY, share), CONFIG))[1])


def written(sequences: tuple[TokenSequence, ...] | list[TokenSequence]) -> list[tuple[str, str]]:
    return [
        (w.purpose, VOCABULARY.decode(each.ids[w.start : w.stop]))
        for each in sequences
        for w in each.written
    ]


def test_without_slips_it_is_the_player() -> None:
    right = asyncio.run(play_async(GAME, Demonstrator(VOCABULARY), CONFIG))[1]
    assert list(lived(0.0)) == right


def test_it_errs_in_its_share_and_its_errors_carry_no_loss() -> None:
    always = written(lived(1.0))
    kept = written(list(agreed(lived(1.0), Demonstrator(VOCABULARY), CONFIG)))
    # A slip that would be too long is none; what a thought names is done, right or wrong.
    assert sum(purpose == "think" for purpose, _ in kept) < len(always) / 4
    assert [each for each in kept if each[0] == "act"] == [e for e in always if e[0] == "act"]
    sometimes = written(list(agreed(lived(0.3), Demonstrator(VOCABULARY), CONFIG)))
    assert 0 < len(sometimes) < len(written(lived(0.3)))
    assert {purpose for purpose, _ in sometimes} == {"act", "think", "summarise"}


LINES = st.sampled_from(
    [
        "ADD hall: at north; untried east",
        "REWRITE 1: in hall",
        "DELETE 2",
        "ADD done: attic, cellar",
    ]
)


@given(st.lists(LINES, max_size=4, unique=True), st.integers(0, 99))
def test_wrong_notes_are_notes_with_one_line_changed_or_gone(more: list[str], seed: int) -> None:
    lines = [
        "ADD now: in hall",
        "ADD cellar: dead end",
        *more,
    ]  # deletions alone would be no answer
    right = "\n".join(lines) + CLOSING
    wrong = misnoted(right, random.Random(seed))
    parse(wrong, 5)
    before, after = right.splitlines(), wrong.splitlines()
    if len(after) < len(before):
        assert any(before[:n] + before[n + 1 :] == after for n in range(len(lines)))
        return
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) <= 1
    for old, new in changed:
        pairs = [(a, b) for a, b in zip(old.split(), new.split(), strict=True) if a != b]
        assert len(pairs) == 1
        assert pairs[0][1].strip(";,") in DIRECTIONS
