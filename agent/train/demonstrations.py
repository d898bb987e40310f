"""Demonstrations: the honest player plays training games in the runtime itself, and its wins are kept.

Window, prunes and notes are those of any run (`agent.runner`), with the player as the language model, so
what lies beyond the window comes from the player's own notes. Each won episode's trace becomes sequences
(agent/train/traces.py); lost games are counted, printed, and left out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.config import RunConfig, overrides
from agent.environments import MakeEnv
from agent.errors import TrainingFailed
from agent.files import write_atomically
from agent.lm import load_vocabulary
from agent.results import says_unbuilt
from agent.train.bar import counted
from agent.train.new_file import require_new
from agent.train.player.demonstrator import VERSION, Demonstrator
from agent.train.player.mix import CYCLES, Game, games, no_player
from agent.train.player.playing import Played, demonstration_config, play
from agent.train.player.renaming import maker
from agent.train.player.slips import Slipping
from agent.train.relabel import agreed
from agent.train.sequences import TokenSequence, write

# Shares of the games of a mixed file.
SHARES = {"coin-collector": 0.10, "treasure-hunter": 0.28, "cooking": 0.62}
_CHUNK = 10


@dataclass(frozen=True, slots=True)
class How:
    """How games are demonstrated: whose tokenizer, settings of the run, the share of slips.

    In a share `renamed` of the kitchens foods go by other names.
    """

    model: str
    settings: tuple[str, ...]
    slips: float
    renamed: float

    def config(self, game: Game) -> RunConfig:
        """The config of a game. Raises ConfigError."""
        return demonstration_config(game.spec, game.seed, overrides(self.settings))

    def make_env(self, game: Game) -> MakeEnv:
        """What makes the game's environment."""
        return maker(game, self.renamed)


@dataclass(slots=True)
class Report:
    """What a command prints at its end."""

    rows: list[Played] = field(default_factory=list)
    sequences: int = 0

    def unbuilt(self) -> list[Played]:
        """Games that TextWorld cannot build: nobody's failure, and nobody's success."""
        return [row for row in self.rows if says_unbuilt(row.error)]

    def played(self, family: str) -> list[Played]:
        """The rows of a family's games that could be built."""
        unbuilt = {(row.spec, row.seed) for row in self.unbuilt()}
        return [r for r in self.rows if r.family == family and (r.spec, r.seed) not in unbuilt]

    def table(self) -> Iterator[tuple[str, ...]]:
        """A row a family: games, wins, mean steps, mean passes, mean tokens, notes over replaced."""
        for family in CYCLES:
            rows = self.played(family)
            if not rows:
                continue
            won = [row for row in rows if row.outcome == "won"]
            notes = sum(row.tokens.get("summarise", 0) for row in won)
            replaced = sum(row.replaced for row in won)
            yield (
                family,
                str(len(rows)),
                f"{len(won)} ({100 * len(won) / len(rows):.1f}%)",
                f"{_mean(row.steps for row in won):.1f}",
                f"{_mean(row.passes for row in won):.0f}",
                f"{_mean(sum(row.tokens.values()) for row in won):.0f}",
                f"{100 * notes / replaced:.0f}%" if replaced else "-",
            )


HEADINGS = ("family", "games", "won", "steps", "passes", "tokens", "notes/replaced")


def demos(
    out: Path,
    *,
    model: str = "embedded",
    families: Sequence[str] = tuple(CYCLES),
    total: int = 1500,
    first_seed: int = 0,
    settings: Sequence[str] = (),
    slips: float = 0.0,
    renamed: float = 0.0,
    jobs: int = 1,
) -> Report:
    """Write the sequences of won games to `out`, and how each game went to `out` with `.games.jsonl`.

    `total` games are shared out among `families` (SHARES); seeds run from `first_seed` in each family.
    Games that an earlier call with the same settings played are not played again: their sequences are
    kept, part by part, in the folder `out` with `.parts` until the file is whole. `model` names the
    tokenizer; `settings` are those of a run, 'section.key=value'; `slips` is the share of thoughts and
    notes in which the player errs, which carry no loss (agent/train/player/slips.py); `renamed` is the
    share of kitchens whose foods have other names (agent/train/player/renaming.py). Raises
    TrainingFailed for a seed that is not for training and for a file that is there already,
    ModelUnavailable, and ConfigError.
    """
    plan = shared_out(families, total, first_seed)
    how = How(model, tuple(settings), slips, renamed)
    how.config(plan[0])
    require_new(out)
    parts = Path(f"{out}.parts")
    parts.mkdir(exist_ok=True)
    chunks = [plan[start : start + _CHUNK] for start in range(0, len(plan), _CHUNK)]
    with counted("playing", len(plan)) as tell:
        for size in _played(chunks, parts, how, jobs):
            tell(size)
    report = Report()
    report.sequences = write(out, _gathered(chunks, parts, how, report))
    with Path(f"{out}.games.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(row.model_dump_json() + "\n" for row in report.rows)
    shutil.rmtree(parts)
    return report


def shared_out(families: Sequence[str], total: int, first_seed: int) -> list[Game]:
    """`total` games in the proportion of SHARES, the families well mixed. Raises TrainingFailed."""
    if not families:
        raise TrainingFailed(f"no family is named: use some of {', '.join(SHARES)}")
    for family in families:
        if family not in SHARES:
            raise no_player(family)
    weight = sum(SHARES[family] for family in families)
    placed: list[tuple[float, Game]] = []
    for family in families:
        count = max(round(total * SHARES[family] / weight), 1)
        for index, game in enumerate(games(family, count, first_seed)):
            placed.append(((index + 0.5) / count, game))
    return [game for _, game in sorted(placed, key=lambda each: each[0])]


def print_report(report: Report) -> None:
    """The table of successes, and the games that were not won."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*HEADINGS)
    for row in report.table():
        table.add_row(*row)
    console = Console()
    console.print(table)
    lost = [r for r in report.rows if r.outcome != "won" and r not in report.unbuilt()]
    console.print(
        f"{report.sequences} sequences; {len(lost)} games not won, "
        f"{len(report.unbuilt())} that TextWorld cannot build"
    )
    for reason, count in Counter((row.spec, row.outcome) for row in lost).most_common(10):
        console.print(f"  {count} x {reason[1]}: {reason[0]}", highlight=False)


def _played(chunks: Sequence[Sequence[Game]], parts: Path, how: How, jobs: int) -> Iterator[int]:
    """Play the chunks that are not done yet; yields the size of each as it is done."""
    waiting = []
    for chunk in chunks:
        if _read_part(_part(parts, chunk, how)) is not None:
            yield len(chunk)
        else:
            waiting.append(chunk)
    if jobs <= 1 or len(waiting) <= 1:
        for chunk in waiting:
            _play_chunk(chunk, parts, how)
            yield len(chunk)
        return
    # Processes are started afresh: a fork of one with threads may hang.
    with ProcessPoolExecutor(min(jobs, len(waiting)), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(_play_chunk, c, parts, how): len(c) for c in waiting}
        for done in as_completed(running):
            done.result()
            yield running[done]


_players: dict[How, Demonstrator] = {}


def _play_chunk(chunk: Sequence[Game], parts: Path, how: How) -> None:
    """Play some games and leave their part, written whole or not at all."""
    if how not in _players:
        vocabulary = load_vocabulary(how.model)
        _players[how] = Slipping(vocabulary, how.slips) if how.slips else Demonstrator(vocabulary)
    player = _players[how]
    lines = []
    for game in chunk:
        played, lived = play(game, player, overrides(how.settings), how.make_env(game))
        if how.slips:
            lived = list(agreed(lived, Demonstrator(player.vocabulary), how.config(game)))
        found = [sequence.model_dump(mode="json") for sequence in lived]
        lines.append(json.dumps({"game": played.model_dump(mode="json"), "sequences": found}))
    write_atomically(_part(parts, chunk, how), ("\n".join(lines) + "\n").encode())


def _part(parts: Path, chunk: Sequence[Game], how: How) -> Path:
    config = demonstration_config("", 0, overrides(how.settings)).filled().model_dump(mode="json")
    slips = [how.slips] if how.slips else []
    renamed = [{"renamed": how.renamed}] if how.renamed else []
    settings = json.dumps([VERSION, how.model, config, *slips, *renamed], sort_keys=True)
    content = settings + "".join(f"{game.spec} {game.seed}\n" for game in chunk)
    return parts / f"{hashlib.sha256(content.encode()).hexdigest()[:24]}.jsonl"


def _read_part(part: Path) -> list[tuple[Played, list[TokenSequence]]] | None:
    """A part that was played before, None where it's missing or damaged."""
    try:
        lines = [json.loads(line) for line in part.read_text(encoding="utf-8").splitlines()]
        return [
            (
                Played.model_validate(line["game"]),
                [TokenSequence.model_validate(each) for each in line["sequences"]],
            )
            for line in lines
        ]
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None


def _gathered(
    chunks: Sequence[Sequence[Game]], parts: Path, how: How, report: Report
) -> Iterator[TokenSequence]:
    for chunk in chunks:
        part = _part(parts, chunk, how)
        found = _read_part(part)
        if found is None:
            raise TrainingFailed(
                f"the part {str(part)!r} is gone or damaged; run the command again"
            )
        for played, lived in found:
            report.rows.append(played)
            yield from lived


def _mean(values: Iterator[int] | Any) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0
