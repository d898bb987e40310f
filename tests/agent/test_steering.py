"""A person's hand on a run, without a screen: pause, step, cancel, hints, edits, verdicts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.background import BackgroundRun, begin, go_on
from agent.config import RunConfig
from agent.controller import Controller
from agent.errors import AdapterMismatch, RunOver
from agent.events import (
    Began,
    BurstSet,
    Cancelled,
    Event,
    Generated,
    Held,
    Hinted,
    Passed,
    Proposed,
    Stepped,
    Thought,
    Windowed,
    YourMove,
)
from agent.lm.scripted import Prompt, Script, ScriptedModel, stroll
from agent.lm.types import Burst, Generation, OnPass, Request
from agent.playing import Run
from agent.runner import run_async
from agent.steering import Approved, EditNote, Refused, Replaced
from agent.trace import read
from agent.verify import verify
from memory import Conflict, MemoryFile, Pin, Rewrite, Scope
from tests.agent.world import Corridor, answers, check_invariants, trace_of

PATIENCE_S = 60.0


class Steered:
    """A run in the background, its controller, and the events so far."""

    def __init__(
        self,
        out: Path,
        *,
        script: Script = stroll,
        model: ScriptedModel | None = None,
        mode: Any = "auto",
        held: bool = False,
        length: int = 10,
        **settings: Any,
    ) -> None:
        self.events: list[Event] = []
        self._news = threading.Condition()
        self.controller = Controller(self._watch, mode=mode, held=held)
        config = RunConfig(env="test/corridor", out=out, **settings)
        self.run = begin(
            config,
            self.controller,
            model=model or ScriptedModel(script),
            make_env=lambda _spec: Corridor(length),
        )
        self.run.start()

    def _watch(self, event: Event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    def until(self, met: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(met, PATIENCE_S), self.events[-5:]

    def until_held(self) -> None:
        def held() -> bool:
            told = [event for event in self.events if isinstance(event, Held)]
            return bool(told) and told[-1].held

        self.until(held)

    def end(self) -> Run:
        self.controller.mode = "auto"
        self.controller.go_on()
        assert self.run.wait(PATIENCE_S)
        assert self.run.failure is None
        assert self.run.done is not None
        return self.run.done


@contextmanager
def steered(out: Path, **how: Any) -> Iterator[Steered]:
    it = Steered(out, **how)
    try:
        yield it
    finally:
        it.controller.go_on()
        it.run.abort()
        assert it.run.wait(PATIENCE_S)


class Slow(ScriptedModel):
    """A model whose passes take time, and that goes on after a cancel until its pass is made."""

    pass_s = 0.05

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        whole = await super().generate(session, window, request, None)
        loop = asyncio.get_running_loop()

        def finish() -> None:
            if not task.done():
                task.set_result(None)

        def work() -> None:
            with suppress(RuntimeError):  # the run was left: its loop is closed
                for each in whole.passes:
                    if task.cancelled():
                        return
                    time.sleep(self.pass_s)
                    if on_pass is not None:
                        loop.call_soon_threadsafe(on_pass, each)  # stale, where it was cancelled
                loop.call_soon_threadsafe(finish)

        task: asyncio.Future[None] = loop.create_future()
        threading.Thread(target=work, daemon=True).start()
        await task
        return whole


class Counting(ScriptedModel):
    """A model that counts the tokens of each pass of its thoughts."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[list[int]] = []

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        done = await super().generate(session, window, request, on_pass)
        if request.purpose == "think":
            self.sizes.append([len(each.token_ids) for each in done.passes])
        return done


def test_a_run_that_nobody_touches_is_an_ordinary_run(tmp_path: Path) -> None:
    with steered(tmp_path / "steered") as it:
        done = it.end()
    plain = asyncio.run(
        run_async(
            RunConfig(env="test/corridor", out=tmp_path / "plain"),
            model=ScriptedModel(),
            make_env=lambda _spec: Corridor(),
        )
    )
    unlike = {"uid", "wall_s", "think", "act", "summarise"}
    assert done.rows[0].model_dump(exclude=unlike) == plain.rows[0].model_dump(exclude=unlike)
    check_invariants(done, 768)


def test_a_pause_holds_at_the_next_pass_and_steps_go_pass_by_pass(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True, think={"k": 4}) as it:
        it.until_held()
        assert it.of(Passed) == []
        for count in range(1, 4):
            it.controller.step("pass")
            it.until(lambda count=count: len(it.of(Passed)) == count and it.controller.held)  # type: ignore[misc]
            it.until_held()
            time.sleep(0.05)
            assert len(it.of(Passed)) == count
        assert "".join(event.text for event in it.of(Passed)).startswith(" I am in Room 0.")
        check_invariants(it.end(), 768)


def test_a_step_by_burst_goes_through_slow_passes(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True, think={"k": 200}) as it:
        for count in (1, 2, 3):
            it.until_held()
            it.controller.step("burst")
            it.until(lambda count=count: len(it.of(Thought)) >= count)  # type: ignore[misc]
            it.until_held()
            bursts = [event for event in it.of(Passed) if event.purpose == "think"]
            assert len(bursts) == count  # each thought is one burst here, with an act between two
        assert len(it.of(Stepped)) == 2


def test_a_step_by_action_ends_where_the_environment_has_answered(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True) as it:
        for count in (1, 2):
            it.until_held()
            it.controller.step("action")
            it.until(lambda count=count: len(it.of(Stepped)) == count)  # type: ignore[misc]
            it.until_held()
            assert len(it.of(Stepped)) == count


def test_nothing_of_a_cancelled_generation_arrives_later(tmp_path: Path) -> None:
    with steered(tmp_path / "run", model=Slow(), length=2, think={"k": 2}) as it:
        it.until(lambda: len(it.of(Passed)) >= 2)
        it.controller.cancel()
        it.until(lambda: bool(it.of(Cancelled)))
        seen = len(it.events)
        time.sleep(10 * Slow.pass_s)  # whatever is on its way has arrived by now
        assert [event for event in it.events[seen:] if isinstance(event, Passed)] == []
        assert it.controller.held
        Slow.pass_s = 0.0
        done = it.end()
    told = [event for event in read(trace_of(done)) if event["e"] == "generate"]
    assert told[0]["stop"] == "cancelled"
    assert told[0]["purpose"] == told[1]["purpose"] == "think"
    assert told[0]["seed"] != told[1]["seed"]
    assert done.rows[0].think is not None
    assert done.rows[0].think.generations == 3  # what was cancelled has been paid for
    assert verify(done.path, make_env=lambda _spec: Corridor(2)).sound


def test_a_hint_enters_the_window_as_the_persons_words(tmp_path: Path) -> None:
    seen: list[str] = []

    def think(prompt: Prompt) -> str:
        seen.append(prompt.window)
        return " so be it\n"

    with steered(tmp_path / "run", script=answers(think=think), held=True) as it:
        it.until_held()
        it.controller.hint("mind the [b]gap[/b] \x1b[31m<|im_end|>")
        done = it.end()
    assert "(A person says: mind the [b]gap[/b] \x1b[31m<|im_end|>)" in seen[0]
    with MemoryFile.open(done.memory, read_only=True) as memory:
        [span] = memory.spans(done.rows[0].uid, kind="hint")
    assert span.step == 1
    check_invariants(done, 768)


@pytest.mark.parametrize("budget", [640, 768])
def test_however_many_hints_the_window_keeps_its_budget(tmp_path: Path, budget: int) -> None:
    with steered(tmp_path / "run", length=40, window={"budget": budget}, held=True) as it:
        given = [it.controller.hint(f"{n} " + "many words " * 60) for n in range(30)]
        done = it.end()
    assert (done.rows[0].outcome, done.rows[0].error) == ("won", None)
    assert sum(each.done() for each in given) > 5
    assert done.rows[0].prunes > 3
    check_invariants(done, budget)


def test_bursts_change_from_the_next_thought_on(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True, think={"k": 8}, length=3) as it:
        it.until_held()
        it.controller.step("action")
        it.until(lambda: len(it.of(Stepped)) == 1)
        it.until_held()
        it.controller.set_burst(2, 0.5)
        done = it.end()
    modes = [e["mode"] for e in read(trace_of(done)) if e.get("purpose") == "think"]
    assert modes == ["burst(8, 0.9)", "burst(2, 0.5)", "burst(2, 0.5)"]
    thoughts = [p.each.token_ids for p in it.of(Passed) if p.purpose == "think"]
    assert max(map(len, thoughts[:2])) == 8
    assert max(map(len, thoughts[3:])) == 2


def test_bursts_change_in_the_middle_of_a_thought_from_the_next_pass_on(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True, think={"k": 8}, length=3) as it:
        for count in (1, 2):
            it.until_held()
            it.controller.step("pass")
            it.until(lambda count=count: len(it.of(Passed)) == count)  # type: ignore[misc]
        it.until_held()
        assert it.controller.set_burst(2, 0.5).result(PATIENCE_S)  # it needs no going on
        assert [event.mode for event in it.of(BurstSet)] == [Burst(2, 0.5)]
        it.controller.step("pass")
        it.until(lambda: len(it.of(Passed)) == 3)
        done = it.end()
    sizes = [len(each.each.token_ids) for each in it.of(Passed)]
    assert sizes[:3] == [8, 8, 2]
    events = [e for e in read(trace_of(done)) if e["e"] in ("generate", "person")]
    assert (events[0]["mode"], events[0]["turns"]) == ("burst(8, 0.9)", [[2, 2, 0.5]])
    assert events[1]["what"] == "burst"
    assert {e["mode"] for e in events[2:] if e.get("purpose") == "think"} == {"burst(2, 0.5)"}
    assert [e for e in events[2:] if "turns" in e] == []
    again = Counting()
    found = verify(done.path, with_model=True, model=again, make_env=lambda _spec: Corridor(3))
    assert found.sound
    assert again.sizes[0][:3] == [8, 8, 2]  # the same passes, not only the same words
    assert all(max(each) == 2 for each in again.sizes[1:])
    check_invariants(done, 768)


def test_how_it_was_asked_to_think_outlives_a_resume(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True, think={"k": 8}, length=4) as it:
        it.until_held()
        it.controller.set_burst(2, 0.5)
        it.controller.step("action")
        it.until(lambda: len(it.of(Stepped)) == 1)
        it.until_held()
        it.run.abort()
        assert it.run.wait(PATIENCE_S)
    assert it.run.path is not None
    resumed = go_on(
        it.run.path, Controller(), model=ScriptedModel(), make_env=lambda _spec: Corridor(4)
    )
    resumed.start()
    assert resumed.wait(PATIENCE_S)
    assert resumed.done is not None
    modes = [e["mode"] for e in read(trace_of(resumed.done)) if e.get("purpose") == "think"]
    assert modes == ["burst(2, 0.5)"] * 4


def test_too_large_a_burst_is_refused_and_the_game_goes_on(tmp_path: Path) -> None:
    model = ScriptedModel()
    model.burst_limit = 8
    with steered(tmp_path / "run", model=model, held=True, think={"k": 8}, length=3) as it:
        it.until_held()
        with pytest.raises(AdapterMismatch, match="a burst of 9: the adapter was trained for 8"):
            it.controller.set_burst(9, 0.9).result(PATIENCE_S)
        done = it.end()
    assert (done.rows[0].outcome, done.rows[0].error) == ("won", None)
    modes = [e["mode"] for e in read(trace_of(done)) if e.get("purpose") == "think"]
    assert set(modes) == {"burst(8, 0.9)"}


def test_hints_are_counted_until_the_model_is_told(tmp_path: Path) -> None:
    with steered(tmp_path / "run", held=True, length=3) as it:
        it.until_held()
        for count, text in enumerate(["mind the gap", "and the door"], 1):
            it.controller.hint(text)
            assert it.controller.hints_waiting == count
        it.end()
        assert it.controller.hints_waiting == 0
        assert len(it.of(Hinted)) == 2


@pytest.mark.parametrize("left", [False, True], ids=["failed", "left"])
def test_what_waits_when_a_run_ends_is_refused(tmp_path: Path, left: bool) -> None:
    def fails(_prompt: Prompt) -> str:
        raise RuntimeError("the model broke")

    script = stroll if left else answers(think=fails)
    with steered(tmp_path / "run", script=script, held=True) as it:
        it.until_held()
        waiting = it.controller.hint("too late")
        assert it.controller.hints_waiting == 1
        if left:
            it.run.abort()
        else:  # hints are told before a thought; this one has been asked for
            it.controller.go_on()
        assert it.run.wait(PATIENCE_S)
        if left:
            with pytest.raises(RunOver, match="the model was not told"):
                waiting.result(0)
        for order in (it.controller.hint("later"), it.controller.set_burst(2, 0.5)):
            with pytest.raises(RunOver, match="the run is over"):
                order.result(0)
        assert it.controller.hints_waiting == 0


def test_a_step_that_is_under_way_is_no_pause(tmp_path: Path) -> None:
    model = Slow()
    model.pass_s = 0.3
    with steered(tmp_path / "run", model=model) as it:
        asked: list[tuple[Callable[[], None], bool]] = [
            (it.controller.pause, True),
            (partial(it.controller.step, "burst"), False),
            (it.controller.pause, True),
            (it.controller.go_on, False),
        ]
        for ask, paused in asked:
            ask()
            assert it.controller.paused == paused


def test_actions_are_approved_replaced_and_refused(tmp_path: Path) -> None:
    def act(prompt: Prompt) -> str:
        return " wait" if "do not go north" in prompt.window[-200:] else " go north"

    with steered(tmp_path / "run", mode="confirm", script=answers(act=act), length=3) as it:
        for count, verdict in enumerate([Refused("a trap"), None, Replaced("go  south")], 1):
            it.until(lambda count=count: len(it.of(Proposed)) == count)  # type: ignore[misc]
            assert it.of(Stepped) == [] or count == 3
            it.until(lambda verdict=verdict: _decided(it.controller, verdict))  # type: ignore[misc]
        done = it.end()
    assert [event.action for event in it.of(Stepped)] == ["wait", "go south", "go north"]
    assert it.of(Hinted)[0].text == "do not go north: a trap"
    assert verify(done.path, make_env=lambda _spec: Corridor(3)).sound


def _decided(controller: Controller, verdict: Any) -> bool:
    return controller.decide(verdict or Approved())


def test_a_person_plays_and_the_agent_notes(tmp_path: Path) -> None:
    with steered(tmp_path / "run", mode="human", length=3) as it:
        for count, action in enumerate(["open\tdoor", "wait", "x" * 5000], 1):
            it.until(lambda count=count: len(it.of(YourMove)) == count)  # type: ignore[misc]
            it.until(lambda action=action: it.controller.give(action))  # type: ignore[misc]
        done = it.end()
    assert [event.action for event in it.of(Stepped)] == ["open door", "wait", "x" * 5000]
    assert done.rows[0].act is None or done.rows[0].act.generations == 0
    assert done.rows[0].notes_written == 1
    check_invariants(done, 768)


def test_notes_are_edited_by_their_version_and_the_model_is_told(tmp_path: Path) -> None:
    with steered(tmp_path / "run", length=40, window={"budget": 640}) as it:
        it.until(lambda: any(event.notes for event in it.of(Windowed)))
        it.controller.pause()
        it.until_held()
        note = it.of(Windowed)[-1].notes[0]
        bank = (note.bank.kind, note.bank.name)
        edit = EditNote(bank, note.uid, Rewrite(note.uid, note.version, "beware of the dog"))
        assert it.controller.edit(edit).result(PATIENCE_S)
        with pytest.raises(Conflict):
            it.controller.edit(edit).result(PATIENCE_S)
        pin = EditNote(bank, note.uid, Pin(note.uid, note.version + 1))
        assert it.controller.edit(pin).result(PATIENCE_S)
        done = it.end()
    assert [event.text for event in it.of(Hinted)] == [
        "(A person changed note 1: beware of the dog)"
    ]
    with MemoryFile.open(done.memory, read_only=True) as memory:
        versions = memory.versions(Scope(note.bank), note.uid)
    assert [v.actor for v in versions if v.op in ("rewrite", "pin")][:2] == ["person", "person"]
    check_invariants(done, 640)


@pytest.mark.parametrize("purpose", ["think", "act", "summarise"])
def test_an_edit_while_the_model_writes_is_played_again_there(tmp_path: Path, purpose: str) -> None:
    with steered(tmp_path / "run", length=30, window={"budget": 640}, held=True) as it:
        it.until_held()

        def at_work() -> bool:
            noted = any(event.notes for event in it.of(Windowed))
            begun = it.of(Began)[-1:]
            return (
                noted and len(it.of(Began)) > len(it.of(Generated)) and begun[0].purpose == purpose
            )

        while not at_work():
            count = len(it.of(Passed))
            it.controller.step("pass")
            it.until(lambda count=count: len(it.of(Passed)) > count)  # type: ignore[misc]
            it.until_held()
        note = it.of(Windowed)[-1].notes[0]
        bank = (note.bank.kind, note.bank.name)
        order = EditNote(bank, note.uid, Rewrite(note.uid, note.version, "beware"))
        it.controller.edit(order).result(PATIENCE_S)
        done = it.end()
    assert [event["during"] for event in read(trace_of(done)) if event.get("what") == "edit"]
    found = verify(
        done.path, with_model=True, model=ScriptedModel(), make_env=lambda _spec: Corridor(30)
    )
    assert found.problems == []
    assert found.model is not None
    assert found.model.differences == []


def test_a_steered_run_is_played_again_with_its_model(tmp_path: Path) -> None:
    with steered(tmp_path / "run", length=30, window={"budget": 640}, held=True) as it:
        it.until_held()
        it.controller.hint("be quick")
        it.controller.set_burst(3, 0.5)
        it.controller.go_on()
        it.until(lambda: any(event.notes for event in it.of(Windowed)))
        it.controller.pause()
        it.until_held()
        note = it.of(Windowed)[-1].notes[0]
        bank = (note.bank.kind, note.bank.name)
        order = EditNote(bank, note.uid, Rewrite(note.uid, note.version, "beware"))
        it.controller.edit(order).result(PATIENCE_S)
        it.controller.mode = "confirm"
        it.controller.go_on()
        it.until(lambda: bool(it.of(Proposed)))
        it.until(lambda: it.controller.decide(Refused("no")))
        it.until(lambda: len(it.of(Proposed)) == 2)
        it.until(lambda: it.controller.decide(Replaced("go south")))
        done = it.end()
    found = verify(
        done.path, with_model=True, model=ScriptedModel(), make_env=lambda _spec: Corridor(30)
    )
    assert found.problems == []
    assert found.model is not None
    assert found.model.differences == []


def test_a_run_that_was_left_in_the_middle_is_resumed(tmp_path: Path) -> None:
    with steered(tmp_path / "run", length=6) as it:
        it.until(lambda: len(it.of(Stepped)) >= 2)
        it.controller.pause()
        it.until_held()
        it.run.abort()
        assert it.run.wait(PATIENCE_S)
    assert it.run.path is not None
    again = Controller()
    resumed: BackgroundRun = go_on(
        it.run.path, again, model=ScriptedModel(), make_env=lambda _spec: Corridor(6)
    )
    resumed.start()
    assert resumed.wait(PATIENCE_S)
    assert resumed.done is not None
    assert (resumed.done.rows[0].outcome, resumed.done.rows[0].steps) == ("won", 6)


def test_generations_are_told_from_their_beginning(tmp_path: Path) -> None:
    with steered(tmp_path / "run", length=2) as it:
        it.end()
    assert [event.purpose for event in it.of(Began)] == [
        "think",
        "act",
        "think",
        "act",
        "summarise",
    ]
