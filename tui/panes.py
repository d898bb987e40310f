"""The panes of a session: the game, the mind, the memory, the figures, the line to type in."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from tui import blocks, figures
from tui.keys import bindings
from tui.state import View


class GamePane(VerticalScroll):
    """The transcript of the game. It follows the newest turn until somebody scrolls up."""

    def compose(self) -> ComposeResult:
        """One widget, however long the game."""
        yield Static(id="game-text")

    def on_mount(self) -> None:
        """Follow the end."""
        self.border_title = "Game"
        self.anchor()

    def show(self, view: View, before: View | None) -> None:
        """Show a view; `before` is what was shown."""
        if before is None or view.turns is not before.turns:
            self.query_one("#game-text", Static).update(blocks.game(view))


class MindPane(VerticalScroll):
    """The present thought, burst by burst, below the folded earlier ones."""

    folded = True

    def compose(self) -> ComposeResult:
        """Two widgets: what no longer changes, and what does."""
        yield Static(id="earlier")
        yield Static(id="present")

    def on_mount(self) -> None:
        """Follow the end."""
        self.border_title = "Mind"
        self.anchor()

    def show(self, view: View, before: View | None) -> None:
        """Show a view; only what differs from `before` is drawn again."""
        self.border_title = Content(f"Mind: {view.mode}" if view.mode else "Mind")
        if before is not None and view.entries is before.entries:
            return
        if before is None or blocks.past(view) != blocks.past(before):
            self.query_one("#earlier", Static).update(blocks.earlier(view, folded=self.folded))
        self.query_one("#present", Static).update(blocks.present(view))


class NoteList(OptionList):
    """The notes, to be walked with the arrows and opened with Enter."""

    BINDINGS = bindings("notes")


class MemoryPane(Vertical):
    """How full the window is, the notes, and the newest writes."""

    def compose(self) -> ComposeResult:
        """The meter, the list, the diffs."""
        yield Static(id="meter")
        yield NoteList(id="notes", markup=False)
        with VerticalScroll(id="changes-box"):
            yield Static(id="changes")

    def on_mount(self) -> None:
        """A title."""
        self.border_title = "Memory"

    def show(self, view: View, before: View | None) -> None:
        """Show a view."""
        width = max(self.size.width - 4, 10)
        told = f"{figures.meter(view, min(width, 60))}\n{view.window}/{view.budget} tokens"
        self.query_one("#meter", Static).update(Content(told))
        if before is not None and (view.notes, view.in_window, view.changes) == (
            before.notes,
            before.in_window,
            before.changes,
        ):
            return
        numbers = {uid: place for place, (uid, _) in enumerate(view.in_window, 1)}
        known = [each for each in view.notes if each.state != "deleted"]
        known.sort(key=lambda each: numbers.get(each.note, len(numbers) + 1))
        listed = self.query_one(NoteList)
        selected = listed.highlighted
        listed.set_options(
            Option(blocks.note(each, numbers.get(each.note)), id=each.note) for each in known
        )
        if known:
            listed.highlighted = min(selected or 0, len(known) - 1)
        self.query_one("#changes", Static).update(blocks.changes(view))
        self.border_title = Content(f"Memory: {len(known)} kept, {len(numbers)} in the window")


class StatusBar(Static):
    """The state word and the figures."""

    def show(self, view: View, word: str, steering: str) -> None:
        """Show a view; `word` and `steering` may say more than the events do."""
        width = max(self.size.width, 20)
        parts = figures.parts(view, steering, width)
        self.update(Content.assemble(blocks.word(word), " ", "  ".join(filter(None, parts))))


class Tabs(Static):
    """The names of the panes, where there is room for one of them only."""

    def show(self, current: str) -> None:
        """Mark the pane that is shown."""
        names = {"game": "1 game", "mind": "2 mind", "memory": "3 memory"}
        self.update(
            Content("  ").join(
                Content.styled(
                    f"[{text}]" if name == current else text,
                    "bold reverse" if name == current else "dim",
                )
                for name, text in names.items()
            )
        )


class AskLine(Horizontal):
    """A line at the bottom to type in; hidden while nothing is asked."""

    def __init__(self) -> None:
        super().__init__(id="ask")
        self._answer: Callable[[str], None] | None = None

    def compose(self) -> ComposeResult:
        """What is asked, and the answer."""
        yield Label("", id="asked", markup=False)
        yield Input(id="answer", compact=True)

    @property
    def asking(self) -> bool:
        """Whether something is asked."""
        return self._answer is not None

    def ask(self, what: str, answer: Callable[[str], None], value: str = "") -> None:
        """Ask; `answer` gets what was typed, unless Escape is pressed."""
        self._answer = answer
        self.query_one("#asked", Label).update(f"{what} ")
        field = self.query_one(Input)
        field.value = value
        field.cursor_position = len(value)
        self.add_class("asking")
        field.focus()

    def close(self) -> None:
        """Ask no more."""
        self._answer = None
        self.remove_class("asking")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The answer."""
        event.stop()
        answer = self._answer
        self.close()
        if answer is not None:
            answer(event.value)
