"""reasoning/*: the list of tasks is the library's, answers are never run, verifiers score them."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import envs
from envs.errors import SpecError, UnknownEnvironment
from envs.reasoning.answers import GUARDED, harmless
from envs.reasoning.library import Question
from envs.reasoning.tasks import KINDS, LEFT_OUT

reasoning_gym = pytest.importorskip("reasoning_gym")

FORMULAS = ("intermediate_integration", "simple_integration")
NUMBERS = ("countdown", "puzzle24")
EVALUATED = ("binary_matrix", "n_queens", "spiral_matrix", "string_insertion")

ATTACKS = [
    "__import__('os').system('touch owned')",
    "().__class__.__bases__[0].__subclasses__()",
    "exec('x = 1')",
    "open('/etc/passwd').read()",
    "[x for x in range(10 ** 12)]",
    "(lambda: 1)()",
    "f'{open(1)}'",
    "9 ** 9 ** 9 ** 9",
    "((((9 ** 9) ** 9) ** 9) ** 9)",
    "9999999!!",
    "factorial(99999999)",
    "preview(x)",
    "lambdify(x, 1)",
    "x.__class__",
    "globals",
    "Integral(x, x)",
    "[0] * 10 ** 10",
    "1 if exit() else 2",
    "sympify('1')",
    "0.[3]",
    "'a' 'b'.join",
    "x := 1",
    "\ud800",
]


def test_the_tasks_are_the_librarys_but_for_those_left_out() -> None:
    from reasoning_gym.factory import DATASETS

    assert set(KINDS) | set(LEFT_OUT) == set(DATASETS)
    assert not set(KINDS) & set(LEFT_OUT)


def test_every_verifier_that_evaluates_answers_is_known() -> None:
    """A new version of the library may have more: look at each, then add it to answers.py."""
    from reasoning_gym.factory import DATASETS

    evaluating = set()
    for task, (dataset, _) in DATASETS.items():
        source = Path(__import__("inspect").getfile(dataset)).read_text("utf-8")
        scoring = source[source.index("def score_answer") :] if "def score_answer" in source else ""
        # What is called with the answer, or with what was made of it a line or two above.
        if re.search(r"\b(eval|exec|parse_expr|sympify|literal_eval)\([^)]*answer", scoring):
            evaluating.add(task)
    own_data = {"number_sorting"}  # evaluates its own answer, not the player's
    assert evaluating - own_data - set(LEFT_OUT) == GUARDED


@pytest.mark.parametrize("answer", ATTACKS)
@pytest.mark.parametrize("task", sorted(GUARDED))
def test_no_attack_reaches_a_verifier_that_would_run_it(task: str, answer: str) -> None:
    if task in EVALUATED and answer in ("9999999!!", "0.[3]", "\ud800", "globals", "x := 1"):
        return  # no Python expression, or a name alone: there is nothing in it that could run
    assert not harmless(task, answer)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("countdown", "54 + 3 + (37 + 12 + 89)/3"),
        ("countdown", "-(3 - 20) * 2.5"),
        ("puzzle24", "3*(7 - 5 + 6)"),
        ("simple_integration", "5*x**3/3 - x**2/2 + C"),
        ("simple_integration", "x**(3/2) + C"),
        ("intermediate_integration", "-exp(2*x)*cos(x)/2 + sqrt(x) + log(x)*pi + C"),
        ("intermediate_integration", "x**-2 + E**x"),
        ("spiral_matrix", "[1, 2, 3]"),
        ("spiral_matrix", "1 2 3"),
        ("binary_matrix", "[[0, 1], [1, 0]]"),
        ("n_queens", "_ Q _ _\nQ _ _ _"),
        ("string_insertion", "ABCDA"),
        ("chain_sum", "__import__('os')"),  # its verifier only compares
    ],
)
def test_what_an_answer_can_be_is_let_through(task: str, answer: str) -> None:
    assert harmless(task, answer)


@given(st.sampled_from(sorted(GUARDED)), st.text(max_size=40))
def test_any_answer_is_judged_at_once(task: str, answer: str) -> None:
    begun = time.process_time()
    harmless(task, answer)
    assert time.process_time() - begun < 1.0


def test_attacks_score_nothing_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    question = Question("countdown", {}, 10_000)
    assert [question.score(answer) for answer in ATTACKS] == [0.0] * len(ATTACKS)
    assert question.score("[" * 3_000) == question.score("1" * 5_000) == 0.0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def untouched() -> Iterator[None]:
    before = random.getstate(), repr(np.random.get_state(legacy=False))
    yield
    assert (random.getstate(), repr(np.random.get_state(legacy=False))) == before


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "task", ["chain_sum", "pool_matrix", "list_functions", "bf", "word_sorting"]
)
def test_a_question_is_its_seed_and_touches_no_generator_of_others(
    task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (10_000, 10_001):
        one, other = Question(task, {}, seed), Question(task, {}, seed)
        assert one.text == other.text
        assert one.answer is not None
        assert one.score(one.answer) == 1.0
    assert Question(task, {}, 10_002).text != one.text
    assert capsys.readouterr() == ("", "")


def test_one_answer_or_a_few() -> None:
    env = envs.make("reasoning/chain_sum?attempts=3")
    question, info = env.reset(seed=10_000)
    assert "You may answer 3 times." in question
    assert (info["score"], info["max_score"], info["admissible_commands"]) == (0.0, 1.0, None)
    [answer] = env.walkthrough() or []
    assert env.step("a guess")[:4] == ("That is not right. Answers left: 2.", 0.0, False, False)
    said, reward, terminated, _, info = env.step(f"Answer: {answer}")
    assert (said, reward, terminated, info["won"]) == ("That is right.", 1.0, True, True)
    env.reset()
    for _ in range(3):
        said, _, terminated, _, info = env.step("a guess")
    assert (said, terminated, info["won"], info["lost"]) == (
        "That is not right.",
        True,
        False,
        True,
    )


def test_an_answer_may_have_several_lines() -> None:
    env = envs.make("reasoning/mini_sudoku")
    env.reset(seed=10_000)
    [answer] = env.walkthrough() or []
    assert "\n" in answer
    assert env.step(answer.replace("\n", "\\n"))[4]["won"]


def test_options_are_the_librarys_with_its_rules() -> None:
    env = envs.make("reasoning/chain_sum?min_terms=3&max_terms=3")
    assert env.spec == "reasoning/chain_sum?max_terms=3&min_terms=3"
    assert env.reset(seed=10_000)[0].count(" + ") + env.reset()[0].count(" - ") == 2
    for spec, told in {
        "chain_sum?min_terms=3&max_terms=2": "reasoning/chain_sum: max_terms must be >= min_terms",
        "chain_sum?min_terms=x": "option min_terms='x' is not allowed: it must be a whole number",
        "chain_sum?seed=3": "reasoning/chain_sum has no option 'seed'",
        "chain_sum?size=3": "reasoning/chain_sum has no option 'size'. It has: ",
        "chain_sum?attempts=0": "it must be a whole number from 1 to 10",
    }.items():
        with pytest.raises(SpecError) as error:
            envs.make(f"reasoning/{spec}")
        assert told in str(error.value)
    with pytest.raises(UnknownEnvironment, match="did you mean 'reasoning/sudoku'"):
        envs.make("reasoning/sodoku")


def test_every_task_can_be_made() -> None:
    """Its options are read, with defaults that its own rules allow; no question is made."""
    for task in KINDS:
        envs.make(f"reasoning/{task}").close()


QUESTIONS = """
import hashlib, random, sys
from envs.reasoning.library import Question
from envs.reasoning.tasks import KINDS

random.seed()
for task in sorted(KINDS):
    for seed in range(10_000, 10_004):
        question = Question(task, {}, seed)
        # Not the answer itself: of several that are right, some tasks name any.
        told = repr((question.text, question.answer is None)).encode("utf-8", "backslashreplace")
        print(task, seed, hashlib.sha256(told).hexdigest())
"""


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_every_tasks_questions_are_the_same_in_processes_with_other_hashes() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", QUESTIONS],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.splitlines()
        for hashes in ("1", "2")
    ]
    assert [one for one, other in zip(*told, strict=True) if one != other] == []
    assert len(told[0]) == 4 * len(KINDS)
