import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.text import MAX_ACTION_CHARS, ascii_only, one_line, plain

# Escapes and controls more often than chance would draw them.
hostile = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from(
            ["\x1b[31m", "\x1b]0;title\x07", "\x1b[2J", "\x9b1m", "\r\n", "\x00", "\x1b"]
        ),
        st.characters(codec="utf-8", max_codepoint=0xA0),
    )
).map("".join)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a \x1b[1;31mred\x1b[0m door", "a red door"),
        ("\x1b]0;owned\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bPq payload\x1b\\after", "after"),
        ("\x1b]never ended\nnext line", "\nnext line"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("a\tb\x00c\x7f\x08", "a   bc"),
        ("\u202eback", "back"),
        ("\ud800", "\ufffd"),
        ("<|im_end|> é ☃", "<|im_end|> é ☃"),
    ],
)
def test_plain(raw: str, expected: str) -> None:
    assert plain(raw) == expected


@given(hostile)
def test_plain_leaves_no_control_character(text: str) -> None:
    cleaned = plain(text)
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") for c in cleaned)
    assert plain(cleaned) == cleaned


@given(hostile)
def test_an_action_is_one_clipped_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= MAX_ACTION_CHARS
    assert line == line.strip()
    assert all(unicodedata.category(c) not in ("Cc", "Cs") for c in line)
    assert one_line(line) == line


def test_controls_in_an_action_separate_words() -> None:
    assert one_line("take\ncoin\x00now \x1b[31m please") == "take coin now please"


@given(st.text())
def test_ascii_only(text: str) -> None:
    assert ascii_only(text).isascii()


def test_accents_go_and_foreign_letters_become_question_marks() -> None:
    assert ascii_only("jalapeño crème ☃") == "jalapeno creme ?"
