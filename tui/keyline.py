"""The line of keys at the foot of a screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer


class KeyLine(Footer):
    """Textual's footer, made anew only where the keys that it shows are others.

    Its own is made anew whenever the focus moves, in the way of a key that opens a line to type in.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._keys: list[tuple[str, str, bool]] = []
        """Those that were shown when it was made last: it is made some time after it is asked for."""

    def compose(self) -> ComposeResult:
        """The keys as they are by now."""
        self._keys = _keys_of(self.screen)
        yield from super().compose()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """The focus has moved, or a key has begun or ceased to do something."""
        if _keys_of(screen) != self._keys or not self._bindings_ready:
            super().bindings_changed(screen)


def _keys_of(screen: Screen[object]) -> list[tuple[str, str, bool]]:
    """What would be shown."""
    return [
        (binding.key, binding.description, enabled)
        for _, binding, enabled, _ in screen.active_bindings.values()
        if binding.show
    ]
