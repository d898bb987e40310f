"""A note: its words, every version as a diff, the thoughts that it came from, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.app import ComposeResult, SuspendNotSupported
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from memory import Approve, Delete, Note, NoteVersion, Pin, Rewrite, Span
from tui import blocks
from tui.editor import Edited, in_editor
from tui.foot import Foot
from tui.keys import bindings
from tui.session import note_order
from tui.state import Change
from tui.text import one_line, shown
from tui.typed import in_a_line


@dataclass(frozen=True, slots=True)
class Jump:
    """Where a person wants to go: a step of an episode."""

    episode: str
    step: int


Outcome = Jump | None


class NoteScreen(ModalScreen[Outcome]):
    """One note of a memory file. It asks its owner to carry edits out."""

    BINDINGS = bindings("note")

    def __init__(self, note: Note, versions: list[NoteVersion], sources: list[Span]) -> None:
        super().__init__()
        self._note, self._versions, self._sources = note, versions, sources

    def compose(self) -> ComposeResult:
        """Words and history in one text; sources to choose from."""
        with Vertical(id="note"):
            with VerticalScroll(id="note-body"):
                yield Static(self._text(), id="note-text")
            yield OptionList(*self._options(), id="sources", markup=False)
        yield Foot()

    def on_mount(self) -> None:
        """A title."""
        self.query_one("#note").border_title = Content(f"Note {self._note.uid}")
        self.query_one("#sources").focus()

    def _options(self) -> list[Option]:
        return [
            Option(Content(f"step {span.step} {span.kind}: {one_line(span.text or '(erased)')}"))
            for span in self._sources
        ]

    def _text(self) -> Content:
        note = self._note
        pinned = ", pinned" if note.pinned else ""
        tokens = "" if note.tokens is None else f", {note.tokens} tokens"
        lines = [
            Content.styled(shown(note.title) or "(purged)", "bold"),
            Content(shown(note.body)),
            Content.styled(f"{note.bank}, {note.state}{pinned}{tokens}", "dim"),
            Content(""),
        ]
        before: str | None = None
        for version in self._versions:
            where = "" if version.step is None else f" at step {version.step}"
            why = f" ({version.reason})" if version.reason else ""
            head = f"{version.version} {version.op} by {version.actor}{where}{why}: "
            change = Change(version, before)
            lines.append(Content.styled(shown(head), "dim") + blocks.diff(before, change.after))
            before = change.after
        lines += [Content(""), Content.styled("Came from:" if self._sources else "", "dim")]
        return Content("\n").join(lines)

    # --- what may be done ---

    def _order(self, edit: Rewrite | Delete | Pin | Approve, done: str) -> None:
        self.app.carry_out(note_order(self._note, edit), done)  # type: ignore[attr-defined]
        self.dismiss(None)

    def action_edit(self) -> None:
        """Edit in place: 'title: body' in a line."""
        self._ask(self._in_a_line())

    def _in_a_line(self) -> str:
        """The note as it is edited in place."""
        return f"{self._title_in_a_line()}{in_a_line(self._note.body)}"

    def _title_in_a_line(self) -> str:
        return f"{in_a_line(self._note.title)}: "

    def _ask(self, value: str) -> None:
        self.query_one(Foot).ask("title: body", self._edited, value)

    def _edited(self, text: str) -> None:
        note, title_as_it_is = self._note, self._title_in_a_line()
        if text == self._in_a_line():
            title, body = note.title, note.body
        elif text.startswith(title_as_it_is):  # a title may hold colons of its own
            title, body = note.title, text.removeprefix(title_as_it_is).strip()
        else:
            title, _, body = (each.strip() for each in text.partition(":"))
        if not title or not body:
            self.notify("write it as title: body", severity="warning")
            self._ask(text)
        else:
            self._rewrite(title, body)

    def _rewrite(self, title: str, body: str) -> None:
        note = self._note
        if (title, body) == (note.title, note.body):
            self.notify("unchanged")
            self.query_one("#sources").focus()
            return
        self._order(Rewrite(note.uid, note.version, body, title), "note changed")

    def action_editor(self) -> None:
        """Edit in $EDITOR; the screen comes back afterwards."""
        try:
            with self.app.suspend():
                left = in_editor(self._note.title, self._note.body)
        except SuspendNotSupported:  # the screen is a browser's
            self.notify("there is no terminal for an editor here; e edits here", severity="warning")
            return
        if isinstance(left, Edited):
            self._rewrite(left.title, left.body)
        else:
            self.notify(left, severity="error", markup=False)

    def action_pin(self) -> None:
        """Pin or unpin."""
        note = self._note
        word: Literal["unpinned", "pinned"] = "unpinned" if note.pinned else "pinned"
        self._order(Pin(note.uid, note.version, not note.pinned), f"note {word}")

    def action_delete(self) -> None:
        """Delete."""
        self._order(Delete(self._note.uid, self._note.version), "note deleted")

    def action_approve(self) -> None:
        """Approve a proposed note."""
        self._order(Approve(self._note.uid, self._note.version), "note approved")

    def action_origin(self) -> None:
        """Go to the step that wrote the note's newest version, where an episode did."""
        written = [each for each in self._versions if each.episode and each.step is not None]
        if not written:
            self.notify("no episode wrote this note")
            return
        self.dismiss(Jump(written[-1].episode or "", written[-1].step or 0))

    def action_source(self) -> None:
        """Go to the thought that is selected."""
        self.query_one("#sources", OptionList).action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A source was chosen."""
        event.stop()
        span = self._sources[event.option_index]
        self.dismiss(Jump(span.episode, span.step))

    def action_close(self) -> None:
        """Back; from the line to type in first."""
        line = self.query_one(Foot)
        if line.asking:
            line.close()
            self.query_one("#sources").focus()
        else:
            self.dismiss(None)
