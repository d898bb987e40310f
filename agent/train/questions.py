"""Prompts of many kinds, for a burst adapter on general text: reasoning questions and plain requests.

Every prompt follows from its number and the seed. Questions come from the environments `reasoning/*`
(reasoning-gym, an extra); requests are put together from the lists below.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import envs
from agent.files import replacing
from agent.seeds import FIRST_DEVELOPMENT_SEED, FIRST_TEST_SEED, derive
from agent.train.new_file import require_new
from agent.train.prompts import read_prompts
from envs.base import TextEnv

QUESTIONS_SHARE = 0.4
LONGEST = 600
"""Characters of the longest prompt: a question with a larger picture of its puzzle is left out."""
TASKS = (
    *("aiw", "basic_arithmetic", "calendar_arithmetic", "chain_sum", "coin_flip", "count_bits"),
    *("course_schedule", "family_relationships", "fraction_simplification", "gcd", "gsm_symbolic"),
    *("knights_knaves", "lcm", "leg_counting", "letter_counting", "number_filtering"),
    *(
        "number_sequence",
        "number_sorting",
        "prime_factorization",
        "products",
        "propositional_logic",
    ),
    *("sentence_reordering", "simple_equations", "simple_geometry", "spell_backward", "syllogism"),
    *("time_intervals", "word_sequence_reversal", "word_sorting", "zebra_puzzles"),
)
_REQUESTS = (
    "Explain how {thing} works to {reader}.",
    "Explain in three short paragraphs why {thing} matters.",
    "Write a short story about {who} who finds {object} in {place}.",
    "Write a letter from {who} to {reader} about {object}.",
    "List five ideas for {activity} and say in one sentence each why it helps.",
    "Give step by step instructions for {activity}.",
    "What are the advantages and disadvantages of {thing}?",
    "Compare {thing} with {other}.",
    "What should {reader} know about {thing} before {activity}?",
    "Describe {place} in the morning, in plain words.",
    "Write a Python function that {code}. Then explain it.",
    "Plan a week of {activity} for {reader}.",
    "Summarise what is known about {thing} in four sentences.",
    "I have {number} {items} and give away {fewer} of them. How many are left? Think step by step.",
    "A {items_one} costs {fewer} coins. What do {number} of them cost? Explain your reasoning.",
    "Give {reader} some honest advice about {activity}.",
    "What would happen if {thing} stopped working for a day?",
    "Write a dialogue between {who} and {reader} about {thing}.",
)
_WORDS = {
    "thing": (
        *("photosynthesis", "a bicycle gear", "the water cycle", "a library catalogue", "vaccines"),
        *("a suspension bridge", "compound interest", "the immune system", "a refrigerator"),
        *("a compass", "public transport", "recycling", "an electric motor", "yeast in bread"),
        *("a database index", "the tides", "gravity", "soap", "a solar panel", "the stock market"),
        *("crop rotation", "a telescope", "encryption", "the heart", "composting", "a thermostat"),
    ),
    "reader": (
        *("a child of ten", "a new colleague", "my grandmother", "a student of history"),
        *("somebody who has never heard of it", "a busy manager", "a farmer", "a friend abroad"),
        *("a beginner", "a nurse", "a musician", "a class of teenagers"),
    ),
    "who": (
        *("a lighthouse keeper", "a young carpenter", "a retired pilot", "a shy librarian"),
        *("two sisters", "a lost dog", "a robot gardener", "a night baker", "an old sailor"),
    ),
    "object": (
        *("an unopened letter", "a brass key", "a broken clock", "a map with one wrong street"),
        *("a red umbrella", "a jar of buttons", "a diary in an unknown hand", "a silent radio"),
    ),
    "place": (
        *("a harbour town", "an empty train station", "a mountain hut", "a market square"),
        *("a greenhouse", "the attic of a school", "a desert road", "a small island"),
    ),
    "activity": (
        *("learning a language", "saving energy at home", "growing tomatoes", "running a meeting"),
        *(
            "preparing for an exam",
            "packing for a hike",
            "cooking for ten people",
            "sleeping better",
        ),
        *("moving to another city", "starting a book club", "repairing a bicycle", "saving money"),
    ),
    "code": (
        *(
            "counts the vowels in a text",
            "reverses the words of a sentence",
            "merges two sorted lists",
        ),
        *("finds the largest number in a list", "checks whether a word is a palindrome"),
        *("sums the even numbers up to n", "removes duplicates from a list and keeps the order"),
        *("turns seconds into hours, minutes and seconds", "computes a factorial"),
    ),
    "items": ("apples", "books", "marbles", "stamps", "chairs", "candles", "pencils"),
    "items_one": ("ticket", "notebook", "lamp", "basket", "scarf", "hammer"),
}


def write_questions(
    out: Path, count: int, seed: int, *, held_out: bool = False, without: Sequence[Path] = ()
) -> int:
    """Write the different ones of `count` prompts as JSON lines, for `steno train burst --prompts`.

    None that is in one of the files `without`. Returns how many they are. Raises TrainingFailed where
    such a file cannot be read or `out` is there already, EnvUnavailable where reasoning-gym is not
    installed.
    """
    require_new(out)
    known = {prompt for file in without for prompt in read_prompts(file)}
    found = [p for p in dict.fromkeys(questions(count, seed, held_out=held_out)) if p not in known]
    with replacing(out) as file:
        file.writelines(json.dumps({"prompt": prompt}).encode() + b"\n" for prompt in found)
    return len(found)


def questions(count: int, seed: int, *, held_out: bool = False) -> Iterator[str]:
    """`count` prompts; number i depends on i and the seed alone, and may equal another.

    `held_out` takes questions whose own seeds are for development. Requests have no seeds of their own.
    """
    seeds = range(FIRST_DEVELOPMENT_SEED)
    if held_out:
        seeds = range(FIRST_DEVELOPMENT_SEED, FIRST_TEST_SEED)
    with ExitStack() as opened:

        @cache
        def environment(task: str) -> TextEnv:
            return opened.enter_context(closing(envs.make(f"reasoning/{task}")))

        for number in range(count):
            dice = random.Random(derive(seed, "question", number))
            prompt = _request(dice)
            if dice.random() < QUESTIONS_SHARE:
                asked, _ = environment(dice.choice(TASKS)).reset(seed=dice.choice(seeds))
                prompt = asked if len(asked) <= LONGEST else prompt
            yield prompt


def _request(dice: random.Random) -> str:
    chosen = {name: dice.choice(words) for name, words in _WORDS.items()}
    fewer = dice.randint(2, 20)
    other = dice.choice([each for each in _WORDS["thing"] if each != chosen["thing"]])
    more = {"other": other, "fewer": str(fewer), "number": str(fewer + dice.randint(1, 60))}
    return dice.choice(_REQUESTS).format(**chosen, **more)
