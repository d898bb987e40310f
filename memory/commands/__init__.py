"""The command ``steno memory``: what a person reads, corrects and looks after in a memory file."""

from __future__ import annotations

from memory.commands.app import app
from memory.commands.caring import backup, bench, doctor, migrate, retain, serve, stats
from memory.commands.editing import add, approve, bank, edit, pin, purge, restore, rm
from memory.commands.reading import diff, history, ls, search, show, tail, why
from memory.commands.sharing import export, import_

__all__ = [
    "add",
    "app",
    "approve",
    "backup",
    "bank",
    "bench",
    "diff",
    "doctor",
    "edit",
    "export",
    "history",
    "import_",
    "ls",
    "migrate",
    "pin",
    "purge",
    "restore",
    "retain",
    "rm",
    "search",
    "serve",
    "show",
    "stats",
    "tail",
    "why",
]
