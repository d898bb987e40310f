"""What a reader of the figures must know: what an arm stands for, and what is not as it seems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.report.arms import FINGERPRINT, Arm
from agent.report.episode import Episode
from agent.report.runs import RecordedRun

RULE = (
    "Rates and means are over all n = scored + errored: an errored episode is not won, and has the "
    "points that it had by then. Intervals are of 95% (wins: Wilson; score and points: bootstrap)."
)
_ERRORS = 5  # kinds that are told of; the rest are counted
Told = Sequence[tuple[RecordedRun, Episode]]


def arms_in_words(runs: Sequence[tuple[RecordedRun, Arm]]) -> Iterator[str]:
    """A line an arm: its identity, and by what and how it was played."""
    arms: dict[str, Arm] = {}
    times: Counter[str] = Counter()
    for run, arm in runs:
        if run.rows:
            arms[arm.name] = arm
            times[arm.name] += 1
    for name, arm in arms.items():
        many = "1 run" if times[name] == 1 else f"{times[name]} runs"
        yield f"{name} ({arm.identity}, {many}): {_player(arm.settings)}"


def notes_on(runs: Sequence[RecordedRun], episodes: Told) -> list[str]:
    """Lines on errors, games that were not built or were played twice, and what has not ended."""
    return [*_errors(episodes), *_unbuilt(episodes), *_again(episodes), *_unfinished(runs)]


def _player(settings: Mapping[str, Any]) -> str:
    if "model.name" not in settings:
        return f"no model, {settings.get('agent')}"
    words = [f"{settings['model.name']}"]
    words += [f"{what} {settings.get(f'model.{what}')}" for what in ("policy", "burst")]
    shape = {"think": "think.mode", "k": "think.k", "confidence": "think.confidence"}
    words += [f"{word} {settings[key]}" for word, key in shape.items() if key in settings]
    if settings.get(FINGERPRINT):
        words.append(f"weights {settings[FINGERPRINT][:8]}")
    return ", ".join(words)


def _errors(episodes: Told) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for run, episode in episodes:
        row = episode.row
        if row.outcome == "error" and not row.unbuilt:
            where = f"{run.path} episode {row.episode} after step {row.steps}"
            kinds.setdefault(row.error or "no reason on record", []).append(where)
    for error, places in list(kinds.items())[:_ERRORS]:
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield f"errored: {error} ({places[0]}{more})"
    rest = sum(len(places) for places in list(kinds.values())[_ERRORS:])
    if rest:
        yield f"errored: {rest} more, of {len(kinds) - _ERRORS} other kinds: see --episodes --format csv"


def _unbuilt(episodes: Told) -> Iterator[str]:
    unbuilt = [(run, each) for run, each in episodes if each.unbuilt]
    if unbuilt:
        run, first = unbuilt[0]
        games = "1 game" if len(unbuilt) == 1 else f"{len(unbuilt)} games"
        yield (
            f"{games} could not be built, which is nobody's failure: they are in no figure "
            f"(first: {run.path} episode {first.row.episode}, seed {first.seed})"
        )


def _again(episodes: Told) -> Iterator[str]:
    times = Counter((each.arm, each.family, each.spec, each.seed) for _, each in episodes)
    again: Counter[str] = Counter()
    for (arm, *_), count in times.items():
        again[arm] += count - 1
    for arm, count in again.items():
        if count:
            yield (
                f"{arm}: {count} episodes are of games that it played in another run or before; all "
                "count, and intervals are too narrow where such episodes repeat each other"
            )


def _unfinished(runs: Sequence[RecordedRun]) -> Iterator[str]:
    planned: Counter[Path] = Counter()
    ended: Counter[Path] = Counter()
    for run in runs:
        planned[run.named] += run.episodes
        ended[run.named] += len(run.rows)
    for path, count in planned.items():
        if ended[path] < count:
            yield (
                f"{path}: {ended[path]} of {count} episodes have ended; the others are being played, or "
                "wait for `steno resume`"
            )
