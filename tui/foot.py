"""The last line of a screen that may ask something."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input, Label

from tui.keyline import KeyLine
from tui.typed import TypedLine


class _Keys(KeyLine):
    """Keys that are hidden while something is asked: what works meanwhile is not theirs to show."""

    def bindings_changed(self, screen: Screen[object]) -> None:
        """See KeyLine."""
        if not screen.query_one(Foot).asking:
            super().bindings_changed(screen)


class Foot(Vertical):
    """The keys, and while something is asked, in their place, a line to type in.

    So nothing above it moves, and the keys need not be made anew, when the line comes and goes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._answer: Callable[[str], None] | None = None
        self.asked = ""
        """What is asked."""

    def compose(self) -> ComposeResult:
        """What is asked, the answer, and the keys."""
        with Horizontal(id="ask"):
            yield Label("", id="asked", markup=False)
            yield TypedLine(id="answer", compact=True)
        yield _Keys()

    @property
    def asking(self) -> bool:
        """Whether something is asked."""
        return bool(self.asked)

    def ask(self, what: str, answer: Callable[[str], None], value: str = "") -> None:
        """Ask; `answer` gets what was typed, unless Escape is pressed."""
        self._answer, self.asked = answer, what
        self.query_one("#asked", Label).update(f"{what} ")
        field = self.query_one(Input)
        field.value = value
        field.cursor_position = len(field.value)
        self.add_class("asking")
        field.focus()

    def close(self) -> None:
        """Ask no more."""
        self._answer, self.asked = None, ""
        self.remove_class("asking")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The answer."""
        event.stop()
        answer = self._answer
        self.close()
        if answer is not None:
            answer(event.value)
