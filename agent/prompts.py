"""What the model is told. Plain words, few of them: the window is small."""

from __future__ import annotations

from collections.abc import Sequence

from envs.base import Description
from memory import Note, note_line

# The cues stand in front of what the model writes; it never writes them itself.
THOUGHT_CUE = "Thought:"
ACTION_CUE = "Action:"
THOUGHT_END = "\n"
ACKNOWLEDGED = "Ready."
# A reserved action: it asks for a summary and costs no step of the environment.
WRITE_NOTES = "write notes"


def system(description: Description, *, how_to_act: bool, notes: bool) -> str:
    """The system prompt for one environment."""
    told = [description.goal, *([description.how_to_act] if how_to_act else [])]
    told.append("Each turn, think in one short line, then give one command.")
    if notes:
        told.append("You forget old turns, but never your notes.")
    return " ".join(told)


def head(notes: Sequence[Note]) -> str:
    """The first user turn: what was recalled from the memory file."""
    if not notes:
        return "You have no notes yet."
    return "Your notes:\n" + "\n".join(note_line(n, note) for n, note in enumerate(notes, 1))


REASON_CHARS = 90  # so that the example after it survives the cap of the request
_EXAMPLE = "ADD hall: exits north and east, key taken\nEND"


def summarise(reason: str, *, notes_shown: int) -> str:
    """The request for note operations; `reason` says what made it due."""
    opening = {
        "high_water": "Old turns will be cut.",
        "asked": "You asked to write notes.",
        "end": "The game is over.",
    }[reason]
    change = "" if notes_shown == 0 else f" (Notes 1-{notes_shown}: REWRITE n: body, DELETE n.)"
    return f"{opening}{change} Note in short lines what you must remember, like this:\n{_EXAMPLE}"


def summarise_again(refused: str) -> str:
    """The second and last request, after an answer that could not be used."""
    return f"Not usable: {refused[:REASON_CHARS]}. Write like this:\n{_EXAMPLE}"


def recalled(query: str, notes: Sequence[Note]) -> str:
    """What FIND brought, marked as looked up so that it is not noted again as if it were new."""
    if not notes:
        return f"(Looked up in your notes: {query}. Nothing found.)"
    lines = "\n".join(f"- {note.title}: {note.body}" for note in notes)
    return f"(Looked up in your notes: {query})\n{lines}"


def hint(text: str) -> str:
    """A person's words, marked as such."""
    return f"(A person says: {' '.join(text.split())})"


def refused(action: str, why: str) -> str:
    """Why the model is to choose another action, in the person's words."""
    return f"do not {action}" + (f": {why}" if why else "")


def note_changed(n: int, body: str | None) -> str:
    """That a person changed note `n` of the window, or deleted it."""
    return (
        f"(A person deleted note {n}.)" if body is None else f"(A person changed note {n}: {body})"
    )


def admissible(commands: Sequence[str]) -> str:
    """The commands that the environment accepts now, where the config shows them to the model."""
    return "Commands: " + ", ".join(commands)
