"""Constrained text is exactly what was allowed, whatever the logits and however few the tokens."""

from __future__ import annotations

import functools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import ModelFailed
from agent.lm.constraint import Constraints, draw
from agent.lm.sampling import choose
from agent.lm.stops import text_is_complete
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Choices, Constraint, Sampling
from agent.note_ops import CLOSING, MOST_OPERATIONS, RewriteNote, constraint, parse
from tests.agent.lm.tiny import VOCAB, make_tokenizer

WORDS = ["take egg", "take eggplant", "go east\n", "ADD hall: exit\nEND", "REWRITE 1: x\nDELETE 1"]


@functools.cache
def vocabulary(merges: bool) -> TokenizerVocabulary:
    return TokenizerVocabulary(make_tokenizer(words=WORDS * 20 if merges else ()))


@functools.cache
def constraints(merges: bool) -> Constraints:
    return Constraints(vocabulary(merges), VOCAB)


def generate(
    merges: bool,
    constraint: Constraint,
    max_tokens: int,
    seed: int,
    likes: str = "",
    stops: tuple[str, ...] = (),
) -> list[int]:
    """The engine's inner loop over random logits. `likes` are characters that they favour."""
    words = vocabulary(merges)
    matcher = constraints(merges).matcher(constraint)
    random = torch.Generator().manual_seed(seed)
    kept: list[int] = []
    while len(kept) < max_tokens:
        logits = torch.randn(VOCAB, generator=random) * 3
        logits[[token for liked in likes for token in words.encode(liked)]] += 12
        uniform = float(torch.rand((), generator=random))
        chosen = functools.partial(choose, sampling=Sampling(1.0), uniform=uniform)
        token = draw(matcher, logits, max_tokens - len(kept), chosen)
        matcher.accept(token)
        kept.append(token)
        if token in words.end_ids or matcher.done or text_is_complete(words, kept, stops):
            break
    return kept


Seeds = st.integers(0, 10_000)
Commands = st.lists(
    st.lists(st.sampled_from(["take", " egg", "plant", " go", " east", "é", "🥚", " "]), max_size=4)
    .map("".join)
    .map(" {}".format),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(texts=Commands, merges=st.booleans(), max_tokens=st.integers(1, 24), seed=Seeds)
def test_a_choice_is_one_of_the_texts(
    texts: list[str], merges: bool, max_tokens: int, seed: int
) -> None:
    words = vocabulary(merges)
    whole = {tuple(words.encode(text)) for text in texts}
    fitting = {ids for ids in whole if len(ids) <= max_tokens}
    if not fitting:
        with pytest.raises(ModelFailed, match="choices fits into"):
            generate(merges, Choices(tuple(texts)), max_tokens, seed)
        return
    got = generate(merges, Choices(tuple(texts)), max_tokens, seed)
    ended = got[-1] in words.end_ids
    assert tuple(got[:-1] if ended else got) in fitting
    if any(len(ids) < max_tokens for ids in whole):
        assert ended, "the end is written where there is room for it"


@pytest.mark.parametrize("merges", [False, True])
def test_each_choice_can_be_had(merges: bool) -> None:
    """A text that begins another is neither hidden by it nor hides it."""
    texts = (" take egg", " take eggplant", " take eggs")
    got = [generate(merges, Choices(texts), 30, seed) for seed in range(40)]
    assert {vocabulary(merges).decode(each) for each in got} == set(texts)


@settings(max_examples=120, deadline=None)
@given(
    merges=st.booleans(),
    notes_shown=st.integers(0, 12),
    spare=st.integers(0, 60),
    seed=Seeds,
    likes=st.text("ADRFIND :\nxé🥚1", max_size=6),
)
def test_notes_are_whole_whatever_the_logits(
    merges: bool, notes_shown: int, spare: int, seed: int, likes: str
) -> None:
    words, held = vocabulary(merges), constraint(notes_shown)
    got = generate(merges, held, len(held.opening) + 8 + spare, seed, likes, (CLOSING,))
    assert words.control_ids.isdisjoint(got)
    text = words.decode(got)
    assert text.endswith(CLOSING)
    assert 1 <= len(parse(text, notes_shown)) <= MOST_OPERATIONS


@pytest.mark.parametrize("merges", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "ADD recipe: egg: dice, roast\nEND",
        "ADD a: b\nREWRITE 1: take egg, take eggplant, go east, take, roast\nEND",
    ],
)
def test_notes_of_exactly_the_tokens_there_are_can_be_written(merges: bool, text: str) -> None:
    wanted = vocabulary(merges).encode(text)
    matcher = constraints(merges).matcher(constraint(1))
    for place, expected in enumerate(wanted):
        logits = torch.zeros(VOCAB)
        logits[expected] = 9
        token = draw(matcher, logits, len(wanted) - place, lambda all_: int(all_.argmax()))
        assert token == expected, place
        matcher.accept(token)
    assert matcher.done


def test_the_model_may_end_its_notes_early() -> None:
    """The closing is a way out for the last tokens, no reason to fill them."""
    lengths = [
        len(generate(False, constraint(0), 200, seed, likes="\nEND", stops=(CLOSING,)))
        for seed in range(5)
    ]
    assert max(lengths) < 100


def test_the_model_may_end_its_notes_within_the_last_tokens() -> None:
    held = constraint(0)
    lengths = [
        len(generate(False, held, len(held.opening) + 8, seed, likes="\n", stops=(CLOSING,)))
        for seed in range(10)
    ]
    assert min(lengths) <= 14, "it is made to end after 16, and a line break was what it wanted"


def test_a_way_out_of_a_title_is_not_taken_in_a_body() -> None:
    held = constraint(0)
    for seed in range(30):
        got = generate(False, held, len(held.opening) + 8, seed, likes="ab", stops=(CLOSING,))
        text = vocabulary(False).decode(got)
        assert text.count(":") == 1, text


def test_notes_can_use_their_last_tokens() -> None:
    """A body goes on until just the closing fits; no new operation is begun where none fits."""
    held = constraint(3)
    for seed in range(10):
        got = generate(False, held, 60, seed, likes="abcdefgh", stops=(CLOSING,))
        assert len(got) > 50


def test_a_number_in_notes_is_one_that_the_window_shows() -> None:
    for seed in range(20):
        got = generate(True, constraint(2), 40, seed, likes="REWRIT 0123456789", stops=(CLOSING,))
        operations = parse(vocabulary(True).decode(got), 2)
        assert all(op.n in {1, 2} for op in operations if isinstance(op, RewriteNote))


@settings(max_examples=40, deadline=None)
@given(seed=Seeds, likes=st.sampled_from(["", "hal", "exit", "AD :"]))
def test_a_token_spells_the_text_as_encoding_would(seed: int, likes: str) -> None:
    """Unless nothing else is allowed: a short token may have begun a literal of the grammar."""
    words, random = vocabulary(True), torch.Generator().manual_seed(seed)
    matcher = constraints(True).matcher(constraint(2))
    kept: list[int] = []

    def spelt(ids: list[int]) -> bool:
        return words.encode(words.decode(ids)) == ids or words.decode(ids).endswith("\ufffd")

    for _ in range(20):
        logits = torch.randn(VOCAB, generator=random)
        logits[[token for liked in likes for token in words.encode(liked)]] += 12
        allowed = [t for t in range(VOCAB) if matcher.mask(logits, 99)[t] > float("-inf")]
        token = draw(matcher, logits, 99, lambda a: choose(a, Sampling(), 0.5))
        assert token in allowed
        if matcher.done or token in words.end_ids or not spelt(kept):
            break
        best = sorted(allowed, key=lambda t: -float(logits[t]))[:24]
        first = next((t for t in best if t in words.end_ids or spelt([*kept, t])), best[0])
        assert token == first
        matcher.accept(token)
        kept.append(token)
