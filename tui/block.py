"""A piece of styled text that is drawn anew many times a second."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Block(Static):
    """Text of which only what differs is drawn, and whose neighbours are moved only where it grows.

    A Static has the whole screen laid out at each update, which costs more than all that is drawn.
    """

    def show(self, content: Content) -> None:
        """Show `content` in the place of what is shown."""
        shown = self.visual
        if isinstance(shown, Content) and shown.is_same(content):
            return
        self.update(content, layout=False)
        width, height = self.size
        if not width or self.visual.get_height(self.styles.get_rules(), width) != height:
            self.refresh(layout=True)
