"""Schema 2: banks that ask for approval, a person's own changes, erasure, and views to read by.

Applied to a file of schema 1; it keeps every row. Foreign keys are off while migrations run.
"""

from __future__ import annotations

# A note's row id begins with its bank's: the notes of a bank, and their places in every list of
# the full-text index, lie side by side, so that a search in a bank reads nothing of the others.
BANK_SHIFT = 32
NOTES_A_BANK = 1 << BANK_SHIFT

_BANKS = (
    "ALTER TABLE banks ADD COLUMN approval INTEGER NOT NULL DEFAULT 0 CHECK (approval IN (0, 1))",
)

# The triggers of the full-text index follow each change of an id.
_NOTES = (
    f"UPDATE notes SET id = (bank << {BANK_SHIFT}) + id",
    f"""CREATE TRIGGER notes_id_names_its_bank BEFORE INSERT ON notes
WHEN new.id >> {BANK_SHIFT} IS NOT new.bank BEGIN
  SELECT RAISE(ABORT, 'the id of a note begins with its bank: insert notes through Steno');
END""",
    """CREATE TRIGGER notes_stay_in_their_bank BEFORE UPDATE OF id, uid, bank ON notes
WHEN new.id IS NOT old.id OR new.uid IS NOT old.uid OR new.bank IS NOT old.bank BEGIN
  SELECT RAISE(ABORT, 'a note stays in its bank');
END""",
    # Which notes are newest, and which have changed since: without touching a note.
    "CREATE INDEX notes_updated ON notes (bank, updated)",
    "CREATE INDEX notes_pinned ON notes (bank) WHERE pinned = 1",
)

# A person edits outside any episode: a commit's episode may be missing now.
_COMMITS = (
    """CREATE TABLE commits_2 (
  id INTEGER PRIMARY KEY,
  episode TEXT REFERENCES episodes (uid),
  key TEXT NOT NULL CHECK (length(key) > 0),
  verb TEXT NOT NULL CHECK (verb IN ('summary', 'eviction', 'edit')),
  step INTEGER CHECK (step >= 0),
  at TEXT NOT NULL,
  CHECK ((episode IS NULL) = (step IS NULL)),
  CHECK ((episode IS NULL) = (verb = 'edit'))
)""",
    "INSERT INTO commits_2 SELECT id, episode, key, verb, step, at FROM commits",
    "DROP TABLE commits",
    "ALTER TABLE commits_2 RENAME TO commits",
    "CREATE UNIQUE INDEX commits_key ON commits (coalesce(episode, ''), key)",
    """CREATE TRIGGER commits_append_only BEFORE UPDATE ON commits BEGIN
  SELECT RAISE(ABORT, 'commits is append-only');
END""",
)

# What was erased for good, when and why; the erased text is nowhere.
_ERASURE = (
    """CREATE TABLE purges (
  id INTEGER PRIMARY KEY,
  note TEXT NOT NULL REFERENCES notes (uid),
  versions INTEGER NOT NULL CHECK (versions >= 1),
  spans INTEGER NOT NULL CHECK (spans >= 0),
  reason TEXT NOT NULL,
  at TEXT NOT NULL
)""",
    "CREATE INDEX purges_note ON purges (note)",
    "ALTER TABLE spans ADD COLUMN erased TEXT",
    "DROP TRIGGER spans_append_only",
    # The one change that a span may undergo is to lose its text.
    """CREATE TRIGGER spans_append_only BEFORE UPDATE ON spans
WHEN new.text IS NOT NULL OR new.erased IS NULL OR old.text IS NULL
  OR (new.id, new.uid, new.episode, new.step, new.kind, new.ordinal, new.sha256, new.created)
  IS NOT (old.id, old.uid, old.episode, old.step, old.kind, old.ordinal, old.sha256, old.created)
BEGIN
  SELECT RAISE(ABORT, 'spans is append-only');
END""",
    "DROP TRIGGER note_versions_append_only",
    # The one change that a version may undergo is to lose its words, once a purge is on record.
    """CREATE TRIGGER note_versions_append_only BEFORE UPDATE ON note_versions
WHEN NOT EXISTS (SELECT 1 FROM purges WHERE note = old.note)
  OR new.title <> '' OR new.body <> '' OR new.reason <> '' OR new.tokens IS NOT NULL
  OR (new.id, new.note, new.version, new.op, new.state, new.pinned, new.actor, new.episode,
      new.step, new."commit", new.at)
  IS NOT (old.id, old.note, old.version, old.op, old.state, old.pinned, old.actor, old.episode,
      old.step, old."commit", old.at)
BEGIN
  SELECT RAISE(ABORT, 'note_versions is append-only');
END""",
    """CREATE TRIGGER purges_append_only BEFORE UPDATE ON purges BEGIN
  SELECT RAISE(ABORT, 'purges is append-only');
END""",
)

_NEVER_DELETED = (
    "banks",
    "episodes",
    "notes",
    "steps",
    "spans",
    "commits",
    "note_versions",
    "note_sources",
    "recalls",
    "prunes",
    "prune_spans",
    "purges",
)
_KEEPERS = tuple(
    f"""CREATE TRIGGER {table}_keep BEFORE DELETE ON {table} BEGIN
  SELECT RAISE(ABORT, 'rows of {table} are never deleted');
END"""
    for table in _NEVER_DELETED
)

_VIEWS = (
    """CREATE VIEW live_notes AS
SELECT n.uid, b.kind || '/' || b.name AS bank, n.title, n.body, n.version, n.tokens, n.pinned,
  n.created, n.updated
FROM notes n JOIN banks b ON b.id = n.bank WHERE n.state = 'live'""",
    """CREATE VIEW timeline AS
SELECT s.committed AS at, s.episode, s.step, 'step' AS what, s.action AS detail, NULL AS note
  FROM steps s
UNION ALL SELECT v.at, v.episode, v.step, v.op, v.title || ': ' || v.body, v.note
  FROM note_versions v
UNION ALL SELECT p.at, p.episode, p.step, 'prune ' || p.kind,
    p.tokens_before || ' -> ' || p.tokens_after || ' tokens', p.note FROM prunes p
UNION ALL SELECT r.at, r.episode, r.step, 'recall', v.title || ': ' || v.body, v.note
  FROM recalls r JOIN note_versions v ON v.id = r.version
UNION ALL SELECT u.at, NULL, NULL, 'purge', u.versions || ' versions, ' || u.spans || ' spans',
    u.note FROM purges u""",
    """CREATE VIEW bank_health AS
SELECT b.kind || '/' || b.name AS bank, b.approval,
  coalesce(sum(n.state = 'live'), 0) AS live, coalesce(sum(n.state = 'proposed'), 0) AS proposed,
  coalesce(sum(n.state = 'deleted'), 0) AS deleted, coalesce(sum(n.pinned), 0) AS pinned,
  coalesce(sum(n.version), 0) AS versions,
  coalesce(sum(CASE WHEN n.state = 'live' THEN length(n.title) + length(n.body) END), 0)
    AS live_characters,
  max(n.updated) AS updated
FROM banks b LEFT JOIN notes n ON n.bank = b.id GROUP BY b.id""",
)

V2: tuple[str, ...] = (*_BANKS, *_NOTES, *_COMMITS, *_ERASURE, *_KEEPERS, *_VIEWS)
