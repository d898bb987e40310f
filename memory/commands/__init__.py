"""The command ``steno memory``: what a person reads, corrects and looks after in a memory file."""

from __future__ import annotations

# Each module adds its commands to the app as it is imported.
from memory.commands import caring, editing, reading, sharing, telling
from memory.commands.app import app

__all__ = ["app", "caring", "editing", "reading", "sharing", "telling"]
