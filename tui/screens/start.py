"""The start: which game, which seed, who plays; or a run to go on with or to walk through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from agent.errors import EXPECTED
from tui.keyline import KeyLine
from tui.keys import bindings
from tui.runs import Found
from tui.session import Session
from tui.typed import TypedLine

FIELDS = (
    ("env", "environment"),
    ("seed", "seed"),
    ("model", "model"),
    ("max_steps", "most steps"),
    ("mode", "who acts: auto, confirm or human"),
)


class StartScreen(Screen[None]):
    """A form and a list. `begin` makes a session of what the form says, `reopen` of a run and the form.

    `given` is what stands in the fields at first.
    """

    BINDINGS = bindings("start")

    def __init__(
        self,
        begin: Callable[[dict[str, Any]], Session],
        reopen: Callable[[Found, dict[str, Any]], Session],
        given: Mapping[str, str],
        *,
        known: Sequence[str] = (),
        runs: Sequence[Found] = (),
    ) -> None:
        super().__init__()
        self._begin, self._reopen = begin, reopen
        self._known, self._runs = list(known), list(runs)
        self.given = given

    def compose(self) -> ComposeResult:
        """Fields, then runs."""
        with VerticalScroll(id="start"):
            yield Label("A new game (Enter or Ctrl+S starts it)")
            for name, label in FIELDS:
                yield Label(label, markup=False)
                suggester = SuggestFromList(self._known) if name == "env" else None
                yield TypedLine(self.given[name], id=name, compact=True, suggester=suggester)
            if self._runs:
                yield Label("Runs: Enter goes on with an unfinished one, and opens a finished one")
                yield OptionList(
                    *(Option(str(each)) for each in self._runs), id="runs", markup=False
                )
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the environment."""
        self.query_one("#env", Input).focus()

    def on_input_submitted(self) -> None:
        """Enter starts."""
        self.action_start()

    def action_start(self) -> None:
        """Start the game that the form describes."""
        self._show(lambda: self._begin(self._values()))

    def _values(self) -> dict[str, Any]:
        return {name: self.query_one(f"#{name}", Input).value.strip() for name, _ in FIELDS}

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A run was chosen."""
        chosen = self._runs[event.option_index]
        self._show(lambda: self._reopen(chosen, self._values()))

    def _show(self, make: Callable[[], Session]) -> None:
        try:
            session = make()
        except EXPECTED as error:
            self.notify(str(error), severity="error", timeout=10, markup=False)
            return
        self.app.watch_session(session)  # type: ignore[attr-defined]
