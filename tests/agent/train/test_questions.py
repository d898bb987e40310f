"""Prompts for bursts on general text: made again from their numbers, short, of several kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import TrainingFailed
from agent.train import questions
from agent.train.prompts import read_prompts


def test_a_prompt_follows_from_its_number_and_the_seed() -> None:
    few, more = [list(questions.questions(count, 7)) for count in (6, 12)]
    assert more[:6] == few
    assert list(questions.questions(6, 8)) != few


def test_prompts_are_of_both_kinds_short_and_no_two_alike(tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    count = questions.write_questions(file, 80, 0)
    prompts = read_prompts(file)
    assert len(set(prompts)) == len(prompts) == count > 40
    assert max(map(len, prompts)) <= questions.LONGEST
    asked = [each for each in prompts if not _is_request(each)]
    assert 0.2 < len(asked) / count < 0.7


def test_held_out_prompts_are_none_that_were_trained_on(tmp_path: Path) -> None:
    known, fresh = tmp_path / "known.jsonl", tmp_path / "fresh.jsonl"
    questions.write_questions(known, 60, 0)
    count = questions.write_questions(fresh, 60, 0, without=[known])
    assert count == 0
    with pytest.raises(TrainingFailed, match="is there already"):
        questions.write_questions(fresh, 60, 0, held_out=True)
    fresh.unlink()
    assert questions.write_questions(fresh, 60, 0, held_out=True, without=[known]) > 10
    new = read_prompts(fresh)
    assert not set(new) & set(read_prompts(known))


def _is_request(prompt: str) -> bool:
    """Whether it begins as one of the requests does."""
    starts = tuple(each.partition("{")[0] for each in questions._REQUESTS)
    named = ("Give ", "A ", "I have ")
    return prompt.startswith(tuple(s for s in starts if len(s) > 8)) or prompt.startswith(named)
