r"""A bank as a Markdown file that a person can read, change and hand on. Pure.

Front matter names the bank; each note is a heading with its title, a comment with its uid and
version, and a paragraph. A backslash stands before what Markdown or HTML would obey, and
``\u{202e}`` for what nobody could see, so that any note comes back exactly as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from memory.errors import BadValue, Conflict
from memory.render import hidden
from memory.text import one_line, shown
from memory.types import Add, Bank, Delete, Edit, Note, Pin, Rewrite

FORMAT = 1
_OBEYED = frozenset(r"\`*_{}[]<>#|~$&!")
_COMMENT = re.compile(r"<!-- note ([0-9a-f]{16}) version ([1-9]\d{0,9})( pinned)? -->")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]{1,6})\}|(.))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A note in a document; ``uid`` and ``version`` are None for one that a person wrote there."""

    title: str
    body: str
    uid: str | None = None
    version: int | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A bank as exported. ``exported`` is the time of the newest change that it knows."""

    kind: str
    name: str
    exported: str
    entries: tuple[Entry, ...]


def file_name(bank: Bank) -> str:
    """A file name that is legal everywhere, and another for each bank."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", bank.name)[:60].strip("-") or "bank"
    digest = hashlib.sha256(str(bank).encode()).hexdigest()[:8]
    return f"{bank.kind}-{plain}-{digest}.md"


def write(bank: Bank, notes: list[Note], exported: str) -> str:
    """The document of a bank with these notes."""
    lines = [
        "---",
        f"steno-bank: {FORMAT}",
        f"kind: {bank.kind}",
        f"name: {json.dumps(bank.name)}",
        f"exported: {json.dumps(exported)}",
        f"notes: {len(notes)}",
        "---",
    ]
    for note in notes:
        pinned = " pinned" if note.pinned else ""
        lines += [
            "",
            f"## {escape(note.title)}",
            "",
            f"<!-- note {note.uid} version {note.version}{pinned} -->",
            "",
            escape(note.body),
        ]
    return "\n".join(lines) + "\n"


def read(text: str) -> Document:
    """The document in a text; the inverse of ``write``. Raises BadValue, naming the line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0] != "---" or "---" not in lines[1:]:
        raise BadValue("line 1: no front matter; give a file that `steno memory export` wrote")
    end = lines.index("---", 1)
    front = dict(line.partition(": ")[::2] for line in lines[1:end])
    if front.get("steno-bank") != str(FORMAT):
        raise BadValue(
            f"front matter: steno-bank is {shown(front.get('steno-bank', 'missing'))}; this Steno "
            f"reads {FORMAT}"
        )
    try:
        name, exported = json.loads(front["name"]), json.loads(front["exported"])
        kind = front["kind"]
    except (KeyError, ValueError) as error:
        raise BadValue(f"front matter: kind, name or exported is unusable: {error}") from None
    if not isinstance(name, str) or not isinstance(exported, str):
        raise BadValue("front matter: name and exported must be texts in double quotes")
    entries: list[Entry] = []
    title: str | None = None
    first, mark, body = 0, None, []  # type: ignore[var-annotated]
    for number, line in enumerate([*lines[end + 1 :], "## "], end + 2):
        comment = _COMMENT.fullmatch(line.strip())
        if line.startswith("## "):
            if title is not None:
                entries.append(_entry(title, mark, body, first))
            title, mark, body, first = line[3:], None, [], number
        elif title is None and line.strip():
            raise BadValue(f"line {number}: {shown(line)} stands before the first '## title'")
        elif comment and mark is None and not body:
            mark = comment
        elif line.strip():
            body.append(line.strip(" \t"))
    uids = [entry.uid for entry in entries if entry.uid is not None]
    twice = {uid for uid in uids if uids.count(uid) > 1}
    if twice:
        raise BadValue(f"note {min(twice)} stands in the document twice: keep one of them")
    return Document(kind, name, exported, tuple(entries))


def _entry(title: str, mark: re.Match[str] | None, body: list[str], line: int) -> Entry:
    words, text = unescape(title.strip(" \t")), unescape(" ".join(body))
    if not words.strip() or not text.strip():
        raise BadValue(f"line {line}: a note needs a title and a body")
    if mark is None:
        return Entry(words, text)
    return Entry(words, text, mark[1], int(mark[2]), mark[3] is not None)


def edits(document: Document, notes: Mapping[str, Note], *, delete: bool) -> list[Edit]:
    """What it takes to make the bank's ``notes`` (in any state) say what the document says.

    Raises Conflict for a note that was changed since the export; nothing is guessed.
    """
    found: list[Edit] = []
    for entry in document.entries:
        note = notes.get(entry.uid or "")
        if note is None:
            found.append(Add(entry.title, entry.body, entry.uid))
            if entry.pinned and entry.uid is not None:
                found.append(Pin(entry.uid, 1, True))
            continue
        title, body = one_line(entry.title), one_line(entry.body)
        if note.state == "live" and (note.title, note.body, note.pinned) == (
            title,
            body,
            entry.pinned,
        ):
            continue
        if note.version != entry.version or note.state == "deleted":
            raise Conflict(
                f"note {note.uid} is at version {note.version} ({note.state}), and the document "
                f"has version {entry.version}: export again and repeat your change"
            )
        if (note.title, note.body) != (title, body):
            found.append(Rewrite(note.uid, note.version, body, title))
        if note.pinned != entry.pinned:
            seen = note.version + ((note.title, note.body) != (title, body))
            found.append(Pin(note.uid, seen, entry.pinned))
    if delete:
        kept = {entry.uid for entry in document.entries}
        found += [
            Delete(note.uid, note.version)
            for note in notes.values()
            if note.uid not in kept and note.state == "live" and note.updated <= document.exported
        ]
    return found


def copied(document: Document, bank: str, elsewhere: Container[str]) -> Document:
    """The document as a bank takes it whose file has notes of these uids ``elsewhere``.

    A uid names one note of a file. So a copy beside its original gets another, and the same one each
    time: a document that is read twice makes no second copy. It is at version 1 until it is changed.
    """

    def taken(entry: Entry) -> Entry:
        if entry.uid is None or entry.uid not in elsewhere:
            return entry
        digest = hashlib.sha256(json.dumps([bank, entry.uid]).encode()).hexdigest()
        return replace(entry, uid=digest[:16], version=1)

    return replace(document, entries=tuple(map(taken, document.entries)))


def escape(text: str) -> str:
    """``text``, one line, as Markdown that shows it and obeys nothing in it."""
    out = []
    for place, char in enumerate(text):
        edge = place in (0, len(text) - 1)
        if hidden(char) or char in "\t\n" or (char.isspace() and (char != " " or edge)):
            out.append(f"\\u{{{ord(char):x}}}")
        elif char in _OBEYED or (edge and char in string.punctuation):
            out.append("\\" + char)
        elif char in ".)" and text[:place].isdigit():
            out.append("\\" + char)  # or "1. " would begin a list
        elif char == " " and text[place - 1] == " ":
            out.append("\\u{20}")
        else:
            out.append(char)
    return "".join(out)


def unescape(text: str) -> str:
    """The inverse of ``escape``; a backslash before a letter stands for itself."""

    def char(match: re.Match[str]) -> str:
        if match[1] is not None:
            code = int(match[1], 16)
            return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else match[0]
        return match[2] if match[2] in string.punctuation else match[0]

    return _ESCAPE.sub(char, text)
