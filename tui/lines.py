"""The commands of the plain mode: what may be typed, what it does, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass, replace

from agent.config import one_of
from agent.controller import Controller
from agent.errors import EXPECTED
from agent.lm.types import Burst
from agent.steering import MODES, Approved, EditNote, Refused, Replaced
from memory import Approve, Delete, Edit, NoteVersion, Pin, Rewrite
from tui import plain
from tui.gaze import Gaze
from tui.session import Notebook, Playing, Session
from tui.state import View
from tui.text import shown

_TOLD: tuple[type[Exception], ...] = (ValueError, *EXPECTED)
PATIENCE_S = 5.0
"""How long an edit is waited for before the next line is read."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word, what follows it, what it does."""

    word: str
    wants: str
    help: str
    steers: bool = False
    """Whether it needs a run that is played here."""


COMMANDS = (
    Command("pause", "", "hold the next forward pass", True),
    Command("go", "", "go on", True),
    Command("pass", "", "one forward pass", True),
    Command("burst", "", "to the end of the next burst", True),
    Command("action", "", "to the game's next answer", True),
    Command("cancel", "", "throw the present generation away, and pause", True),
    Command("mode", "auto|confirm|human", "who acts", True),
    Command("yes", "", "approve the proposed action", True),
    Command("no", "[WHY]", "refuse it", True),
    Command(
        "do", "ACTION", "play this, in the place of the proposed action or where you play", True
    ),
    Command("k", "N", "bursts up to N tokens, from the next pass on", True),
    Command("confidence", "0..1", "where bursts are cut, from the next pass on", True),
    Command("hint", "WORDS", "say something to the model", True),
    Command("notes", "", "the notes, numbered"),
    Command("note", "N", "a note: its versions, and the thoughts that it came from"),
    Command("edit", "N TITLE: BODY", "change a note"),
    Command("pin", "N", "pin a note, or no longer"),
    Command("delete", "N", "delete a note"),
    Command("approve", "N", "let a proposed note live"),
    Command("figures", "", "the state word, step, score, tokens a pass, window, bursts"),
    Command("back", "", "the step before"),
    Command("on", "", "the step after"),
    Command("step", "N", "that step, or the nearest before it"),
    Command("now", "", "where the run is now"),
    Command("episode", "N", "another episode of the run"),
    Command("help", "", "these words"),
    Command("quit", "", "leave; what was committed is kept"),
)


class Lines:
    """Answers the lines that a person types at a session."""

    def __init__(self, session: Session, say: Callable[[str], None]) -> None:
        self._session, self._say = session, say
        self._gaze = Gaze(session)

    def answer(self, line: str) -> bool:
        """Do what a line says. False: leave."""
        word, _, rest = line.strip().partition(" ")
        if not word:
            return True
        self._read_on()
        command = next((each for each in COMMANDS if each.word == word.lower()), None)
        if command is None:
            self._say(f"no such command: {shown(word)!r}; help lists them")
        elif command.word == "quit":
            return False
        elif command.steers and not self._session.steerable:
            self._say(f"{command.word}: the run is not being played here")
        else:
            try:
                getattr(self, f"_{command.word}")(rest.strip())
            except _TOLD as error:
                self._say(f"{command.word}: {shown(str(error))}")
        return True

    def _read_on(self) -> None:
        try:
            self._session.refresh()
        except EXPECTED as error:  # what was read of the record stays
            self._say(f"cannot read on: {shown(str(error))}")
        if self._gaze.lost():
            self._say(f"episode {self._session.present.episode} has begun: back to now")

    def _help(self, _rest: str) -> None:
        for each in COMMANDS:
            wants = f" {each.wants}" if each.wants else ""
            self._say(f"{each.word}{wants}: {each.help}")

    # --- steering ---

    def _pause(self, _rest: str) -> None:
        self._hand.pause()

    def _go(self, _rest: str) -> None:
        self._hand.go_on()

    def _pass(self, _rest: str) -> None:
        self._hand.step("pass")

    def _burst(self, _rest: str) -> None:
        self._hand.step("burst")

    def _action(self, _rest: str) -> None:
        self._hand.step("action")

    def _cancel(self, _rest: str) -> None:
        self._hand.cancel()

    def _mode(self, rest: str) -> None:
        self._hand.mode = one_of("mode", rest, MODES)
        self._say(f"mode {rest}")

    def _yes(self, _rest: str) -> None:
        self._decided(self._hand.decide(Approved()))

    def _no(self, rest: str) -> None:
        self._decided(self._hand.decide(Refused(rest)))

    def _do(self, rest: str) -> None:
        if not rest:
            raise ValueError("an action has at least one word")
        self._decided(self._hand.give(rest) or self._hand.decide(Replaced(rest)))

    def _decided(self, done: bool) -> None:
        if not done:
            self._say("nothing is waiting for you; mode confirm or mode human changes that")

    def _k(self, rest: str) -> None:
        size = _whole(rest)
        if size < 1:
            raise ValueError(f"{size}: a burst has at least one token")
        self._set_burst(replace(self._playing.burst, k=size))

    def _confidence(self, rest: str) -> None:
        try:
            share = float(rest)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise ValueError(f"{rest!r}: give a number from 0 to 1")
        self._set_burst(replace(self._playing.burst, confidence=share))

    def _set_burst(self, wanted: Burst) -> None:
        with suppress(NotYet):  # what is done is told when it is done
            self._playing.set_burst(wanted).result(PATIENCE_S)

    def _hint(self, rest: str) -> None:
        if not rest:
            raise ValueError("say what the model should know")
        told = self._hand.hint(rest)
        if not told.done():
            self._say("hint waiting: the model is told before its next thought or action")
        told.add_done_callback(self._refused)

    def _refused(self, done: Future[bool]) -> None:
        error = done.exception()
        if error is not None:
            self._say(f"hint: {shown(str(error))}")

    # --- notes ---

    def _notes(self, _rest: str) -> None:
        for line in plain.notes(self._view):
            self._say(line)

    def _note(self, rest: str) -> None:
        place = self._session.memory
        if place is None:
            raise ValueError("there is no memory file yet")
        note, versions, sources = Notebook(place).note(self._named(rest).note)
        self._say(f"{shown(note.title)}: {shown(note.body)} ({note.bank}, {note.state})")
        for each in versions:
            where = "" if each.step is None else f" at step {each.step}"
            words = f"{shown(each.title)}: {shown(each.body)}"
            self._say(f"  {each.version} {each.op} by {each.actor}{where}: {words}")
        for span in sources:
            text = " ".join(shown(span.text or "(erased)").split())
            self._say(f"  from step {span.step}, {span.kind}: {text}")

    def _edit(self, rest: str) -> None:
        which, _, words = rest.partition(" ")
        title, colon, body = words.partition(":")
        if not colon or not title.strip() or not body.strip():
            raise ValueError("write it as edit N TITLE: BODY")
        note = self._named(which)
        self._change(note, Rewrite(note.note, note.version, body.strip(), title.strip()))

    def _pin(self, rest: str) -> None:
        note = self._named(rest)
        self._change(note, Pin(note.note, note.version, not note.pinned))

    def _delete(self, rest: str) -> None:
        note = self._named(rest)
        self._change(note, Delete(note.note, note.version))

    def _approve(self, rest: str) -> None:
        note = self._named(rest)
        self._change(note, Approve(note.note, note.version))

    def _named(self, rest: str) -> NoteVersion:
        known = plain.listed(self._view)
        number = _whole(rest.partition(" ")[0])
        if not 1 <= number <= len(known):
            raise ValueError(f"{number}: there are notes 1 to {len(known)}")
        return known[number - 1]

    def _change(self, note: NoteVersion, edit: Edit) -> None:
        place = self._session.memory
        if place is None:
            raise ValueError("there is no memory file yet")
        found, _, _ = Notebook(place).note(note.note)
        order = EditNote((found.bank.kind, found.bank.name), note.note, edit)
        done: Future[bool] = self._session.edit(order)
        try:
            done.result(PATIENCE_S)
            self._say("done")
        except NotYet:
            self._say("it is done as soon as the loop comes by")

    # --- walking ---

    def _figures(self, _rest: str) -> None:
        self._say(f"[{self._session.word}] {plain.summary(self._view)}")
        if self._session.steerable and self._hand.hints_waiting:
            self._say(f"hints waiting: {self._hand.hints_waiting}")

    def _back(self, _rest: str) -> None:
        self._look_at(self._session.timeline.before(self._gaze.step))

    def _on(self, _rest: str) -> None:
        self._look_at(self._session.timeline.after(self._gaze.step))

    def _step(self, rest: str) -> None:
        self._look_at(_whole(rest))

    def _now(self, _rest: str) -> None:
        self._session.follow()
        self._look_at(None)

    def _episode(self, rest: str) -> None:
        number = _whole(rest)
        record = self._session.record
        if record is None or number not in record.episodes():
            raise ValueError(f"{number}: there is no such episode")
        self._session.open(number)
        steps = self._session.timeline.steps
        self._look_at(steps[0] if steps else None)

    def _look_at(self, step: int | None) -> None:
        self._gaze.turn_to(step)
        view = self._view
        now = "" if self._gaze.back else " (now)"
        self._say(f"--- step {view.step}{now}: {plain.summary(view)}")
        for entry in view.entries:
            if entry.step == view.step and entry.kind in plain.LABELS:
                for line in plain.written(entry):
                    self._say(line)
        if view.turns:
            turn = view.turns[-1]
            self._say(f"> {turn.action}" if turn.action else "")
            self._say(turn.observation)

    @property
    def _view(self) -> View:
        return self._gaze.view

    @property
    def _hand(self) -> Controller:
        assert self._session.controller is not None
        return self._session.controller

    @property
    def _playing(self) -> Playing:
        assert isinstance(self._session, Playing)
        return self._session


def _whole(text: str) -> int:
    """A number as it was typed. Raises ValueError."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r}: give a whole number")
    return int(text[:9])
