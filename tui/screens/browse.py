"""`steno memory browse`: banks and notes of a memory file, searched as one types."""

from __future__ import annotations

import secrets
from pathlib import Path

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agent.steering import EditNote
from memory import Bank, MemoryFile, Note, Scope
from memory.errors import MemoryFileError
from tui.keyline import KeyLine
from tui.keys import bindings
from tui.screens.main import REFUSED_S, SMALL_HEIGHT, SMALL_WIDTH
from tui.screens.note import Jump, NoteScreen
from tui.session import Notebook, refusal
from tui.text import one_line, shown
from tui.typed import TypedLine

MOST_LISTED = 200
ANY_STATE, LIVE = ("live", "proposed", "deleted"), ("live", "proposed")


class BrowserScreen(Screen[None]):
    """A memory file, read afresh at each search; a run may be writing to it."""

    BINDINGS = bindings("browser")

    def __init__(self, path: Path, bank: str | None = None) -> None:
        """`bank` is KIND/NAME to begin with; None: every bank."""
        super().__init__()
        self._path, self._bank = path, bank
        self._states: tuple[str, ...] = LIVE
        self._choosing_bank = False
        self._notes: list[Note] = []

    def compose(self) -> ComposeResult:
        """A line to search with, what was found, and the note that is selected."""
        yield TypedLine(id="query", placeholder="search as you type", compact=True)
        with Horizontal(id="browser"):
            yield OptionList(id="found", markup=False)
            with VerticalScroll(id="shown-box"):
                yield Static(id="shown")
        yield KeyLine()

    def on_mount(self) -> None:
        """List what there is."""
        self.query_one("#found").focus()
        self._search()

    def on_resize(self, _event: events.Resize) -> None:
        """Above one another where it is narrow."""
        small = self.app.size.width < SMALL_WIDTH or self.app.size.height < SMALL_HEIGHT
        self.set_class(small, "small")

    # --- finding ---

    def on_input_changed(self) -> None:
        """Each key searches."""
        self._search()

    def on_input_submitted(self) -> None:
        """Enter goes to what was found."""
        self.query_one("#found").focus()

    @work(thread=True, exclusive=True, group="search")
    def _search(self) -> None:
        """Search on a thread: a file of a million notes takes a second."""
        query = self.query_one("#query", Input).value
        try:
            found = self._found(query)
        except MemoryFileError as error:
            self.app.call_from_thread(self.notify, str(error), severity="error", markup=False)
            return
        self.app.call_from_thread(self._list, query, found)

    def _found(self, query: str) -> list[Note]:
        with MemoryFile.open(self._path, read_only=True) as memory:
            banks = memory.banks()
            if self._bank is not None:
                banks = [each for each in banks if str(each) == self._bank]
            if not banks:
                return []
            if query.strip():
                bank = None if self._bank is None else banks[0]
                return memory.find(query, self._states, MOST_LISTED, bank)
            return memory.notes(Scope(banks[0], tuple(banks)), self._states, MOST_LISTED)[::-1]

    def _list(self, query: str, found: list[Note]) -> None:
        if query != self.query_one("#query", Input).value:
            return  # more has been typed since
        self._choosing_bank, self._notes = False, found
        listed = self.query_one("#found", OptionList)
        listed.set_options(Option(_line(note), id=note.uid) for note in found)
        listed.border_title = Content(f"{self._bank or 'every bank'}: {len(found)} notes")
        if found:
            listed.highlighted = 0
        else:
            self.query_one("#shown", Static).update(Content.styled("nothing found", "dim"))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the note that is selected."""
        if not self._choosing_bank and event.option_index < len(self._notes):
            note = self._notes[event.option_index]
            self.query_one("#shown", Static).update(
                Content("\n").join(
                    [
                        Content.styled(shown(note.title) or "(purged)", "bold"),
                        Content(shown(note.body)),
                        Content.styled(f"{note.bank}, {note.state}, version {note.version}", "dim"),
                        Content.styled(f"updated {note.updated}", "dim"),
                    ]
                )
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A bank to list, or a note to open."""
        if self._choosing_bank:
            self._bank = event.option_id or None
            self._search()
            return
        try:
            found = Notebook(self._path).note(str(event.option_id))
        except MemoryFileError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.app.push_screen(NoteScreen(*found), self._back)

    def _back(self, jump: Jump | None) -> None:
        if jump is not None:
            self.notify(
                f"episode {jump.episode}, step {jump.step}: `steno play RUN` walks through its run",
                markup=False,
            )
        self._search()

    # --- keys ---

    def action_search(self) -> None:
        """Type."""
        self.query_one("#query").focus()

    def action_states(self) -> None:
        """Live notes, or all."""
        self._states = LIVE if self._states == ANY_STATE else ANY_STATE
        self._search()

    def action_banks(self) -> None:
        """List the banks."""
        try:
            with MemoryFile.open(self._path, read_only=True) as memory:
                banks = memory.banks()
        except MemoryFileError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._choosing_bank = True
        listed = self.query_one("#found", OptionList)
        every = [Option("every bank", id=""), *map(_bank_option, banks)]
        listed.set_options(every)
        listed.border_title = "Banks"
        listed.focus()

    def carry_out(self, order: EditNote, done: str) -> None:
        """Commit an edit, as a person."""
        assert order.bank is not None
        try:
            with MemoryFile.open(self._path) as memory:
                scope = Scope(memory.find_bank(*order.bank))
                key = secrets.token_hex(8)
                memory.edit(scope, key=key, edits=[order.edit], reason=order.reason)
        except MemoryFileError as error:
            told = refusal(order, error)
            self.notify(told, severity="error", timeout=REFUSED_S, markup=False)
            return
        self.notify(done)
        self._search()


def _bank_option(bank: Bank) -> Option:
    return Option(Content(shown(str(bank))), id=str(bank))


def _line(note: Note) -> Content:
    marks = ("*" if note.pinned else "") + {"proposed": "?", "deleted": "x"}.get(note.state, "")
    return Content.assemble(
        (f"{marks:<2}", "bold"),
        (one_line(note.title) or "(purged)", "bold"),
        (f": {one_line(note.body)}", ""),
    )
