"""Tokens as pieces of text, and notes as differences: nothing is lost and nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.lm import load_vocabulary
from agent.lm.scripted import ScriptedVocabulary
from agent.note_ops import AddNote, DeleteNote, FindNotes, RewriteNote
from agent.story.changes import change, difference
from agent.story.parts import Change, Shown
from agent.story.pieces import pieces
from tests.agent.story.world import HOSTILE

VOCABULARY = ScriptedVocabulary()


@given(st.text(), st.integers(0, 40), st.integers(0, 40))
def test_pieces_are_one_a_token_and_together_the_text(text: str, start: int, stop: int) -> None:
    for ids in (VOCABULARY.encode(text), [*VOCABULARY.encode(text)[start:stop], 4]):
        found = pieces(VOCABULARY, ids)
        assert len(found) == len(ids)
        assert "".join(found) == VOCABULARY.decode(ids)


def test_a_character_of_several_tokens_belongs_to_the_last_of_them() -> None:
    ids = VOCABULARY.encode("a日本b")
    assert len(ids) > 2
    found = pieces(VOCABULARY, ids)
    assert "\ufffd" not in "".join(found)
    assert "".join(found) == "a日本b"


@pytest.mark.model
def test_pieces_of_a_real_tokenizer_are_the_text_too() -> None:
    vocabulary = load_vocabulary("embedded", "SmolLM2-135M-Instruct")
    for text in (" I go  north.\n", "日本語 🧙‍♀️ é", HOSTILE):
        for ids in (vocabulary.encode(text), vocabulary.encode(text)[1:-1]):
            found = pieces(vocabulary, ids)
            assert len(found) == len(ids)
            assert "".join(found) == vocabulary.decode(ids)


def test_without_a_vocabulary_pieces_are_ids() -> None:
    assert pieces(None, [7, 300]) == ["‹7›", "‹300›"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_difference_holds_both_texts(old: str, new: str) -> None:
    found = difference(old, new)
    assert "".join(text for mark, text in found if mark != "in") == old
    assert "".join(text for mark, text in found if mark != "out") == new


def test_a_difference_keeps_what_stays() -> None:
    assert difference("the key is in the hall", "the key is in the cellar") == (
        ("same", "the key is in the "),
        ("out", "hall"),
        ("in", "cellar"),
    )


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (AddNote("hall", "dark"), Change("add", None, "hall", (("in", "dark"),))),
        (
            RewriteNote(1, "lit"),
            Change("rewrite", 1, "cellar", (("out", "damp"), ("in", "lit"))),
        ),
        (DeleteNote(1), Change("delete", 1, "cellar", (("out", "damp"),))),
        (FindNotes("key"), Change("find", None, "key", ())),
        (RewriteNote(2, "x"), Change("rewrite", 2, None, (("in", "x"),))),
        (DeleteNote(2), Change("delete", 2, None, ())),
    ],
)
def test_each_operation_is_a_change(operation: AddNote, told: Change) -> None:
    purged = Shown("u2", 1, None, None)
    assert change(operation, [Shown("u1", 1, "cellar", "damp"), purged]) == told
