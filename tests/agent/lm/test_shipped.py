"""Which adapters a model gets unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.lm import shipped
from agent.lm.shipped import chosen


@pytest.fixture
def adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("POLICY", "BURST", "GENERAL_BURST"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(shipped, name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("model", "policy", "burst", "expected"),
    [
        ("embedded", "shipped", "shipped", ("POLICY", "BURST")),
        ("embedded", "shipped", "none", ("POLICY", None)),
        ("embedded", "none", "shipped", (None, "GENERAL_BURST")),
        ("embedded", "none", "none", (None, None)),
        ("org/model", "shipped", "shipped", (None, None)),
    ],
)
def test_the_embedded_model_gets_ours(
    adapters: Path, model: str, policy: str, burst: str, expected: tuple[str | None, str | None]
) -> None:
    places = tuple(None if name is None else str(adapters / name) for name in expected)
    assert chosen(model, policy, burst) == places


def test_ours_are_not_mixed_with_a_strangers(adapters: Path) -> None:
    assert chosen("embedded", "mine", "shipped") == ("mine", None)
    assert chosen("embedded", "mine", "theirs") == ("mine", "theirs")
    assert chosen("org/model", "mine", "untrained") == ("mine", "untrained")


def test_what_is_not_there_is_not_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shipped, "POLICY", tmp_path / "gone")
    monkeypatch.setattr(shipped, "BURST", tmp_path / "gone too")
    assert chosen("embedded", "shipped", "shipped") == (None, None)


def test_what_ships_stays_small() -> None:
    ours = Path(shipped.POLICY).parent
    assert sum(path.stat().st_size for path in ours.rglob("*") if path.is_file()) <= 60_000_000
