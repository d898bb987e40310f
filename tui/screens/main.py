"""The one screen of a session: game, mind, memory, figures, and the keys that steer."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Literal

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import OptionList

from agent.controller import Unit
from agent.errors import EXPECTED
from agent.lm.types import Burst
from agent.steering import MODES, Approved, EditNote, Refused, Replaced
from memory.errors import MemoryFileError
from tui.foot import Foot
from tui.keys import bindings
from tui.panes import GamePane, MemoryPane, MindPane, NoteList, StatusBar, Tabs
from tui.screens.note import Jump, NoteScreen
from tui.session import Notebook, Playing, Session
from tui.state import View
from tui.text import one_line

UPDATES_PER_S = 24
READ_ON_S = 1.0
SMALL_WIDTH, SMALL_HEIGHT = 64, 18
"""Below these a pane at a time is shown."""
CONFIDENCE_STEP = 0.05
Pane = Literal["game", "mind", "memory"]


class MainScreen(Screen[None]):
    """A view of a session. It draws the newest state at a bounded rate, whatever the model does."""

    BINDINGS = bindings("session")

    def __init__(self, session: Session) -> None:
        super().__init__(classes="on-mind")
        self.session = session
        self._drawn: View | None = None
        self._drawn_status: tuple[object, ...] = ()
        self._at: int | None = None
        """The step that is looked at; None: now."""
        self._pane: Pane = "mind"

    def compose(self) -> ComposeResult:
        """Two columns, or tabs."""
        yield StatusBar(id="status")
        yield Tabs()
        with Horizontal(id="panes"):
            yield GamePane()
            with Vertical(id="right"):
                yield MindPane()
                yield MemoryPane()
        yield Foot()

    def on_mount(self) -> None:
        """Begin to draw."""
        self._fit()
        self.query_one(Tabs).show(self._pane)
        self.query_one(MindPane).focus()
        self.set_interval(1 / UPDATES_PER_S, self.draw)
        self.set_interval(READ_ON_S, self._read_on)
        self.draw()
        self._spell()

    @work(thread=True)
    def _spell(self) -> None:
        """A record's bursts are told apart as soon as its tokenizer is loaded."""
        self.session.spell()

    def on_resize(self, _event: events.Resize) -> None:
        """Panes become tabs where there is little room."""
        self._fit()

    def _fit(self) -> None:
        small = self.app.size.width < SMALL_WIDTH or self.app.size.height < SMALL_HEIGHT
        self.set_class(small, "small")

    # --- drawing ---

    @property
    def view(self) -> View:
        """What is looked at."""
        return self.session.timeline.at(self._at)

    def draw(self) -> None:
        """Bring the panes up to what is looked at; cheap where nothing has changed."""
        if self.session.left:  # the panes are taken down before the timers are
            return
        view = self.view
        if view is not self._drawn:
            self.query_one(GamePane).show(view, self._drawn)
            self.query_one(MindPane).show(view, self._drawn)
            self.query_one(MemoryPane).show(view, self._drawn)
            self._ask_where_asked(view)
            self._drawn = view
        word, steering = self.word(view), self._steering()
        if (view, word, steering) != self._drawn_status:
            self.query_one(StatusBar).tell(view, word, steering)
            self._drawn_status = (view, word, steering)

    def word(self, view: View) -> str:
        """The state word: the events', and what only the session knows."""
        if self.session.failure is not None and view.phase != "DONE":
            return "ERROR"
        if self._at is not None:
            return f"STEP {view.step}"
        controller = self.session.controller
        running = view.word not in ("DONE", "ERROR", "CONFIRM", "YOUR MOVE", "PAUSED")
        if controller is not None and controller.held and running:
            return "PAUSING" if controller.stopping else view.word
        if controller is None and running:
            return "ON RECORD"
        return view.word

    def _steering(self) -> str:
        failure = self.session.failure
        if failure is not None:
            return one_line(f"{type(failure).__name__}: {failure}", 160)
        if self.session.controller is None:
            return f"episode {self.view.episode}"
        controller = self.session.controller
        waiting = controller.hints_waiting
        if waiting:
            return f"{controller.mode}, {'hint' if waiting == 1 else f'{waiting} hints'} waiting"
        return controller.mode

    def _ask_where_asked(self, view: View) -> None:
        """Open the line where the run waits for a person, once."""
        if self._at is not None or (
            self._drawn
            and view.proposed == self._drawn.proposed
            and view.your_move == self._drawn.your_move
        ):
            return
        line = self.query_one(Foot)
        if view.your_move:
            line.ask("your action:", self._act)
        elif view.proposed is not None:
            self.notify(
                f"{view.proposed}\ny approve, e edit, n refuse",
                title="Play this?",
                timeout=8,
                markup=False,
            )
        elif line.asking:
            self._unasked()

    def _read_on(self) -> None:
        if self.session.refresh():
            self.draw()

    def _unasked(self) -> None:
        self.query_one(Foot).close()
        self.query_one(MindPane).focus()

    # --- steering ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that steer are greyed where there is nothing to steer."""
        steers = {"toggle_pause", "step", "cancel", "next_mode", "hint", "burst_size", "confidence"}
        if action == "cancel" and self.is_mounted and self.query_one(Foot).asking:
            return True
        return None if action in steers and not self.session.steerable else True

    def action_toggle_pause(self) -> None:
        """Hold, or let go."""
        controller = self.session.controller
        assert controller is not None
        if controller.paused:
            controller.go_on()
        else:
            controller.pause()
        self.draw()

    def action_step(self, unit: Unit) -> None:
        """Go on by so much."""
        assert self.session.controller is not None
        self.session.controller.step(unit)

    def action_cancel(self) -> None:
        """Close the line, or come back to now; else cancel the present generation."""
        if self.query_one(Foot).asking:
            self._unasked()
        elif self._at is not None:
            self.action_now()
        elif self.session.controller is not None:
            self.session.controller.cancel()

    def action_next_mode(self) -> None:
        """auto, confirm, human."""
        controller = self.session.controller
        assert controller is not None
        controller.mode = MODES[(MODES.index(controller.mode) + 1) % len(MODES)]
        self.draw()

    def action_approve(self) -> None:
        """Approve the proposed action."""
        self._decide(Approved())

    def action_replace(self) -> None:
        """Edit it."""
        if self.view.proposed is not None:
            self.query_one(Foot).ask(
                "play instead:", lambda text: self._decide(Replaced(text)), self.view.proposed
            )

    def action_refuse(self) -> None:
        """Refuse it."""
        if self.view.proposed is not None:
            self.query_one(Foot).ask("why not?", lambda text: self._decide(Refused(text)))

    def _decide(self, verdict: Approved | Replaced | Refused) -> None:
        self._unasked()
        controller = self.session.controller
        if controller is None or not controller.decide(verdict):
            self.notify("no action is waiting", severity="warning")

    def action_act(self) -> None:
        """Type an action."""
        if self.view.your_move:
            self.query_one(Foot).ask("your action:", self._act)
        else:
            self.notify("it is not your move; m changes who plays", severity="warning")

    def _act(self, text: str) -> None:
        self._unasked()
        controller = self.session.controller
        if not text.strip():
            self.notify("an action has at least one word; t asks again", severity="warning")
        elif controller is None or not controller.give(text):
            self.notify("it is not your move any more", severity="warning")

    def action_hint(self) -> None:
        """Type a hint."""
        self.query_one(Foot).ask("tell the model:", self._hint)

    def _hint(self, text: str) -> None:
        self._unasked()
        if text.strip() and self.session.controller is not None:
            told = self.session.controller.hint(text)
            self._told_when_done(told, "the model was told")
            if not told.done():
                self.notify("the model is told before its next thought or action")

    def action_burst_size(self, by: int) -> None:
        """Another burst size."""
        self._set_burst(by, 0.0)

    def action_confidence(self, by: int) -> None:
        """Another confidence."""
        self._set_burst(0, by * CONFIDENCE_STEP)

    def _set_burst(self, longer: int, surer: float) -> None:
        assert isinstance(self.session, Playing)
        now = self.session.burst
        confidence = round(min(max(now.confidence + surer, 0.0), 1.0), 2)
        wanted = Burst(max(now.k + longer, 1), confidence)
        told = f"bursts up to {wanted.k}, confidence {wanted.confidence}, from the next pass on"
        self._told_when_done(self.session.set_burst(wanted), told)

    # --- walking ---

    def action_walk(self, by: int) -> None:
        """A step back or on; on from the last one is now."""
        line = self.session.timeline
        found = line.before(self._at) if by < 0 else line.after(self._at)
        self._look_at(found)

    def action_now(self) -> None:
        """The present of the run that is played; of a record, its end."""
        self._look_at(None)

    def action_episode(self, by: int) -> None:
        """The episode before or after."""
        found = self.session.neighbour(by)
        if found is None:
            self.notify("there is no episode there" if self.session.record else "no record yet")
        else:
            self._open(found, 0)

    @work(thread=True, exclusive=True, group="open")
    def _open(self, episode: int, step: int) -> None:
        """Look at a step of another episode, once it is read: the screen waits for no file."""
        try:
            self.session.open(episode)
        except EXPECTED as error:
            self.app.call_later(self.notify, str(error), severity="error", markup=False)
        else:
            self.app.call_later(self._look_at, step)

    def _look_at(self, step: int | None) -> None:
        self._at = step
        self.draw()

    def jump(self, jump: Jump | None) -> None:
        """Go where a note came from."""
        if jump is None:
            return
        episode = jump.episode.rpartition("/")[2]
        record = self.session.record
        known = record.episodes() if record is not None else []
        own = record is not None and jump.episode == record.uid(int(episode or 0))
        if not own or int(episode) not in known:
            self.notify(f"episode {jump.episode} is of another run", markup=False)
            return
        if int(episode) == self.session.timeline.live.episode:
            self._look_at(jump.step)
        else:
            self._open(int(episode), jump.step)

    # --- panes and notes ---

    def action_pane(self, pane: Pane) -> None:
        """Show a pane, and have it take the keys that scroll."""
        self._pane = pane
        for name in ("game", "mind", "memory"):
            self.set_class(name == pane, f"on-{name}")
        self.query_one(Tabs).show(pane)
        found: dict[Pane, type[Widget]] = {"game": GamePane, "mind": MindPane, "memory": NoteList}
        self.query_one(found[pane]).focus()

    def action_fold(self) -> None:
        """Fold or unfold the earlier thoughts."""
        mind = self.query_one(MindPane)
        mind.folded = not mind.folded
        mind.show(self.view, None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A note was chosen."""
        event.stop()
        self.open_note(str(event.option_id))

    def open_note(self, uid: str) -> None:
        """Show a note whole."""
        place = self.session.memory
        if place is None:
            return
        try:
            found = Notebook(place).note(uid)
        except MemoryFileError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.app.push_screen(NoteScreen(*found), self.jump)

    def carry_out(self, order: EditNote, done: str) -> None:
        """Have a note changed, and say when it was, or why it was not."""
        self._told_when_done(self.session.edit(order), done)

    def _told_when_done(self, future: Future[bool], done: str) -> None:
        def tell(ended: Future[bool]) -> None:
            error = ended.exception()
            if error is None:
                self.notify(Content(done).plain, markup=False)
            else:
                self.notify(str(error), severity="error", markup=False)

        def from_any_thread(ended: Future[bool]) -> None:
            if self.is_attached:
                self.app.call_later(tell, ended)

        future.add_done_callback(from_any_thread)
