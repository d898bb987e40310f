"""The panes of a session: the game, the mind, the memory, the figures."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui import blocks, figures
from tui.block import Block
from tui.keys import bindings
from tui.state import View


class GamePane(VerticalScroll):
    """The transcript of the game. It follows the newest turn until somebody scrolls up."""

    def compose(self) -> ComposeResult:
        """One widget, however long the game."""
        yield Block(id="game-text")

    def on_mount(self) -> None:
        """Follow the end."""
        self.border_title = "Game"
        self.anchor()

    def show(self, view: View, before: View | None) -> None:
        """Show a view; `before` is what was shown."""
        if before is None or view.turns is not before.turns:
            self.query_one("#game-text", Block).show(blocks.game(view))


class MindPane(VerticalScroll):
    """The present thought, burst by burst, below the folded earlier ones."""

    folded = True

    def compose(self) -> ComposeResult:
        """Two widgets: what no longer changes, and what does."""
        yield Block(id="earlier")
        yield Block(id="present")

    def on_mount(self) -> None:
        """Follow the end."""
        self.border_title = "Mind"
        self.anchor()

    def show(self, view: View, before: View | None) -> None:
        """Show a view; only what differs from `before` is drawn again."""
        if (
            before is None or view.mode != before.mode
        ):  # a title that is set has the pane drawn anew
            self.border_title = Content(f"Mind: {view.mode}" if view.mode else "Mind")
        if before is not None and view.entries is before.entries:
            return
        if before is None or blocks.past(view) != blocks.past(before):
            self.query_one("#earlier", Block).show(blocks.earlier(view, folded=self.folded))
        self.query_one("#present", Block).show(blocks.present(view))


class NoteList(OptionList):
    """The notes, to be walked with the arrows and opened with Enter."""

    BINDINGS = bindings("notes")


class Meter(Block):
    """How full the window is, as wide as there is room for."""

    MOST_CELLS = 60
    _view: View | None = None

    def tell(self, view: View) -> None:
        """Show a view; while there is no room yet, it is drawn as soon as there is."""
        self._view = view
        if self.size.width:
            bar = figures.meter(view, min(self.size.width, self.MOST_CELLS))
            self.show(Content(f"{bar}\n{view.window}/{view.budget} tokens"))

    def on_resize(self) -> None:
        """There is another width to fill."""
        if self._view is not None:
            self.tell(self._view)


class MemoryPane(Vertical):
    """How full the window is, the notes, and the newest writes."""

    def compose(self) -> ComposeResult:
        """The meter, the list, the diffs."""
        yield Meter(id="meter")
        yield NoteList(id="notes", markup=False)
        with VerticalScroll(id="changes-box"):
            yield Block(id="changes")

    def on_mount(self) -> None:
        """A title."""
        self.border_title = "Memory"

    def show(self, view: View, before: View | None) -> None:
        """Show a view."""
        self.query_one(Meter).tell(view)
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
        self.query_one("#changes", Block).show(blocks.changes(view))
        self.border_title = Content(f"Memory: {len(known)} kept, {len(numbers)} in the window")


class StatusBar(Block):
    """The state word and the figures, as many of them as there is room for."""

    _told: tuple[View, str, str] | None = None

    def tell(self, view: View, word: str, steering: str) -> None:
        """Show a view; `word` and `steering` may say more than the events do."""
        self._told = (view, word, steering)
        width = max(self.size.width, 20)
        head, most = blocks.word(word), 2 if self.screen.has_class("small") else 3
        texts = [head.plain, *figures.parts(view, steering, width)]
        told = "\n".join(figures.rows(texts, width, most))
        self.show(Content.assemble(head, told.removeprefix(head.plain)))

    def on_resize(self) -> None:
        """There is another width to fill."""
        if self._told is not None:
            self.tell(*self._told)


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
