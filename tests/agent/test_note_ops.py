"""The note language: what is written reads back, and the grammar and the parser agree."""

from __future__ import annotations

import functools
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from agent.errors import NoteSyntaxError
from agent.note_ops import (
    BODY_CHARS,
    CLOSING,
    MOST_OPERATIONS,
    TITLE_CHARS,
    AddNote,
    DeleteNote,
    FindNotes,
    NoteOperation,
    RewriteNote,
    constraint,
    grammar,
    parse,
    render,
)

SHOWN = 12
Printable = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029")


def line(most: int, forbidden: str = "") -> st.SearchStrategy[str]:
    """Text on one line without space around it: what a note holds."""
    text = st.text(Printable, min_size=1, max_size=most).map(str.strip)
    return text.filter(lambda text: bool(text) and not set(forbidden) & set(text))


Body, Title = line(BODY_CHARS), line(TITLE_CHARS, ":")
Number = st.integers(1, SHOWN)
Write = st.builds(AddNote, Title, Body) | st.builds(RewriteNote, Number, Body)
Operation = Write | st.builds(DeleteNote, Number) | st.builds(FindNotes, Body)
Answer = st.builds(lambda first, rest: [first, *rest], Write, st.lists(Operation, max_size=5))


@functools.cache
def _guide() -> LLTokenizer:
    return LLTokenizer("byte")


def accepts(text: str, notes_shown: int = SHOWN) -> bool:
    """Whether the grammar derives `text`, whole."""
    matcher = LLMatcher(_guide(), grammar(notes_shown))
    assert not matcher.is_error(), matcher.get_error()
    data = list(text.encode())
    return bool(matcher.validate_tokens(data) == len(data)) and (
        matcher.consume_tokens(data) and (matcher.is_accepting() or matcher.is_stopped())
    )


@settings(deadline=None)
@given(operations=Answer)
def test_operations_read_back(operations: list[NoteOperation]) -> None:
    text = render(operations)
    assert parse(text, SHOWN) == operations
    assert parse(f"\n  {text} \n", SHOWN) == operations, "space around the answer is no matter"
    assert parse(text.replace("\n", " \t\n"), SHOWN) == operations, "nor at the end of a line"
    assert text.endswith(CLOSING)


@settings(deadline=None)
@given(operations=Answer)
def test_the_grammar_derives_what_is_rendered(operations: list[NoteOperation]) -> None:
    assert accepts(render(operations))


@settings(max_examples=200, deadline=None)
@given(
    text=st.lists(
        st.sampled_from(
            [
                "ADD ",
                "REWRITE ",
                "DELETE ",
                "FIND ",
                "END",
                "\n",
                ": ",
                ":",
                " ",
                "1",
                "12",
                "13",
                "0",
                "a",
                "é",
                "\x1c",
                "\u2028",
                "\xa0",
                "x" * 31,
                "y" * 159,
            ]
        ),
        max_size=9,
    ).map(lambda parts: "".join(["ADD a: b\n", *parts, "\nEND"]))
)
def test_the_grammar_derives_nothing_that_the_parser_refuses(text: str) -> None:
    try:
        operations = parse(text, SHOWN)
    except NoteSyntaxError:
        assert not accepts(text)
    else:
        # The parser forgives space that the grammar never writes.
        plain = text == render(operations)
        assert accepts(text) == (len(operations) <= MOST_OPERATIONS) or not plain


@given(junk=st.text(max_size=30), before=st.integers(0, 3))
def test_junk_is_refused_and_its_line_named(junk: str, before: int) -> None:
    assume("\n" not in junk and junk.strip() and not re.match(r"(ADD|REWRITE|DELETE|FIND) ", junk))
    text = "\n".join([*["ADD a: b"] * before, junk, "ADD c: d", "END"])
    with pytest.raises(NoteSyntaxError) as refused:
        parse(text, SHOWN)
    shown = junk.rstrip() if before else junk.strip()
    assert str(refused.value) == (
        f"line {before + 1} is {shown[:60]!r}; use 'ADD title: body', 'REWRITE n: body', 'DELETE n' or "
        "'FIND query' (title up to 32 characters, body up to 160)"
    )


@settings(deadline=None)
@given(text=st.text(max_size=60), shown=st.integers(0, 3))
def test_any_text_is_read_or_refused(text: str, shown: int) -> None:
    try:
        operations = parse(text, shown)
    except NoteSyntaxError:
        return
    assert parse(render(operations), shown) == operations


HELP = (
    "; use 'ADD title: body', 'REWRITE n: body', 'DELETE n' or 'FIND query' "
    "(title up to 32 characters, body up to 160)"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the answer is empty; write operations, then END"),
        (" \n ", "the answer is empty; write operations, then END"),
        ("END", "nothing was noted; write at least one ADD or REWRITE"),
        ("DELETE 1\nFIND egg\nEND", "nothing was noted; write at least one ADD or REWRITE"),
        ("ADD a: b", "the last line is 'ADD a: b'; it must be END"),
        ("ADD a: b\nEND\nADD c: d", "the last line is 'ADD c: d'; it must be END"),
        ("ADD a: b\nEND\nEND", "line 2 is 'END'" + HELP),
        ("ADD a: b\n\nEND", "line 2 is ''" + HELP),
        ("add a: b\nEND", "line 1 is 'add a: b'" + HELP),
        ("ADD a\nEND", "line 1 is 'ADD a'" + HELP),
        ("ADD : b\nEND", "line 1 is 'ADD : b'" + HELP),
        (f"ADD {'t' * 33}: b\nEND", f"line 1 is 'ADD {'t' * 33}: b'" + HELP),
        (f"ADD t: {'b' * 161}\nEND", f"line 1 is 'ADD t: {'b' * 53}'" + HELP),
        ("ADD a: b\x1b[31m\nEND", r"line 1 is 'ADD a: b\x1b[31m'" + HELP),
        ("REWRITE 4: x\nEND", "there is no note 4; the window shows 3 notes"),
        ("REWRITE 0: x\nEND", "line 1 is 'REWRITE 0: x'" + HELP),
        ("REWRITE -1: x\nEND", "line 1 is 'REWRITE -1: x'" + HELP),
        ("ADD a: b\u2028c\nEND", r"line 1 is 'ADD a: b\u2028c'" + HELP),
        ("ADD a\u2029: b\nEND", r"line 1 is 'ADD a\u2029: b'" + HELP),
        (f"REWRITE {'9' * 5000}: x\nEND", f"line 1 is 'REWRITE {'9' * 52}'" + HELP),
        (f"DELETE {'9' * 5000}\nEND", f"line 1 is 'DELETE {'9' * 53}'" + HELP),
    ],
)
def test_what_is_refused_and_why(text: str, message: str) -> None:
    with pytest.raises(NoteSyntaxError) as refused:
        parse(text, 3)
    assert str(refused.value) == message


def test_space_at_the_end_of_a_title_is_forgiven() -> None:
    assert parse("ADD hall  : exit\nEND", 0) == [AddNote("hall", "exit")]


def test_limits_are_reached() -> None:
    longest = AddNote("t" * TITLE_CHARS, "b" * BODY_CHARS)
    assert parse(render([longest]), 0) == [longest]
    assert accepts(render([longest]))
    assert not accepts(render([AddNote("t" * (TITLE_CHARS + 1), "b")]))
    assert not accepts(render([AddNote("t", "b" * (BODY_CHARS + 1))]))


def test_the_grammar_knows_which_notes_there_are() -> None:
    assert not accepts("REWRITE 1: x\nEND", notes_shown=0)
    assert accepts("REWRITE 2: x\nDELETE 1\nEND", notes_shown=2)
    assert not accepts("REWRITE 3: x\nEND", notes_shown=2)
    assert not accepts("FIND x\nEND"), "an answer covers something"


@pytest.mark.parametrize("notes_shown", [0, 1, 9, 10, 120])
def test_the_constraint_describes_the_grammar(notes_shown: int) -> None:
    """The opening is the longest: no other operation needs more before its first free character."""
    held = constraint(notes_shown)
    assert held.lark == grammar(notes_shown)
    assert held.closing == CLOSING
    assert accepts(f"ADD a: b\n{held.opening}x\nEND".replace(" 0: ", " 1: "), max(notes_shown, 1))
    others = [f"DELETE {notes_shown}", "FIND ", "ADD t: "]
    assert all(len(other) <= len(held.opening) for other in others)
