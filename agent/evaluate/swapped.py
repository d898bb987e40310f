"""Notes of another game, shown in place of a game's own.

What this is to measure is memory: whether it matters what the notes say. Switching notes off also
takes away their place in the window, which a policy has never been without: it may lose by surprise
alone. So here everything looks as ever. The game writes notes at each prune as usual; then its bank is
given, instead of them, the notes that another game of the same family had in its window at its own
prune of that number: as many, as long, in the same form, at the same stage, and changeable like its
own. Only what they say is of another game. (It may also mislead, as no notes at all cannot; so the two
arms are to be read together.)

The donor is the next game of the family with the same spec, and where none of those was shown notes,
the next one of any spec. A game for which no donor has notes is shown none after a prune.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.evaluate.families import Game
from agent.evaluate.leftovers import Shown
from agent.events import Event, NotesWritten
from memory import Add, Delete, MemoryFile, Scope


def donor_of(
    game: Game, family: Sequence[Game], shown: Mapping[int, Sequence[Shown]]
) -> Game | None:
    """Whose notes a game is shown; `shown` holds the heads of each game of the family, by seed."""
    after = [g for g in family if g.index > game.index] + [
        g for g in family if g.index < game.index
    ]
    able = [g for g in after if shown.get(g.seed)]
    alike = [g for g in able if g.spec == game.spec]
    return next(iter(alike or able), None)


class Swap:
    """A watcher of one game that puts other notes into its bank after each of its summaries.

    Between a summary's commit and the window's rebuilding, which is when a watcher is told of it, a
    bank may change: a person may edit it at any time. The memory file is the run's own.
    """

    def __init__(self, memory: Path, heads: Sequence[Shown]) -> None:
        self._memory, self._heads = memory, heads
        self._swaps = 0

    def __call__(self, event: Event) -> None:
        """After a commit, replace the bank's live notes. Raises MemoryFileError."""
        if not isinstance(event, NotesWritten):
            return
        given = self._heads[min(self._swaps, len(self._heads) - 1)] if self._heads else ()
        self._swaps += 1
        with MemoryFile.open(self._memory) as memory:
            [episode] = memory.episodes()
            scope = Scope(episode.bank)
            own = [Delete(note.uid, note.version) for note in memory.live_notes(scope)]
            memory.edit(
                scope,
                key=f"swap/{self._swaps}",
                edits=[*own, *(Add(title, body) for title, body in given)],
                reason="notes of another game",
            )
