"""A recorded episode as one HTML file that needs nothing else: no network, no second file.

The style and the script are inlined, and a Content-Security-Policy names them by their hash and allows
nothing else whatever, so that text which got past the escaping could neither run nor load anything.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
from collections.abc import Iterable
from pathlib import Path

import jinja2

from agent.files import replacing
from agent.story.overview import Overview, told
from agent.story.parts import (
    Acted,
    Burst,
    Clipped,
    Ended,
    Noted,
    Person,
    Pruned,
    Refused,
    Token,
    Turn,
)
from agent.story.walk import heading
from memory import printable

TEXT_CHARS = 20_000
"""Of a longer text the page holds the beginning, and says how much is left out."""
FEW = 25
"""So many steps are unfolded when the page opens; of more, none is."""
BRIEF_CHARS = 80
_MARKED = {
    "notes": Noted,
    "refused": Refused,
    "pruned": Pruned,
    "clipped": Clipped,
    "person": Person,
}


def write(path: Path, told: Overview, turns: Iterable[Turn], *, budget: int, many: int) -> None:
    """Write the page whole or not at all. `many` steps are to come. Raises StorageFailed."""
    style, script = _file("page.css"), _file("page.js")
    stream = (
        _environment()
        .get_template("page.html.j2")
        .stream(
            overview=told,
            turns=turns,
            budget=budget,
            unfolded=many <= FEW,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )
    stream.enable_buffering(500)
    with replacing(path) as file:
        for chunk in stream:
            file.write(chunk.encode())


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("agent.story"),
        autoescape=True,
        finalize=_nothing_hidden,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "in_a_line": in_a_line, "brief": brief, "tip": tip}
    environment.globals |= {
        "action": action,
        "by_step": by_step,
        "heading": heading,
        "kind_of": lambda part: type(part).__name__,
        "marks": marks,
        "told": told,
    }
    return environment


def _nothing_hidden(value: object) -> object:
    """Every value that a template prints goes through this before it is escaped."""
    return printable(value) if type(value) is str else value  # markup is our own


def shown(text: str | None) -> str:
    """Text as the page shows it: nothing hidden in it, nothing obeyed, and not without end."""
    if text is None:
        return ""
    left_out = len(text) - TEXT_CHARS
    cut = printable(text[:TEXT_CHARS])
    if left_out <= 0:
        return cut
    return f"{cut} [... {left_out} more characters; without --html `steno view` prints them all]"


def in_a_line(text: str) -> str:
    """A token's text: a line break is a sign."""
    return shown(text).replace("\n", "↵")


def brief(text: str) -> str:
    """The beginning of a text, for a line that stands for the whole step."""
    cut = printable(" ".join(text[:BRIEF_CHARS].split()))
    return cut if len(text) <= BRIEF_CHARS else f"{cut} ..."


def action(turn: Turn) -> str:
    """What a step did, in a few words."""
    for part in turn.parts:
        if isinstance(part, Ended):
            return part.outcome
        if isinstance(part, Acted):
            return part.action
    return "not finished" if turn.record is None else "the game begins"


def by_step(left: tuple[tuple[int, str], ...]) -> dict[int, list[str]]:
    """The kinds of text that left the window, step by step."""
    found: dict[int, list[str]] = {}
    for step, kind in left:
        found.setdefault(step, []).append(kind)
    return found


def tip(burst: Burst) -> str:
    """What is told of a burst on demand: the log-probability of each token, and its text."""
    known = [_scored(token) for token in burst.tokens]
    if len(known) == 1:
        return known[0]
    told = (
        f"{in_a_line(token.text) or token.id!s}: {score}"
        for token, score in zip(burst.tokens, known, strict=True)
    )
    return "\n".join(told)


def _scored(token: Token) -> str:
    known = "?" if token.logprob is None else f"{token.logprob:.2f}"
    return known + {None: "", True: " agrees", False: " differs"}[token.agreed]


def marks(turn: Turn) -> list[str]:
    """The words by which the page's filter finds a step."""
    kinds = {type(part) for part in turn.parts}
    found = [word for word, kind in _MARKED.items() if kind in kinds]
    if turn.record is not None and turn.record.reward:
        found.append("score")
    if turn.listed is False:
        found.append("unlisted")
    return found


def _file(name: str) -> str:
    return (importlib.resources.files("agent.story") / "templates" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
