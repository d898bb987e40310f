"""What stands in the panes, as styled text. Pure: a View in, Content out.

Each kind has a mark of its own and bursts have brackets, so that nothing is lost without colour.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise

from textual.content import Content

from agent.live import number
from memory import NoteVersion
from tui.state import Change, Entry, Turn, View
from tui.text import one_line, shown

TURNS_SHOWN = 40
ENTRIES_SHOWN = 60
CHANGES_SHOWN = 6
MARKS = {
    "think": "~",
    "act": ">",
    "summarise": "+",
    "hint": '"',
    "failed": "!",
    "pruned": "x",
}
STYLES = {
    "think": "",
    "act": "bold italic $accent",
    "summarise": "italic $success",
    "hint": "bold $secondary",
    "failed": "$warning",
    "pruned": "dim",
}
WORD_STYLES = {
    "PAUSED": "bold reverse $warning",
    "CONFIRM": "bold reverse $accent",
    "YOUR MOVE": "bold reverse $accent",
    "ERROR": "bold reverse $error",
    "DONE": "bold reverse $success",
}
OPEN, CLOSE = "‹", "›"


def word(text: str) -> Content:
    """A state word."""
    return Content.styled(f" {text} ", WORD_STYLES.get(text, "bold reverse $primary"))


def game(view: View) -> Content:
    """The newest turns of the game."""
    if not view.turns:
        return Content.styled("The game has not begun.", "dim")
    return Content("\n\n").join(map(_turn, view.turns[-TURNS_SHOWN:]))


def _turn(turn: Turn) -> Content:
    score = "" if turn.score is None else f"  score {number(turn.score)}"
    head = f"step {turn.step}{score}"
    parts: list[Content] = [Content.styled(head, "dim")]
    if turn.action:
        parts.append(Content.styled(f"> {turn.action}", "bold $accent"))
    parts.append(Content(turn.observation.strip()))
    return Content("\n").join(parts)


def past(view: View) -> tuple[Entry, ...]:
    """What was written before the present thought."""
    thoughts = [place for place, entry in enumerate(view.entries) if entry.kind == "think"]
    return view.entries[: thoughts[-1]] if thoughts else ()


def earlier(view: View, *, folded: bool) -> Content:
    """What was written before the present thought: a line each, or whole."""
    entries = past(view)[-ENTRIES_SHOWN:]
    return Content("\n").join(_folded(each) if folded else _whole(each) for each in entries)


def present(view: View) -> Content:
    """The present thought and what came of it, pass by pass."""
    if not view.entries:
        return Content.styled("Nothing has been thought yet.", "dim")
    return Content("\n").join(map(_whole, view.entries[len(past(view)) :]))


def _folded(entry: Entry) -> Content:
    text = one_line(entry.text, 160)
    mark = "✗" if entry.cancelled else MARKS[entry.kind]
    style = "dim strike" if entry.cancelled else f"dim {STYLES[entry.kind]}".strip()
    return Content.assemble((f"{entry.step:>3} {mark} ", "dim"), (text, style))


def _whole(entry: Entry) -> Content:
    mark = "✗" if entry.cancelled else MARKS[entry.kind]
    head = Content.styled(f"{entry.step:>3} {mark} ", "dim")
    text = pieces(entry)
    if entry.live:
        text += Content.styled("▌", "blink")
    return head + text


def pieces(entry: Entry) -> Content:
    """An entry's text; each burst of several tokens in brackets, and shades that take turns."""
    plain = STYLES[entry.kind]
    if entry.kind != "think":
        return Content.styled(entry.text.strip(), plain)
    parts: list[tuple[str, str]] = []
    for place, piece in enumerate(entry.pieces):
        style = f"on ${'burst-even' if place % 2 == 0 else 'burst-odd'}"
        text = piece.text.rstrip("\n")
        body = text.lstrip(" ")
        parts.append((text[: len(text) - len(body)], ""))
        several = piece.tokens > 1 and body
        parts.append((f"{OPEN}{body}{CLOSE}" if several else body, style))
    return Content.assemble(*parts)


def changes(view: View) -> Content:
    """The newest writes to the memory, each as a diff."""
    if not view.changes:
        return Content.styled("Nothing has been noted yet.", "dim")
    return Content("\n").join(_change(each) for each in reversed(view.changes[-CHANGES_SHOWN:]))


def _change(change: Change) -> Content:
    version = change.version
    by = "" if version.actor == "agent" else f" by a {version.actor}"
    where = "" if version.step is None else f" at step {version.step}"
    head = Content.assemble(
        (f"{version.op}{by}{where} ", "dim"), (shown(version.title), "bold"), (": ", "bold")
    )
    return head + diff(change.before, change.after)


def diff(before: str | None, after: str | None) -> Content:
    """Word by word what went (`[-…-]`) and what came (`{+…+}`)."""
    old, new = (shown(before or "").split(" "), shown(after or "").split(" "))
    parts: list[tuple[str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, came = " ".join(old[a:b]), " ".join(new[c:d])
        if tag == "equal":
            parts.append((gone, ""))
            continue
        if gone:
            parts.append((f"[-{gone}-]", "strike $error"))
        if came:
            parts.append((f"{{+{came}+}}", "$success"))
    spaced = [parts[0]] if parts else []
    for _, each in pairwise(parts):
        spaced += [(" ", ""), each]
    return Content.assemble(*spaced)


def note(version: NoteVersion, number_shown: int | None) -> Content:
    """A note in a list: its number in the window, or '-' where it is not there."""
    marks = ("*" if version.pinned else "") + ("?" if version.state == "proposed" else "")
    place = "-" if number_shown is None else str(number_shown)
    style = "dim" if number_shown is None else ""
    return Content.assemble(
        (f"{place:>2}{marks or ' '} ", "bold" if number_shown else "dim"),
        (one_line(version.title), f"bold {style}".strip()),
        (f": {one_line(version.body)}", style),
    )
