"""F1: every key, as it is bound now."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import HEADINGS, KEYS, bindings, spoken


class HelpScreen(ModalScreen[None]):
    """The table of keys; any of a few keys leaves it."""

    BINDINGS = bindings("help")

    def __init__(self, remapped: dict[str, str]) -> None:
        """`remapped` names the keys that a person chose, by command."""
        super().__init__()
        self._remapped = remapped

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll(id="help"):
            yield Static(self._table(), id="help-table")

    def on_mount(self) -> None:
        """A title."""
        box = self.query_one("#help")
        box.border_title = "Keys (Esc: back)"
        box.focus()

    def _table(self) -> Content:
        parts: list[tuple[str, str]] = []
        for where, heading in HEADINGS.items():
            parts.append((f"\n{heading}\n", "bold $primary"))
            for each in KEYS:
                if each.where == where:
                    key = spoken(self._remapped.get(each.name, each.key))
                    parts += [(f"  {key:<8}", "bold"), (f"{each.help}\n", "")]
        parts.append(("\nText is selected with the mouse and copied with Ctrl+C.", "dim"))
        return Content.assemble(*parts)
