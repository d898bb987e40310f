"""Every key, in one table: screens take their bindings from it, and so does docs/tui.md.

A person may give a command another key: `[keys]` in the settings file maps the names here to keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType
from textual.keys import REPLACED_KEYS, key_to_character
from textual.keys import Keys as TextualKey

from agent.errors import ConfigError

Where = Literal["everywhere", "session", "note", "notes", "start", "browser", "help"]
PLACES: tuple[tuple[Where, ...], ...] = (
    ("everywhere", "session", "notes"),
    ("everywhere", "note"),
    ("everywhere", "start"),
    ("everywhere", "browser"),
    ("help",),  # it takes any of the keys that a person may think of to leave it
)
"""What is bound at the same time: there a key can mean one thing only."""


@dataclass(frozen=True, slots=True)
class Key:
    """A command and its key, as Textual names keys. `short` stands in the footer, if anything does."""

    name: str
    key: str
    action: str
    help: str
    where: Where
    short: str = ""


KEYS = (
    Key("help", "f1", "help", "Show every key", "everywhere", "Help"),
    # In 80 columns there is no room for it at the foot, and F1 tells of it.
    Key("palette", "ctrl+p", "command_palette", "Every command, by name", "everywhere"),
    Key(
        "theme", "ctrl+t", "next_theme", "The next theme: dark, light, high contrast", "everywhere"
    ),
    Key("quit", "q", "leave", "Leave; what was committed is kept", "everywhere", "Quit"),
    Key(
        "pause",
        "space",
        "toggle_pause",
        "Pause at the next forward pass, or go on",
        "session",
        "Pause",
    ),
    Key("step_pass", "s", "step('pass')", "One forward pass", "session", "Pass"),
    Key("step_burst", "b", "step('burst')", "To the end of the next burst", "session"),
    Key("step_action", "a", "step('action')", "To the game's next answer", "session"),
    Key(
        "cancel",
        "escape",
        "cancel",
        "Throw the present generation away, and pause",
        "session",
        "Cancel",
    ),
    Key(
        "mode",
        "m",
        "next_mode",
        "Who acts: auto, confirm (you approve), human (you play)",
        "session",
        "Mode",
    ),
    Key("approve", "y", "approve", "Approve the proposed action", "session"),
    Key("replace", "e", "replace", "Edit the proposed action", "session"),
    Key("refuse", "n", "refuse", "Refuse it, and say why if you like", "session"),
    Key("act", "t", "act", "Type the action, where you play", "session"),
    Key("hint", "i", "hint", "Say something to the model", "session", "Hint"),
    Key(
        "k_more",
        "plus",
        "burst_size(1)",
        "Bursts of one token more, from the next pass on",
        "session",
    ),
    Key("k_less", "minus", "burst_size(-1)", "Bursts of one token less", "session"),
    Key(
        "surer",
        "greater_than_sign",
        "confidence(1)",
        "Cut bursts at a higher confidence",
        "session",
    ),
    Key(
        "bolder", "less_than_sign", "confidence(-1)", "Cut bursts at a lower confidence", "session"
    ),
    Key("step_back", "h", "walk(-1)", "The step before", "session", "Back"),
    Key("step_on", "l", "walk(1)", "The step after", "session"),
    Key("episode_back", "H", "episode(-1)", "The episode before", "session"),
    Key("episode_on", "L", "episode(1)", "The episode after", "session"),
    Key("now", "0", "now", "Where the run is now", "session"),
    Key("pane_game", "1", "pane('game')", "The game", "session"),
    Key("pane_mind", "2", "pane('mind')", "The mind", "session"),
    Key("pane_memory", "3", "pane('memory')", "The memory", "session"),
    Key("fold", "f", "fold", "Fold earlier thoughts, or show them whole", "session"),
    Key(
        "open_note",
        "enter",
        "select",
        "The selected note: its history and where it came from",
        "notes",
    ),
    Key("note_edit", "e", "edit", "Edit the note here", "note", "Edit"),
    Key("note_editor", "E", "editor", "Edit it in $EDITOR", "note", "$EDITOR"),
    Key("note_pin", "p", "pin", "Pin it, or no longer", "note", "Pin"),
    Key("note_delete", "d", "delete", "Delete it; its history stays", "note", "Delete"),
    Key("note_approve", "y", "approve", "Let a proposed note live", "note", "Approve"),
    Key("note_origin", "g", "origin", "Go to the step that wrote it", "note", "Go to step"),
    Key("note_source", "enter", "source", "Go to the thought that is selected", "note"),
    Key("note_close", "escape", "close", "Back", "note", "Back"),
    Key("start", "ctrl+s", "start", "Start the game", "start", "Start"),
    Key(
        "start_enter",
        "enter",
        "start",
        "In a field: start the game; in the list: the run that is selected",
        "start",
    ),
    Key("help_close", "escape,f1,q,enter", "dismiss", "Back", "help"),
    Key("search", "slash", "search", "Search as you type", "browser", "Search"),
    Key("banks", "b", "banks", "The banks", "browser", "Banks"),
    Key(
        "all_states",
        "A",
        "states",
        "Live notes only, or those in any state",
        "browser",
        "Any state",
    ),
)

HEADINGS: dict[Where, str] = {
    "everywhere": "Everywhere",
    "session": "Watching and steering a run, or walking through one",
    "notes": "In a list of notes",
    "note": "A note",
    "start": "The start screen",
    "browser": "The memory browser",
    "help": "The help",
}


def bindings(*where: Where) -> list[BindingType]:
    """The bindings of a screen."""
    return [
        Binding(
            each.key,
            each.action,
            each.short or each.help,
            show=bool(each.short),
            id=f"{each.where}.{each.name}",
            tooltip=each.help,
        )
        for each in KEYS
        if each.where in where
    ]


def keymap(wanted: Mapping[str, str]) -> dict[str, str]:
    """The keys that a person wants, as Textual takes them.

    Raises ConfigError for a command or a key that there is not, and for a key with two meanings.
    """
    known = {each.name: f"{each.where}.{each.name}" for each in KEYS}
    for name, key in wanted.items():
        if name not in known:
            raise ConfigError(f"keys.{name}: no such command; there are {', '.join(sorted(known))}")
        for each in key.split(","):
            if not _is_a_key(each.strip()):
                raise ConfigError(
                    f"keys.{name} {key!r}: {each!r} is no key; give one such as 'x', 'ctrl+x', 'f2' or "
                    "'question_mark', or several with commas between them"
                )
    for place in PLACES:
        _require_one_meaning([each for each in KEYS if each.where in place], wanted)
    return {known[name]: key for name, key in wanted.items()}


def _require_one_meaning(keys: Sequence[Key], wanted: Mapping[str, str]) -> None:
    meaning: dict[str, str] = {}
    for each in keys:
        for key in wanted.get(each.name, each.key).split(","):
            other = meaning.setdefault(_character(key.strip()), each.name)
            if other != each.name:
                raise ConfigError(
                    f"keys: {key.strip()!r} would mean both {other} and {each.name}; give one of them "
                    "another key"
                )


def _is_a_key(key: str) -> bool:
    """Whether a key may be called so."""
    if len(key) == 1:
        return True
    *modifiers, last = key.split("+")
    named = last in _NAMED or len(_character(last)) == 1
    return named and set(modifiers) <= _MODIFIERS


def _character(key: str) -> str:
    """The character that a key types, by whichever of its names; else its name."""
    return key_to_character(REPLACED_KEYS.get(key, key)) or key


_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}
_NAMED = {each.value.rpartition("+")[2] for each in TextualKey if not each.value.startswith("<")}

SPOKEN = {
    "space": "Space",
    "plus": "+",
    "minus": "-",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "slash": "/",
    "escape": "Esc",
    "enter": "Enter",
    "end": "End",
    "f1": "F1",
}


def spoken(key: str) -> str:
    """A key as it is printed on a keyboard."""
    return ", ".join(SPOKEN.get(each, each.replace("ctrl+", "Ctrl+")) for each in key.split(","))


def as_markdown() -> str:
    """The table for docs/tui.md, a heading for each place."""
    lines: list[str] = []
    for where, heading in HEADINGS.items():
        lines += [f"### {heading}", "", "| key | name | what it does |", "|---|---|---|"]
        for each in KEYS:
            if each.where == where:
                key = spoken(each.key).replace("|", "\\|")
                lines.append(f"| `{key}` | `{each.name}` | {each.help} |")
        lines.append("")
    return "\n".join(lines).rstrip()
