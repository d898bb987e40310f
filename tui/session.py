"""What a screen looks at: a run that is played here and can be steered, or one on record."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from agent.background import BackgroundRun
from agent.config import RunConfig, ThinkConfig
from agent.controller import Controller
from agent.errors import EXPECTED, RunDirectoryError
from agent.events import Edited, Event
from agent.lm import load_vocabulary
from agent.lm.types import Burst
from agent.lm.vocabulary import Vocabulary
from agent.steering import EditNote, Mode
from agent.telling import RecordedRun, Telling
from memory import Edit, MemoryFile, Note, NoteVersion, Rewrite, Scope, Span
from tui.state import View
from tui.text import shown
from tui.timeline import Timeline

LEAVE_S = 0.8
"""How long a run is waited for that is to end at once; its thread then ends with the process."""
Begin = Callable[[Controller], BackgroundRun]
Tell = Callable[[Event, View, View], None]
"""Told of each event with the view before and after it, on the run's thread."""
Wanted = Callable[[], bool]


def _always() -> bool:
    return True


def _nothing(_event: Event, _before: View, _after: View) -> None:
    """Where everything is drawn, nothing need be told."""


class Session:
    """A run on record, walked through. `Playing` adds the hand on one that is played here."""

    controller: Controller | None = None
    run: BackgroundRun | None = None

    def __init__(self, path: Path | None, episode: int | None = None, greeting: str = "") -> None:
        """`greeting` is told first. Raises RunDirectoryError where `path` holds no run, or one of no
        such episode.
        """
        self.path, self.greeting = path, greeting
        self.timeline = Timeline()
        self._telling: Telling | None = None
        self._reading = threading.Lock()
        """Held while what is looked at grows or changes: another episode is opened on a thread."""
        self.record: RecordedRun | None = None
        self.left = False
        """Whether nobody looks any more."""
        if path is not None:
            self.record = RecordedRun(path, vocabulary_of(path))
            known = self.record.episodes()
            if episode is not None and episode not in known:
                raise RunDirectoryError(f"the run {str(path)!r} has no episode {episode} yet")
            if known:
                self.open(known[0] if episode is None else episode)

    @property
    def steerable(self) -> bool:
        """Whether somebody here can steer it, now."""
        return self.controller is not None and self.run is not None and not self.run.ended

    @property
    def present(self) -> View:
        """How it stands now, wherever somebody looks."""
        return self.timeline.live

    @property
    def at_present(self) -> bool:
        """Whether the episode that is looked at is the one that goes on."""
        return True

    @property
    def word(self) -> str:
        """The state word: the events', and what only the session knows."""
        word = self.present.word
        return word if word in ("DONE", "ERROR") else "ON RECORD"

    def follow(self) -> None:
        """Look at the episode that is played now, where one is."""

    @property
    def directory(self) -> Path | None:
        """The run directory, once there is one."""
        return self.run.path if self.run is not None else self.path

    @property
    def failure(self) -> BaseException | None:
        """What ended the run before its time."""
        return self.run.failure if self.run is not None and self.run.ended else None

    @property
    def config(self) -> RunConfig | None:
        """What the run was told, once it is on record."""
        return self.record.config if self.record is not None else None

    @property
    def memory(self) -> Path | None:
        """The memory file, once there is one."""
        return self.record.memory if self.record is not None else None

    def open(self, episode: int, wanted: Wanted = _always) -> None:
        """Look at another episode of the record; a long one takes seconds. Any thread may call it.

        `wanted` is asked once it is read: whether it still is. Raises MemoryFileError and
        RunDirectoryError.
        """
        assert self.record is not None
        found = self._told(self.record, episode)
        if wanted():
            self._look_at(*found)

    @staticmethod
    def _told(record: RecordedRun, episode: int) -> tuple[Telling, Timeline]:
        telling = record.tell(episode)
        return telling, Timeline(telling.more())

    def _look_at(
        self, telling: Telling, timeline: Timeline, instead_of: Timeline | None = None
    ) -> bool:
        """False where something else is looked at by now than what it was to be shown instead of."""
        with self._reading:
            if instead_of is not None and self.timeline is not instead_of:
                return False
            self._telling, self.timeline = telling, timeline
            return True

    def spell(self) -> bool:
        """Find what spells the passes of the record, and read it again; True where it was found.

        It takes seconds where a tokenizer has to be loaded: for a thread of its own. Raises
        MemoryFileError and RunDirectoryError.
        """
        record = self.record
        if record is None or record.vocabulary is not None or self.controller is not None:
            return False
        try:
            record.vocabulary = load_vocabulary(record.config.model.name, record.model())
        except EXPECTED:  # the model is not here any more: whole texts are shown
            return False
        while True:  # until the episode that was read is still the one that is looked at
            before = self.timeline
            found = self._told(record, before.live.episode)
            if self._look_at(*found, instead_of=before):
                return True

    def neighbour(self, by: int) -> int | None:
        """The episode before or after the one that is looked at."""
        known = self.record.episodes() if self.record is not None else []
        now = self.timeline.live.episode
        beyond = [each for each in known if (each > now if by > 0 else each < now)]
        return (min(beyond) if by > 0 else max(beyond)) if beyond else None

    def refresh(self) -> bool:
        """Read on where the record has grown; True where it has.

        Raises MemoryFileError and RunDirectoryError.
        """
        if self.record is None or self.steerable:
            return False
        with self._reading:
            before = self.timeline.live
            if self._telling is not None and self._telling.grown:
                for event in self._telling.more():
                    self.timeline.take(event)
            return self.timeline.live is not before

    def leave(self) -> None:
        """Nobody looks any more."""
        self.left = True

    # --- notes ---

    def edit(self, order: EditNote) -> Future[bool]:
        """Change a note by the version that was seen. The future raises what the file refuses."""
        done: Future[bool] = Future()
        try:
            if self.memory is None or order.bank is None:
                raise RunDirectoryError("there is no memory file yet")
            with MemoryFile.open(self.memory) as memory:
                scope = Scope(memory.find_bank(*order.bank))
                key = secrets.token_hex(8)
                made = memory.edit(scope, key=key, edits=[order.edit], reason=order.reason)
            live = self.timeline.live
            self.timeline.take(Edited(live.episode, live.step, made.versions))
            done.set_result(True)
        except EXPECTED as error:
            done.set_exception(error)
        return done


class Playing(Session):
    """A run that is played here."""

    def __init__(
        self, begin: Begin, *, mode: Mode = "auto", held: bool = False, tell: Tell = _nothing
    ) -> None:
        super().__init__(None)
        self._tell = tell
        self._taking = threading.RLock()
        self.controller = Controller(self._watch, mode=mode, held=held)
        self.run = begin(self.controller)
        self._live = self.timeline
        self._asked: Burst | None = None
        if self.run.path is not None:  # resumed: what was played before belongs to the story
            self._attach(self.run.path)
        self.run.start()

    def _watch(self, event: Event) -> None:
        """On the run's thread, or the model's. A view is a value: whoever draws takes the newest."""
        with self._taking:
            before = self._live.live
            self._live.take(event)
            self._tell(event, before, self._live.live)

    def _attach(self, path: Path) -> None:
        """Find the record that the run has begun to make."""
        self.path = path
        self.record = RecordedRun(path, vocabulary_of(path))
        unfinished = set(self.record.episodes()) - set(self.record.outcomes())
        if unfinished and not self._live.steps:
            for event in self.record.events(min(unfinished)):
                self._live.take(event)

    @property
    def config(self) -> RunConfig | None:
        """As it is on record, or until it is, as the run was asked for."""
        recorded = super().config
        return self.run.config if recorded is None and self.run is not None else recorded

    @property
    def present(self) -> View:
        """How the episode stands that is played."""
        return self._live.live

    @property
    def at_present(self) -> bool:
        """Whether the episode that is looked at is the one that is played."""
        return self.timeline is self._live

    @property
    def word(self) -> str:
        """The state word of the run."""
        view, config = self.present, self.config
        if not self.steerable:
            return view.word
        if view.phase in ("DONE", "ERROR") and config and view.episode + 1 < config.episodes:
            return "LOADING"  # the next game is being made
        at_work = view.word not in ("LOADING", "DONE", "ERROR", "CONFIRM", "YOUR MOVE", "PAUSED")
        stopping = self.controller is not None and self.controller.stopping
        return "PAUSING" if stopping and at_work else view.word

    def follow(self) -> None:
        """Look at the episode that is played."""
        self.timeline = self._live

    @property
    def burst(self) -> Burst:
        """How it thinks in bursts, or how it was asked to; what the config says, until it thinks."""
        told = self._asked or self._live.live.burst
        if told is not None:
            return told
        think = ThinkConfig() if self.config is None else self.config.think
        return think.burst

    def set_burst(self, wanted: Burst) -> Future[bool]:
        """Change how it thinks, from the next pass on. The future raises AdapterMismatch."""
        assert self.controller is not None
        self._asked = wanted
        done = self.controller.set_burst(wanted.k, wanted.confidence)

        def told(_done: Future[bool]) -> None:
            if self._asked == wanted:  # carried out or refused: the view tells how it thinks
                self._asked = None

        done.add_done_callback(told)
        return done

    def refresh(self) -> bool:
        """Find the record once there is one."""
        if self.record is None and self.run is not None and self.run.path is not None:
            self._attach_quietly(self.run.path)
        return False

    def _attach_quietly(self, path: Path) -> None:
        try:
            self.path, self.record = path, RecordedRun(path)
        except EXPECTED:  # its config is being written
            self.record = None

    def open(self, episode: int, wanted: Wanted = _always) -> None:
        """Look at an episode; the one that is played is looked at live."""
        if episode == self._live.live.episode:
            self.follow()
            return
        assert self.record is not None
        if self.record.vocabulary is None:
            self.record.vocabulary = vocabulary_of(self.record.path)
        found = Timeline(self.record.events(episode))  # it has ended: it grows no more
        if wanted():
            self.timeline = found

    def edit(self, order: EditNote) -> Future[bool]:
        """While it is played, an edit goes through the loop, which puts it on record."""
        if self.steerable and self.controller is not None:
            return self.controller.edit(order)
        return super().edit(order)

    def leave(self) -> None:
        """End the run where it is: what was committed is kept, and a resume goes on from there."""
        self.left = True
        if self.run is not None and not self.run.ended:
            self.run.abort()
            if self.controller is not None:
                self.controller.go_on()
            self.run.wait(LEAVE_S)


class Notebook:
    """A memory file that is read for a person: notes, their history, where they came from."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, uid: str) -> tuple[Note, list[NoteVersion], list[Span]]:
        """A note as it now stands, its versions, and the spans that it summarises.

        Raises MemoryFileError.
        """
        with MemoryFile.open(self.path, read_only=True) as memory:
            banks = memory.banks()
            scope = Scope(banks[0], tuple(banks))
            return memory.note(scope, uid), memory.versions(scope, uid), memory.sources(scope, uid)


def refusal(order: EditNote, error: BaseException) -> str:
    """What a person is told whose edit was refused: the words that they typed are not lost with it."""
    if not isinstance(order.edit, Rewrite):
        return str(error)
    title = "" if order.edit.title is None else f"{order.edit.title}: "
    return f"{error}\nYou wrote: {shown(title + order.edit.body)}"


def note_order(note: Note, edit: Edit) -> EditNote:
    """The order that changes a note."""
    return EditNote((note.bank.kind, note.bank.name), note.uid, edit)


def vocabulary_of(path: Path) -> Vocabulary | None:
    """What spells the tokens of a run's passes; None where that would take loading a tokenizer."""
    try:
        name = RecordedRun(path).model()
    except EXPECTED:  # it has not begun
        return None
    return load_vocabulary(name) if name == "scripted" else None
