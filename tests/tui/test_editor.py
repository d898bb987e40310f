"""A note in an editor of one's own: what comes back, and what is told where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.editor import Edited, in_editor


@pytest.fixture
def editing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that runs a shell script on the draft."""
    script = tmp_path / "an editor"
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sh '{script}'")
    return script


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("true", Edited("tea", "likes green tea")),
        ("printf 'chai\\n\\n two\\nlines \\n' > \"$1\"", Edited("chai", "two lines")),
        ("printf 'only a title' > \"$1\"", "neither may be empty"),
        ("printf '' > \"$1\"", "neither may be empty"),
        ('rm "$1"', "failed"),
        ("exit 1", "failed"),
        ("printf '\\377\\n\\nx' > \"$1\"", "failed"),
    ],
)
def test_what_is_left_in_the_editor(editing: Path, script: str, left: Edited | str) -> None:
    editing.write_text(script)
    found = in_editor("tea", "likes green tea")
    if isinstance(left, str):
        assert isinstance(found, str)
        assert left in found
    else:
        assert found == left


@pytest.mark.parametrize("editor", ["no-such-editor", "'unclosed"])
def test_an_editor_that_cannot_be_started_is_named(
    monkeypatch: pytest.MonkeyPatch, editor: str
) -> None:
    monkeypatch.setenv("VISUAL", editor)
    found = in_editor("tea", "likes green tea")
    assert isinstance(found, str)
    assert repr(editor) in found
