"""Which notes enter the window. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memory.types import Note


def choose(
    notes: Sequence[Note],
    relevant: Sequence[str],
    budget: int,
    cost: Callable[[Note], int],
) -> list[Note]:
    """The live notes to show within ``budget`` tokens, where ``cost`` gives a note's tokens.

    Pinned notes come first, then those of ``relevant`` (uids, best first), then the most recently
    updated. A note that does not fit is passed over, and smaller ones after it still get in.
    Returned in display order: pinned, then oldest first. Raises ValueError on a negative cost.
    """
    ranks = {uid: rank for rank, uid in reversed(list(enumerate(relevant)))}
    # Sorts are stable: the last key sorted by is the first that counts.
    wanted = sorted((note for note in notes if note.state == "live"), key=lambda note: note.uid)
    wanted.sort(key=lambda note: (note.updated, note.created), reverse=True)
    wanted.sort(key=lambda note: (not note.pinned, ranks.get(note.uid, len(ranks))))
    chosen: list[Note] = []
    left = budget
    for note in wanted:
        tokens = cost(note)
        if tokens < 0:
            raise ValueError(f"note {note.uid} costs {tokens} tokens: a cost is never negative")
        if tokens <= left:
            chosen.append(note)
            left -= tokens
    return sorted(chosen, key=lambda note: (not note.pinned, note.created, note.uid))
