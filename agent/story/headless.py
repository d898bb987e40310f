"""`steno view` and `steno export`: an episode told again on stdout or in files."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path

from rich.text import Text

from agent.errors import (
    EXIT_EPISODES_ERRORED,
    EXIT_OK,
    ConfigError,
    ModelUnavailable,
    RunDirectoryError,
    StorageFailed,
)
from agent.live import console_for
from agent.lm.vocabulary import Vocabulary
from agent.story import page, walk
from agent.story.overview import overview
from agent.story.recording import Recording, StoredRun
from agent.story.turns import turns
from memory import MemoryFileError, printable

FORMATS = ("atif",)
_STEPS = re.compile(r"(\d{1,9})(-(\d{1,9})?)?")


def view(run: Path, episode: int, *, html: bool, out: Path | None, steps: str | None) -> int:
    """Tell one episode, as text on stdout or as a page in a file. Returns the exit code."""
    if out is not None and not html:
        raise ConfigError("--out is where the page goes: say --html too, or redirect stdout")
    first, last = _range(steps)
    with closing(StoredRun(run)) as recorded, closing(Recording(recorded, episode)) as recording:
        vocabulary = _vocabulary(recorded)
        told = overview(recording, counted=steps is None)
        end = len(recording.steps) - 1
        if first > max(end, 0):
            raise ConfigError(f"--steps {steps}: episode {episode} has the steps 0 to {end}")
        chosen = turns(recording, vocabulary, first, last)
        if not html:
            for line in walk.opening(told):
                sys.stdout.write(line + "\n")
            for line in walk.lines(chosen, recording.budget):
                sys.stdout.write(line + "\n")
            return EXIT_OK
        place = out or run / f"episode-{episode:06}.html"
        many = (end if last is None else min(last, end)) - first + 1
        page.write(place, told, chosen, budget=recording.budget, many=many)
    console_for(sys.stdout).print(Text(f"page: {printable(str(place))}{_size(place, many)}"))
    return EXIT_OK


def export(run: Path, episode: int | None, *, form: str, out: Path | None) -> int:
    """Write episodes as trajectories, a file each. Returns the exit code: 1 where one is damaged."""
    if form not in FORMATS:
        raise ConfigError(f"--format {form!r}: use {' or '.join(FORMATS)}")
    from agent.story import atif

    place, failed = out or run / form, 0
    console, errors = console_for(sys.stdout), console_for(sys.stderr)
    with closing(StoredRun(run)) as recorded:
        wanted = recorded.begun if episode is None else [episode]
        if not wanted:
            raise RunDirectoryError(f"no episode of {str(run)!r} has begun: there is nothing yet")
        vocabulary = _vocabulary(recorded)
        _make(place)
        for index in wanted:
            file = place / f"episode-{index:06}.json"
            try:
                with closing(Recording(recorded, index)) as recording:
                    atif.write(file, recording, vocabulary)
            except (RunDirectoryError, MemoryFileError) as error:
                if episode is not None:
                    raise
                failed += 1
                errors.print(Text(f"episode {index}: {printable(str(error))}"))
                continue
            console.print(Text(f"{printable(str(file))}{_size(file)}"))
    return EXIT_EPISODES_ERRORED if failed else EXIT_OK


def _vocabulary(recorded: StoredRun) -> Vocabulary | None:
    """The run's vocabulary; without one, tokens are shown as their ids, and stderr says why."""
    try:
        return recorded.vocabulary()
    except ModelUnavailable as error:
        told = f"tokens are shown as their ids, without their text: {printable(str(error))}"
        console_for(sys.stderr).print(Text(told))
        return None


def _range(steps: str | None) -> tuple[int, int | None]:
    """'12', '10-20' or '100-' as first and last. Raises ConfigError."""
    if steps is None:
        return 0, None
    match = _STEPS.fullmatch(steps.strip())
    if match is None:
        raise ConfigError(f"--steps {steps!r}: write a step or a range, like 12, 10-20 or 100-")
    first = int(match[1])
    if match[2] is None:
        return first, first
    last = int(match[3]) if match[3] else None
    if last is not None and last < first:
        raise ConfigError(f"--steps {steps!r}: the last step comes before the first")
    return first, last


def _size(file: Path, steps: int | None = None) -> str:
    size = file.stat().st_size
    told = f" ({size / 1000:.1f} kB"
    return told + (f", {steps} steps, {size / steps / 1000:.1f} kB a step)" if steps else ")")


def _make(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"cannot make the directory {str(place)!r}: {error.strerror}; use another --out"
        ) from error
