"""Stop strings cross token boundaries; what is trimmed off is only the ending."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.lm.scripted import ScriptedVocabulary
from agent.lm.stops import text_is_complete, trim
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.vocabulary import Vocabulary
from tests.agent.lm.tiny import make_tokenizer

BYTES = TokenizerVocabulary(make_tokenizer())
PACKED = ScriptedVocabulary()
Vocabularies = st.sampled_from([BYTES, PACKED])
Text = st.text("ab\nEND .é🥚", max_size=30)
Stops = st.lists(st.text("ab\nENDé🥚", min_size=1, max_size=5), max_size=3).map(tuple)


@given(vocabulary=Vocabularies, text=Text, stops=Stops)
@example(vocabulary=BYTES, text="a🥚🥚", stops=("🥚🥚",))
def test_a_stop_string_is_seen_as_soon_as_it_is_there(
    vocabulary: Vocabulary, text: str, stops: tuple[str, ...]
) -> None:
    ids = vocabulary.encode(text)
    for length in range(len(ids) + 1):
        there = any(stop in vocabulary.decode(ids[:length]) for stop in stops)
        assert text_is_complete(vocabulary, ids[:length], stops) == there
        if there:
            return


def test_only_the_tail_is_decoded() -> None:
    ids = BYTES.encode("x" * 500 + "\nEND")
    seen: list[int] = []

    class Watching:
        def decode(self, ids: list[int]) -> str:
            seen.append(len(ids))
            return BYTES.decode(ids)

    assert text_is_complete(Watching(), ids, ("\nEND",))  # type: ignore[arg-type]
    assert max(seen) < 30


@example(vocabulary=PACKED, text="abéE", stops=("E",), ended=False, after="")  # é is in two tokens
@given(
    vocabulary=Vocabularies, text=Text, stops=Stops, ended=st.booleans(), after=st.text(max_size=5)
)
def test_trimming_cuts_the_ending_and_nothing_else(
    vocabulary: Vocabulary, text: str, stops: tuple[str, ...], ended: bool, after: str
) -> None:
    ids = vocabulary.encode(text)
    ending = [min(vocabulary.end_ids), *vocabulary.encode(after)] if ended else []
    trimmed = trim(vocabulary, [*ids, *ending], stops)
    cuts = [text.index(stop) for stop in stops if stop in text]
    assert trimmed.text == text[: min(cuts, default=len(text))]
    assert trimmed.ended == (ended or bool(cuts))
    assert list(trimmed.ids) == ids[: len(trimmed.ids)], "exact tokens"
    assert vocabulary.decode(trimmed.ids) + trimmed.rest == trimmed.text
    if not cuts:
        assert trimmed.rest == ""


def test_a_token_that_crosses_the_stop_becomes_text() -> None:
    ids = PACKED.encode("go a\nb")
    trimmed = trim(PACKED, ids, ("a\n",))
    assert trimmed.text == "go "
    ids = PACKED.encode("goxy")  # "gox" and "y"
    trimmed = trim(PACKED, ids, ("x",))
    assert (trimmed.ids, trimmed.rest, trimmed.text) == ((), "go", "go")


@pytest.mark.parametrize("vocabulary", [BYTES, PACKED])
def test_an_end_without_text(vocabulary: Vocabulary) -> None:
    trimmed = trim(vocabulary, [min(vocabulary.end_ids)], ("\n",))
    assert (trimmed.ids, trimmed.rest, trimmed.text, trimmed.ended) == ((), "", "", True)
