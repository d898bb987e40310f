"""What goes into a memory file and what comes out: frozen values, no behaviour to speak of."""

from __future__ import annotations

from dataclasses import dataclass

BANK_KINDS = ("episode", "person", "company", "job")
SPAN_KINDS = ("observation", "thought", "action", "summary", "recalled", "hint")
NOTE_STATES = ("live", "proposed", "deleted")
PRUNE_KINDS = ("summarised", "evicted")


@dataclass(frozen=True, slots=True)
class Bank:
    """A set of notes with one scope; ``kind`` is one of ``BANK_KINDS``."""

    id: int
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Frozen:
    """Banks to be read as they were at ``at`` (ISO-8601 UTC), but for what ``episode`` wrote since."""

    banks: tuple[Bank, ...]
    at: str
    episode: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The banks that the holder may touch, and how.

    New notes go into ``write``. Notes that stand in ``write`` or ``shared`` may be changed; those
    in ``read`` only read. ``frozen`` makes some of them stand still for every reading verb.
    """

    write: Bank
    read: tuple[Bank, ...] = ()
    shared: tuple[Bank, ...] = ()
    frozen: Frozen | None = None

    @property
    def writable(self) -> tuple[Bank, ...]:
        """Every bank whose notes may be changed, each once."""
        return tuple(dict.fromkeys((self.write, *self.shared)))

    @property
    def readable(self) -> tuple[Bank, ...]:
        """Every bank that may be read, each once, the written one first."""
        return tuple(dict.fromkeys((*self.writable, *self.read)))

    def adding_to(self, bank: Bank) -> Scope:
        """The same scope, with new notes going into another of its writable banks."""
        others = tuple(one for one in self.writable if one != bank)
        return Scope(bank, self.read, others, self.frozen)

    def as_it_is(self) -> Scope:
        """The same banks, none of them standing still."""
        return Scope(self.write, self.read, self.shared)


@dataclass(frozen=True, slots=True)
class Note:
    """One note as it now stands. ``tokens`` is None where nobody counted them.

    ``state`` is ``live``, ``proposed`` or ``deleted``. Times are ISO-8601 UTC; within one file
    no two notes share an ``updated`` time, so that sorting by it is a total order.
    """

    uid: str
    bank: Bank
    title: str
    body: str
    state: str
    version: int
    tokens: int | None
    pinned: bool
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class NoteVersion:
    """One entry of a note's history, never changed once written. ``note`` is the note's uid."""

    note: str
    version: int
    op: str
    title: str
    body: str
    state: str
    tokens: int | None
    pinned: bool
    actor: str
    episode: str | None
    step: int | None
    reason: str
    at: str
    key: str | None = None
    """The idempotency key of the commit that wrote it."""


@dataclass(frozen=True, slots=True)
class Add:
    """Write a new note into the scope's written bank; ``uid`` is chosen for it unless given."""

    title: str
    body: str
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Replace the body (and the title, unless None) of the version that the caller saw."""

    uid: str
    seen_version: int
    body: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the note, if its live version is still the one that the caller saw."""

    uid: str
    seen_version: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring back the words of an older version; a deleted note lives again."""

    uid: str
    seen_version: int
    version: int


@dataclass(frozen=True, slots=True)
class Approve:
    """Let a proposed note live."""

    uid: str
    seen_version: int


@dataclass(frozen=True, slots=True)
class Pin:
    """Have a live note recalled before all others, or no longer."""

    uid: str
    seen_version: int
    pinned: bool = True


NoteChange = Add | Rewrite | Delete
Edit = Add | Rewrite | Delete | Restore | Approve | Pin
"""What a person may do; an agent's summary is made of ``NoteChange`` alone."""


@dataclass(frozen=True, slots=True)
class NewSpan:
    """A piece of raw transcript to store; ``kind`` is one of ``SPAN_KINDS``."""

    step: int
    kind: str
    ordinal: int
    text: str

    def uid(self, episode: str) -> str:
        """The span's uid, which depends on its place and not on its text."""
        return f"{episode}/{self.step}/{self.kind}/{self.ordinal}"


@dataclass(frozen=True, slots=True)
class Span:
    """A stored span. ``text`` is exactly what was given; ``sha256`` is of its UTF-8 bytes.

    ``text`` is None where it was erased.
    """

    uid: str
    episode: str
    step: int
    kind: str
    ordinal: int
    text: str | None
    sha256: str
    created: str
    erased: str | None = None
    """When its text was erased, by retention or a purge."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A committed step. Step 0 is the reset, and the only one whose ``action`` is None.

    ``window`` is the window recipe, opaque here; ``trace_offset`` is in bytes.
    """

    step: int
    action: str | None
    observation_sha256: str
    reward: float | None
    score: float | None
    done: bool
    window: str
    trace_offset: int


@dataclass(frozen=True, slots=True)
class Prune:
    """Spans (uids) that left the window, and the window's size in tokens before and after."""

    kind: str
    spans: tuple[str, ...]
    tokens_before: int
    tokens_after: int


@dataclass(frozen=True, slots=True)
class PruneRecord:
    """A committed prune and where in the episode it happened.

    ``notes`` are the uids of the notes that cover it: those of which a version, not a deletion, has
    every span that was cut among its sources. The first that did comes first. Several may; an
    eviction has none, as a rule.
    """

    episode: str
    step: int
    key: str
    prune: Prune
    at: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryCommit:
    """The versions that a commit wrote; ``replayed`` says that an earlier call wrote them.

    ``echoed`` holds, for each change that would have said again what a note says already, or left it
    as it is, the uid of that note: such changes write nothing. It is empty in a replay, which does
    not look again.
    """

    versions: tuple[NoteVersion, ...]
    replayed: bool
    echoed: tuple[str, ...] = ()

    @property
    def echoes(self) -> int:
        """How many changes were echoes."""
        return len(self.echoed)


@dataclass(frozen=True, slots=True)
class Recall:
    """The version of a note that entered the window at a step."""

    episode: str
    step: int
    note: str
    version: int


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode. ``finished``, ``outcome``, ``score`` and ``error`` are None while it runs."""

    uid: str
    run: str
    index: int
    env: str
    seed: int
    agent: str
    bank: Bank
    started: str
    finished: str | None
    outcome: str | None
    score: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How many rows a memory file holds, by kind; ``notes`` counts the live ones only."""

    banks: int
    episodes: int
    steps: int
    spans: int
    notes: int
    versions: int
    recalls: int
    prunes: int
