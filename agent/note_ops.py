"""Note operations: the one language in which the model writes to its memory file.

    ADD title: body
    REWRITE n: body
    DELETE n
    FIND query
    END

One a line, short, since each slow token costs a pass. `n` numbers the notes as the window shows them.
This module feeds the parser, the constrained decoder and the demonstrations, so they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import NoteSyntaxError
from agent.lm.types import Grammar

TITLE_CHARS = 32
BODY_CHARS = 160
MOST_OPERATIONS = 6
END = "END"
CLOSING = "\n" + END
"""What must follow the last operation."""


@dataclass(frozen=True, slots=True)
class AddNote:
    """Write a new note."""

    title: str
    body: str

    def __str__(self) -> str:
        return f"ADD {self.title}: {self.body}"


@dataclass(frozen=True, slots=True)
class RewriteNote:
    """Replace the body of note `n`."""

    n: int
    body: str

    def __str__(self) -> str:
        return f"REWRITE {self.n}: {self.body}"


@dataclass(frozen=True, slots=True)
class DeleteNote:
    """Delete note `n`."""

    n: int

    def __str__(self) -> str:
        return f"DELETE {self.n}"


@dataclass(frozen=True, slots=True)
class FindNotes:
    """Look notes up: hits are appended to the window."""

    query: str

    def __str__(self) -> str:
        return f"FIND {self.query}"


NoteOperation = AddNote | RewriteNote | DeleteNote | FindNotes

# A title has no colon (the first colon ends it); a body is any printable text on one line.
# The classes are written in the part of the syntax that Python and llguidance share.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_TITLE = rf"[^\s:{_CONTROL}][^:{_CONTROL}]{{0,{TITLE_CHARS - 1}}}"
_BODY = rf"[^\s{_CONTROL}][^{_CONTROL}]{{0,{BODY_CHARS - 1}}}"
_ADD = re.compile(rf"ADD ({_TITLE}): ({_BODY})")
# Few digits: Python refuses to read a number of thousands of them.
_REWRITE = re.compile(rf"REWRITE ([1-9][0-9]{{0,5}}): ({_BODY})")
_DELETE = re.compile(r"DELETE ([1-9][0-9]{0,5})")
_FIND = re.compile(rf"FIND ({_BODY})")


def render(operations: Sequence[NoteOperation]) -> str:
    """The text that parses back to `operations`."""
    return "\n".join([*map(str, operations), END])


def parse(text: str, notes_shown: int) -> list[NoteOperation]:
    """Read a whole answer: operations, then END, nothing else.

    Raises NoteSyntaxError, saying which line and why: no END (the answer was cut off), a line that is
    no operation, a number that no note in the window has, or nothing that covers what happened (no ADD
    and no REWRITE). Several operations may be about one note: `agent.in_force` says which one holds.
    """
    lines = [line.rstrip() for line in text.strip().split("\n")]
    if not text.strip():
        raise NoteSyntaxError("the answer is empty; write operations, then END")
    if lines[-1] != END:
        raise NoteSyntaxError(f"the last line is {lines[-1][:60]!r}; it must be END")
    operations = [_parse_line(number, line) for number, line in enumerate(lines[:-1], 1)]
    for operation in operations:
        if isinstance(operation, RewriteNote | DeleteNote) and operation.n > notes_shown:
            raise NoteSyntaxError(
                f"there is no note {operation.n}; the window shows {notes_shown} notes"
            )
    if not any(isinstance(operation, AddNote | RewriteNote) for operation in operations):
        raise NoteSyntaxError("nothing was noted; write at least one ADD or REWRITE")
    return operations


def _parse_line(number: int, line: str) -> NoteOperation:
    if match := _ADD.fullmatch(line):
        return AddNote(match[1].rstrip(), match[2])
    if match := _REWRITE.fullmatch(line):
        return RewriteNote(int(match[1]), match[2])
    if match := _DELETE.fullmatch(line):
        return DeleteNote(int(match[1]))
    if match := _FIND.fullmatch(line):
        return FindNotes(match[1])
    raise NoteSyntaxError(
        f"line {number} is {line[:60]!r}; use 'ADD title: body', 'REWRITE n: body', 'DELETE n' "
        f"or 'FIND query' (title up to {TITLE_CHARS} characters, body up to {BODY_CHARS})"
    )


def constraint(notes_shown: int, *, finds: bool = True) -> Grammar:
    """What the model is held to when it answers a window with so many notes; `finds` permits FIND."""
    return Grammar(grammar(notes_shown, finds=finds), CLOSING, ": ", f"REWRITE {notes_shown}: ")


def grammar(notes_shown: int, *, finds: bool = True) -> str:
    """A Lark grammar (llguidance's dialect) whose texts are answers to a window with so many notes.

    It is a little narrower than the parser: it asks for an ADD or a REWRITE first, so that a legal
    answer always covers something. The parser refuses none of its texts.
    """
    numbers = "|".join(map(str, range(1, notes_shown + 1)))
    writes = '"ADD " TITLE ": " BODY "\\n"'
    operations = ["write"]
    if finds:
        operations.append('"FIND " BODY "\\n"')
    if notes_shown:
        writes += ' | "REWRITE " N ": " BODY "\\n"'
        operations.append('"DELETE " N "\\n"')
    return "\n".join(
        [
            f'start: write operation{{0,{MOST_OPERATIONS - 1}}} "END"',
            f"write: {writes}",
            f"operation: {' | '.join(operations)}",
            f"TITLE: /{_TITLE}/",
            f"BODY: /{_BODY}/",
            *([f"N: /{numbers}/"] if notes_shown else []),
        ]
    )
