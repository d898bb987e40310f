"""The benchmark of the memory file ends in figures that a person can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.bench import finding


def test_recall_is_measured_at_each_size_to_three_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "QUERIES", 3)
    monkeypatch.setattr(finding, "UNSCOPED", 1)
    said: list[str] = []
    figures = finding.measure(tmp_path, said.append, [100])
    assert set(figures) == {
        "recall_ms_p50",
        "recall_cpu_ms_p50",
        "recall_after_write_ms_p50",
        "recall_first_ms",
        "search_file_ms_p50",
    }
    for name, by_size in figures.items():
        assert list(by_size) == ["100"]
        digits = f"{by_size['100']:.10f}".replace(".", "").strip("0")
        assert 0 < len(digits) <= 3, (name, by_size)
    assert said[0].startswith("100 notes, 100 in scope")
