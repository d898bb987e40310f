"""Traces and versions whose JSON is valid and means nothing: named errors, whoever reads them."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import EXPECTED, RunDirectoryError
from agent.lm.gate import Gate
from agent.lm.scripted import ScriptedModel, ScriptedVocabulary
from agent.lm.types import Generation, Purpose
from agent.runner import run_async
from agent.steering import (
    Approved,
    EditNote,
    GenerationCancelled,
    Hint,
    Obey,
    Order,
    Refused,
    Replaced,
    SetBurst,
    Verdict,
)
from agent.story import atif, page, walk
from agent.story.overview import overview
from agent.story.turns import turns
from agent.tally import Tally
from agent.trace import read, windows
from agent.verify import Verification, verify
from memory import Add, MemoryFile, Rewrite
from tests.agent.kill import after, begin, config, go_on, in_child, make, wayward
from tests.agent.story.world import recording_of
from tests.agent.world import trace_of

# The paths are made once for all examples of a test: each puts back what it changed.
CHECK = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 10**12, 2**63, 10**400])
    | st.floats()
    | st.text(st.characters(codec=None), max_size=5)
    | st.sampled_from(["0-99999999999", "\ud800", "episode", "step", "edit", "burst(3, e)"]),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=2)
    ),
    max_leaves=5,
)
Change = Callable[[Any], Any]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Something done to some part of a value: replaced, left out, said twice, taken from beside it."""
    steps = draw(st.lists(st.integers(0, 10**6), max_size=4))
    what = draw(st.sampled_from(["replace", "replace", "leave out", "twice", "beside"]))
    other = draw(junk)

    def change(value: Any) -> Any:
        inside: Any = None
        key, at = None, value
        for step in steps:
            if not isinstance(at, (list, dict)) or not at:
                break
            keys = list(at) if isinstance(at, dict) else range(len(at))
            inside, key = at, keys[step % len(keys)]
            at = at[key]
        if inside is None:
            return other
        if what == "leave out":
            del inside[key]
        elif what == "twice":
            inside[key] = [at, at]
        elif what == "beside":
            inside[key] = next(iter(inside.values() if isinstance(inside, dict) else inside))
        else:
            inside[key] = other
        return value

    return change


def told(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@st.composite
def retraced(draw: st.DrawFn, lines: list[bytes]) -> bytes:
    """A trace with some lines changed, each as long as it was where it is no longer."""
    lines = list(lines)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(lines) - 1))
        with suppress(ValueError):
            changed = told(draw(changes())(json.loads(lines[at])))
            lines[at] = changed.ljust(len(lines[at]) - 1) + b"\n"
    if draw(st.integers(0, 9)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(lines)))
    return b"".join(lines)


class Busy:
    """A person who does one of everything."""

    gate: Gate | None = None

    def __init__(self) -> None:
        self.asked = 0
        self.refused = self.cancelled = False

    async def ready(self, purpose: Purpose, obey: Obey) -> None:
        orders: dict[int, Order] = {
            2: Hint("mind the step"),
            4: SetBurst(3, 0.5),
            5: EditNote(None, "", Add("door", "it is blue")),
            7: EditNote(None, "", Rewrite("", 1, "it is red"), place=0),
        }
        if purpose == "think":
            self.asked += 1
            if self.asked in orders:
                assert await obey(orders[self.asked])

    async def during(self, generation: Awaitable[Generation], obey: Obey) -> Generation:
        done = await generation
        if self.asked == 3 and not self.cancelled:
            self.cancelled = True
            await asyncio.sleep(0.02)  # time that a replay does not take
            raise GenerationCancelled
        return done

    async def action(self, step: int, obey: Obey) -> str | None:
        return "go north" if step == 6 else None

    async def verdict(self, step: int, action: str, obey: Obey) -> Verdict:
        if step == 4 and not self.refused:
            self.refused = True
            return Refused("not there")
        return Replaced("go south") if step == 8 else Approved()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one episode in which everything happens that a trace can tell."""
    done = asyncio.run(
        run_async(
            config(tmp_path_factory.mktemp("whole") / "run", episodes=1, seed=33),
            model=ScriptedModel(wayward),
            make_env=make,
            steering=Busy(),
        )
    )
    events = list(read(trace_of(done)))
    kinds = {"episode", "segment", "generate", "person", "summary", "notes", "drop", "prune"}
    assert {event["e"] for event in events} == kinds | {"step", "end"}
    orders = {"hint", "burst", "edit", "refuse", "replace", "give"}
    assert {event["what"] for event in events if event["e"] == "person"} == orders
    assert verified(done.path).sound
    return done.path


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cut") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryFile, "commit_step", after(10, MemoryFile.commit_step))
        in_child(lambda: begin(out, episodes=1, seed=33))
    return out


@contextmanager
def changed(path: Path, data: st.DataObject) -> Iterator[Path]:
    """The run with its trace changed."""
    trace = path / "traces" / "000000.jsonl"
    before = trace.read_bytes()
    lines = before.splitlines(keepends=True)
    trace.write_bytes(data.draw(retraced(lines)))
    try:
        yield trace
    finally:
        trace.write_bytes(before)


def verified(path: Path) -> Verification:
    return verify(path, make_env=make, model=ScriptedModel(wayward), with_model=True)


def view(path: Path) -> None:
    """All that `steno view` and `steno export` tell, as a terminal and a file take it."""
    vocabulary = ScriptedVocabulary()
    with recording_of(path) as recording:
        top = overview(recording)
        lines = [*walk.opening(top), *walk.lines(turns(recording, vocabulary), recording.budget)]
        "\n".join(lines).encode()
        made = list(turns(recording, None))
        page.write(path / "page.html", top, made, budget=recording.budget, many=len(made))
        atif.write(path / "atif.json", recording, vocabulary)


@given(st.data())
@CHECK
def test_whoever_reads_a_changed_trace_gets_events_or_a_named_error(
    whole: Path, data: st.DataObject
) -> None:
    with changed(whole, data) as trace:
        tally = Tally()
        with suppress(*EXPECTED):
            for event, _ in windows(trace, 640):
                tally.count(event)
        with suppress(*EXPECTED):
            view(whole)


@given(st.data())
@settings(CHECK, max_examples=60)
def test_a_changed_trace_is_verified_to_a_result_or_a_named_error(
    whole: Path, data: st.DataObject
) -> None:
    with changed(whole, data), suppress(*EXPECTED):
        verified(whole)


@given(st.data())
@settings(CHECK, max_examples=40)
def test_a_changed_trace_is_resumed_or_refused_by_name(
    cut_off: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = Path(shutil.copytree(cut_off, tmp_path_factory.mktemp("again") / "run"))
    with changed(path, data), suppress(*EXPECTED):
        go_on(path)
    shutil.rmtree(path)


@given(changes())
@CHECK
def test_changed_versions_are_read_or_refused_by_name(whole: Path, change: Change) -> None:
    file = whole / "versions.json"
    before = file.read_bytes()
    file.write_bytes(told(change(json.loads(before))))
    try:
        with suppress(*EXPECTED):
            verified(whole)
        with suppress(*EXPECTED):
            view(whole)
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"[1]", "Input should be a valid dictionary"),
        (b"3", "Input should be a valid dictionary"),
        (b"{}", "e: Field required"),
        (b'{"e":"step","n":1}', "action: Field required"),
        (b'{"e":"drop","ids":[0.5]}', "ids.0 0.5"),
        pytest.param(b"[" * 100_000, "it is no JSON", id="deep"),
        (b'{"e":"prune","step":1,"kind":"evicted","recipe":"0-9","before":1,"after":1}', "'0-9'"),
    ],
)
def test_the_byte_at_which_a_trace_is_damaged_is_named(
    tmp_path: Path, line: bytes, told: str
) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(b'{"e":"of a later version"}\n' + line + b"\n")
    with pytest.raises(RunDirectoryError) as raised:
        list(windows(trace))
    assert str(trace) in str(raised.value)
    assert told in str(raised.value)
    assert "byte 27" in str(raised.value) or "prune of step 1" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_window_of_other_segments_is_not_taken_up(cut_off: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(cut_off, tmp_path / "run"))
    trace = path / "traces" / "000000.jsonl"
    lines = trace.read_bytes().splitlines(keepends=True)
    at = max(i for i, line in enumerate(lines) if b'"kind":"thought"' in line)
    lines[at] = b'{"e":"drop","ids":[]}'.ljust(len(lines[at]) - 1) + b"\n"
    trace.write_bytes(b"".join(lines))
    assert "gives another window after step" in str(go_on(path).failure)


@contextmanager
def with_events(path: Path, change: Callable[[list[dict[str, Any]]], None]) -> Iterator[None]:
    trace = path / "traces" / "000000.jsonl"
    before = trace.read_bytes()
    events = [json.loads(line) for line in before.splitlines()]
    change(events)
    trace.write_bytes(b"".join(told(event) + b"\n" for event in events))
    try:
        yield
    finally:
        trace.write_bytes(before)


@pytest.mark.parametrize(
    "change", [{"place": 99}, {"op": "burn"}, {"edit": {"body": "it is red"}}, {"edit": {}}]
)
def test_an_edit_that_nobody_can_have_made_is_a_problem(
    whole: Path, change: dict[str, Any]
) -> None:
    def edited(events: list[dict[str, Any]]) -> None:
        [event] = [each for each in events if each.get("op") == "rewrite"]
        event.update(change)

    with with_events(whole, edited):
        found = verified(whole)
    assert "what a person did at step" in found.problems[0].problem
    assert "(edit) cannot be done" in found.problems[0].problem


class Narrow(ScriptedVocabulary):
    """A vocabulary whose tokenizer, as real ones do, raises for ids past its integers."""

    def decode(self, ids: Sequence[int]) -> str:
        if max(ids, default=0) >= 2**36:
            raise OverflowError("out of range")
        return super().decode(ids)


@pytest.mark.parametrize("purpose", ["think", "act", "summarise"])
def test_a_token_of_no_vocabulary_is_named(whole: Path, purpose: str) -> None:
    def widened(events: list[dict[str, Any]]) -> None:
        event = next(each for each in events if each.get("purpose") == purpose)
        event["passes"][0][0][0] = 2**36

    model = ScriptedModel(wayward)
    model.vocabulary = Narrow()
    with with_events(whole, widened):
        with recording_of(whole) as recording, pytest.raises(RunDirectoryError, match="the token"):
            list(turns(recording, Narrow()))
        found = verify(whole, make_env=make, model=model, with_model=True)
    assert not found.sound
