"""The one screen of a session: game, mind, memory, figures, and the keys that steer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Literal

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import OptionList
from textual.worker import get_current_worker

from agent.controller import Unit
from agent.errors import EXPECTED
from agent.lm.types import Burst
from agent.steering import MODES, Approved, EditNote, Refused, Replaced
from memory.errors import MemoryFileError
from tui.foot import Foot
from tui.gaze import Gaze
from tui.keys import bindings
from tui.panes import GamePane, MemoryPane, MindPane, NoteList, StatusBar, Tabs
from tui.screens.note import Jump, NoteScreen
from tui.session import Notebook, Playing, Session, refusal
from tui.state import View
from tui.text import one_line

UPDATES_PER_S = 24
READ_ON_S = 1.0
SMALL_WIDTH, SMALL_HEIGHT = 64, 18
"""Below these a pane at a time is shown."""
CONFIDENCE_STEP = 0.05
YOUR_ACTION, INSTEAD, WHY_NOT = "your action:", "play instead:", "why not?"
"""What is asked where the run waits for the person."""
BACK_TO_NOW = "0 goes back to where the run is now"
REFUSED_S = 20.0
"""How long a refusal stands, which may hold what a person wrote."""
Pane = Literal["game", "mind", "memory"]


class MainScreen(Screen[None]):
    """A view of a session. It draws the newest state at a bounded rate, whatever the model does."""

    BINDINGS = bindings("session")

    def __init__(self, session: Session) -> None:
        super().__init__(classes="on-mind")
        self.session = session
        self._drawn: View | None = None
        self._drawn_status: tuple[object, ...] = ()
        self.gaze = Gaze(session)
        self._waited: tuple[object, ...] = ()
        """What was told to wait for the person, and whether they looked at the present."""
        self._steerable: bool | None = None
        self._unread = ""
        """Why the record could not be read on, so that it is told once."""
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
        if self.session.greeting:
            self.notify(self.session.greeting, markup=False)

    @work(thread=True)
    def _spell(self) -> None:
        """A record's bursts are told apart as soon as its tokenizer is loaded."""
        try:
            self.session.spell()
        except EXPECTED as error:
            self.app.call_later(self._cannot_read, error)

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
        return self.gaze.view

    def draw(self) -> None:
        """Bring the panes up to what is looked at; cheap where nothing has changed."""
        if self.session.left:  # the panes are taken down before the timers are
            return
        if self.gaze.lost():
            told = f"episode {self.session.present.episode} has begun: this is where the run is now"
            self.notify(told)
        view = self.view
        if view is not self._drawn:
            self.query_one(GamePane).show(view, self._drawn)
            self.query_one(MindPane).show(view, self._drawn)
            self.query_one(MemoryPane).show(view, self._drawn)
            self._drawn = view
        self._tell_what_waits()
        word, steering = self.word(view), self._steering()
        if (view, word, steering) != self._drawn_status:
            self.query_one(StatusBar).tell(view, word, steering)
            self._drawn_status = (view, word, steering)
        if self.session.steerable is not self._steerable:  # keys begin or cease to do something
            self._steerable = self.session.steerable
            self.refresh_bindings()

    def word(self, view: View) -> str:
        """The state word, or where the person looks."""
        if self.session.failure is not None and view.phase != "DONE":
            return "ERROR"
        return f"STEP {view.step}" if self.gaze.back else self.session.word

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

    def _tell_what_waits(self) -> None:
        """Tell once that the run waits for the person; where it is their move, open the line."""
        now, here = self.session.present, not self.gaze.back
        waits = (now.episode, now.step, now.proposed, now.your_move, here)
        if waits == self._waited:
            return
        known, self._waited = waits[:-1] == self._waited[:-1], waits
        line = self.query_one(Foot)
        if (line.asked == YOUR_ACTION and not now.your_move) or (
            line.asked in (INSTEAD, WHY_NOT) and now.proposed is None
        ):
            self._unasked()  # nobody waits for that answer any more
        if known and not here:
            return
        if now.your_move and here and not line.asking:
            line.ask(YOUR_ACTION, self._act)
        elif now.your_move and line.asked != YOUR_ACTION:
            self.notify("t asks for it" if here else BACK_TO_NOW, title="Your action?", timeout=8)
        elif now.proposed is not None:
            keys = "y approve, e edit, n refuse" if here else BACK_TO_NOW
            self.notify(f"{now.proposed}\n{keys}", title="Play this?", timeout=8, markup=False)

    def _read_on(self) -> None:
        try:
            grown = self.session.refresh()
        except EXPECTED as error:
            self._cannot_read(error)
            return
        self._unread = ""
        if grown:
            self.draw()

    def _cannot_read(self, error: Exception) -> None:
        """The record cannot be read now; what was read of it stays."""
        if str(error) != self._unread:
            self._unread = str(error)
            self.notify(f"cannot read on: {error}", severity="error", markup=False)

    def _unasked(self) -> None:
        self.query_one(Foot).close()
        self.query_one(MindPane).focus()

    # --- steering ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that steer are greyed where there is nothing to steer."""
        steers = {"toggle_pause", "step", "cancel", "next_mode", "hint", "burst_size", "confidence"}
        if action == "cancel" and self.is_mounted:  # it closes the line, and comes back to now, too
            steers -= {action} if self.query_one(Foot).asking or self.gaze.back else set()
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
        elif self.gaze.back:
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
        if self._proposed() is not None:
            self._decide(Approved())

    def action_replace(self) -> None:
        """Edit it."""
        proposed = self._proposed()
        if proposed is not None:
            self._ask_instead(proposed)

    def _ask_instead(self, proposed: str) -> None:
        self.query_one(Foot).ask(INSTEAD, self._replace, proposed)

    def _replace(self, text: str) -> None:
        if not text.strip():
            self.notify("an action has at least one word; n refuses it", severity="warning")
            self._ask_instead(text)
        elif text == self.session.present.proposed:
            self._decide(Approved())
        else:
            self._decide(Replaced(text))

    def action_refuse(self) -> None:
        """Refuse it."""
        if self._proposed() is not None:
            self.query_one(Foot).ask(WHY_NOT, lambda text: self._decide(Refused(text)))

    def _proposed(self) -> str | None:
        """The action that waits for a verdict, where it can be seen; else why there is none is told."""
        proposed = self.session.present.proposed
        if proposed is not None and not self.gaze.back:
            return proposed
        told = (
            "no action is waiting" if proposed is None else f"an action is waiting; {BACK_TO_NOW}"
        )
        self.notify(told, severity="warning")
        return None

    def _decide(self, verdict: Approved | Replaced | Refused) -> None:
        self._unasked()
        controller = self.session.controller
        if controller is None or not controller.decide(verdict):
            self.notify("no action is waiting", severity="warning")

    def action_act(self) -> None:
        """Type an action."""
        if not self.session.present.your_move:
            self.notify("it is not your move; m changes who plays", severity="warning")
        elif self.gaze.back:
            self.notify(f"it is your move; {BACK_TO_NOW}", severity="warning")
        else:
            self.query_one(Foot).ask(YOUR_ACTION, self._act)

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
        at = self.gaze.step
        found = line.before(at) if by < 0 else line.after(at)
        self._look_at(found)

    def action_now(self) -> None:
        """The present of the run that is played; of a record, its end."""
        self.workers.cancel_group(self, "open")  # what is being read is not wanted any more
        self.gaze.to_now()
        self.draw()

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
        reading = get_current_worker()

        def look() -> None:
            if not reading.is_cancelled:
                self._look_at(step)

        try:
            self.session.open(episode, wanted=lambda: not reading.is_cancelled)
        except EXPECTED as error:
            self.app.call_later(self.notify, str(error), severity="error", markup=False)
        else:
            self.app.call_later(look)

    def _look_at(self, step: int | None) -> None:
        self.gaze.turn_to(step)
        self.draw()

    def jump(self, jump: Jump | None) -> None:
        """Go where a note came from."""
        if jump is None:
            return
        record = self.session.record
        try:
            episode = record.episode(jump.episode) if record is not None else None
        except EXPECTED as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if episode is None:
            self.notify(f"episode {jump.episode} is of another run", markup=False)
        elif episode == self.session.timeline.live.episode:
            self._look_at(jump.step)
        else:
            self._open(episode, jump.step)

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
        self._told_when_done(self.session.edit(order), done, partial(refusal, order))

    def _told_when_done(
        self, future: Future[bool], done: str, refused: Callable[[BaseException], str] = str
    ) -> None:
        def tell(ended: Future[bool]) -> None:
            error = ended.exception()
            if error is None:
                self.notify(Content(done).plain, markup=False)
            else:
                self.notify(refused(error), severity="error", timeout=REFUSED_S, markup=False)

        def from_any_thread(ended: Future[bool]) -> None:
            if self.is_attached:
                self.app.call_later(tell, ended)

        future.add_done_callback(from_any_thread)
