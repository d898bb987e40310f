"""The stand-in keeps the rules of the model boundary, needs no torch, and never varies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ModelFailed
from agent.lm import load_model
from agent.lm.scripted import Prompt, ScriptedModel, ScriptedVocabulary, stroll
from agent.lm.types import Burst, Choices, Generation, Mode, Pass, Request, Slow
from tests.agent.lm.tiny import run

WORDS = ScriptedVocabulary()


def answer(text: str, request: Request) -> Generation:
    return run(ScriptedModel([text]).generate("s", WORDS.encode("window"), request))


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_back(text: str) -> None:
    ids = WORDS.encode(text)
    assert WORDS.decode(ids) == text
    assert WORDS.control_ids.isdisjoint(ids)
    assert WORDS.encode(WORDS.decode(ids)) == ids


def test_control_ids_are_no_text() -> None:
    assert WORDS.decode([0, 4, *WORDS.encode("a b"), 255]) == "a b"
    assert WORDS.decode(WORDS.encode("a\ud800b")) == "a\ufffdb"


@given(
    text=st.lists(st.sampled_from(["a", "b", "\nEND", "\n", " "]), max_size=12).map("".join),
    mode=st.builds(Burst, st.integers(1, 5)) | st.just(Slow()),
    max_tokens=st.integers(1, 12),
    max_passes=st.none() | st.integers(1, 5),
    stops=st.sampled_from([(), ("\n",), ("\nEND", "b")]),
)
def test_it_stops_like_a_real_model(
    text: str, mode: Mode, max_tokens: int, max_passes: int | None, stops: tuple[str, ...]
) -> None:
    request = Request("think", mode, max_tokens, stop_strings=stops, max_passes=max_passes)
    got = answer(text, request)
    size = mode.k if isinstance(mode, Burst) else 1
    assert 1 <= len(got.token_ids) <= max_tokens
    assert len(got.passes) <= (max_passes or max_tokens)
    assert all(len(each.token_ids) == size for each in got.passes[:-1])
    assert all(len(each.token_ids) == len(each.logprobs) <= size for each in got.passes)
    assert (got.prefill_tokens, got.passes[0].prefill) == (2, 2)
    written = WORDS.decode(got.token_ids)
    ends = [text.index(stop) + len(stop) for stop in stops if stop in text]
    whole = text[: min(ends, default=len(text))]
    assert written == WORDS.decode(WORDS.encode(whole)[: len(got.token_ids)])
    if got.stop == "stop_string":
        assert written == whole
        assert ends
    elif got.stop == "stop_token":
        assert written == text
        assert got.token_ids[-1] in WORDS.end_ids
    elif got.stop == "max_passes":
        assert len(got.passes) == max_passes
    else:
        assert got.stop == "max_tokens"
        assert len(got.token_ids) == max_tokens


def test_answers_come_in_turn_and_then_run_out() -> None:
    model = ScriptedModel(["one", "two"])
    ask = Request("act", Slow(), 9)
    told: list[Pass] = []
    got = [run(model.generate("s", [300], ask, told.append)) for _ in range(2)]
    assert [WORDS.decode(each.token_ids) for each in got] == ["one", "two"]
    assert tuple(told) == got[0].passes + got[1].passes
    with pytest.raises(
        ModelFailed, match=r"^the script has 2 answers, and one more was asked for$"
    ):
        run(model.generate("s", [300], ask))


def test_a_script_sees_what_is_asked() -> None:
    seen: list[Prompt] = []

    def script(prompt: Prompt) -> str:
        seen.append(prompt)
        return "x"

    model = ScriptedModel(script)
    window = [*WORDS.turns.begin, *WORDS.encode("You see an egg.")]
    for session in ("s", "s", "t"):
        request = Request("act", Slow(), 9, constraint=Choices((" go",)))
        run(model.generate(session, window, request))
    model.forget("s")
    run(model.generate("s", window, Request("act", Slow(), 9)))
    model.close()
    assert seen[0] == Prompt("act", "You see an egg.", (" go",), 0)
    assert [prompt.count for prompt in seen] == [0, 1, 0, 0]
    assert seen[3].choices == ()


def test_the_script_that_ships_stays_within_the_rules() -> None:
    window = "-= Kitchen =-\nAn exit to the north.\n-= Pantry =-\nA door leads south."
    assert "Pantry" in stroll(Prompt("think", window, (), 0))
    assert stroll(Prompt("summarise", window, (), 0)) == "ADD places: been in Kitchen, Pantry\nEND"
    assert stroll(Prompt("act", window, (" go up", " wait"), 0)) in {" go up", " wait"}
    assert stroll(Prompt("act", window, (), 0)) in {" go north", " go south"}
    assert stroll(Prompt("act", "nothing", (), 0)) == " look"


_PROGRAM = """
import asyncio, sys
from agent.lm import load_model
from agent.lm.types import Request, Slow
model = load_model("scripted")
window = model.vocabulary.encode("-= Hall =- exits north and east")
for purpose in ("think", "summarise", "act"):
    got = asyncio.run(model.generate("s", window, Request(purpose, Slow(), 60)))
    print(purpose, got.token_ids, got.stop)
print(model.fingerprint)
heavy = {"torch", "transformers", "langgraph", "textworld", "textual"} & set(sys.modules)
print("heavy:", sorted(heavy))
"""


def other_process(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        timeout=60,
    )
    return done.stdout


def test_it_says_the_same_in_every_process_and_needs_no_torch() -> None:
    first = other_process("1")
    assert first == other_process("2")
    assert first.endswith("heavy: []\n")
    model = load_model("scripted")

    async def think(window: Sequence[int]) -> Generation:
        return await model.generate("s", window, Request("think", Slow(), 60))

    got = asyncio.run(think(model.vocabulary.encode("-= Hall =- exits north and east")))
    assert first.startswith(f"think {got.token_ids} stop_token\n")
    assert model.fingerprint in first
