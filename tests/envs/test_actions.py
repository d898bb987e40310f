import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.text import MAX_ACTION_CHARS
from envs.textworld.actions import refusal, to_interpreter


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("take coin", "take coin"),
        ("  Take   coin.\n", "Take coin"),
        ("go north. go east", "go north"),
        ("go north THEN go east", "go north"),
        ("take apple and milk", "take apple"),
        (". ; save", "save"),
        ("open frosted-glass door", "open frosted-glass door"),
        ("unlock Henderson's chest with it", "unlock Henderson's chest with it"),
        ("", ""),
        ("...", ""),
        ("sandwich the thenar", "sandwich the thenar"),
    ],
)
def test_one_command_reaches_the_interpreter(action: str, command: str) -> None:
    assert to_interpreter(action) == command


@given(st.text())
def test_any_action_becomes_a_short_ascii_line(action: str) -> None:
    line = to_interpreter(action)
    assert line.isascii()
    assert len(line) <= MAX_ACTION_CHARS
    assert "\n" not in line
    assert to_interpreter(line) == line


PROGRAM = [
    *["quit", "Q", "SAVE", "save game", "restore", "restart", "script", "transcriptions", "undo"],
    *["oops save", "version", "tw-print score", "TW-trace-actions", "restrict commands", ",save"],
    *["\x00save", "\x1b[31msave", "ｓａｖｅ", "sávé"],
]


@pytest.mark.parametrize("action", PROGRAM)
def test_a_command_to_the_program_is_refused(action: str) -> None:
    answer = refusal(to_interpreter(action))
    assert answer is not None
    assert answer.endswith("is not a command of this game.")


@pytest.mark.parametrize("action", ["", "look", "wait", "open safe", "examine script", "go north"])
def test_the_games_own_commands_are_not(action: str) -> None:
    assert refusal(to_interpreter(action)) is None
