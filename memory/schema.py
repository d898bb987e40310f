"""The tables of a memory file, as numbered migrations apply them.

Plain TEXT, INTEGER and REAL, declared foreign keys, ISO-8601 UTC times: the file opens well in
any SQLite tool. Only ``episodes`` (as it ends) and ``notes`` (which mirror their newest version)
are ever updated; every other table is append-only, and triggers hold anyone to that.
"""

from __future__ import annotations

# "STNO" in ASCII: tells a memory file from any other application's database.
APPLICATION_ID = 0x53544E4F

_TABLES = (
    """CREATE TABLE banks (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('episode', 'person', 'company', 'job')),
  name TEXT NOT NULL CHECK (length(name) > 0),
  created TEXT NOT NULL,
  UNIQUE (kind, name)
)""",
    """CREATE TABLE episodes (
  uid TEXT PRIMARY KEY NOT NULL CHECK (length(uid) > 0),
  run TEXT NOT NULL,
  "index" INTEGER NOT NULL CHECK ("index" >= 0),
  env TEXT NOT NULL,
  seed INTEGER NOT NULL,
  agent TEXT NOT NULL,
  bank INTEGER NOT NULL REFERENCES banks (id),
  started TEXT NOT NULL,
  finished TEXT,
  outcome TEXT,
  score REAL,
  error TEXT,
  CHECK ((finished IS NULL) = (outcome IS NULL))
)""",
    # content_sha256 covers the record and its spans: it tells a retry from a contradiction.
    """CREATE TABLE steps (
  episode TEXT NOT NULL REFERENCES episodes (uid),
  step INTEGER NOT NULL CHECK (step >= 0),
  action TEXT,
  observation_sha256 TEXT NOT NULL CHECK (length(observation_sha256) = 64),
  reward REAL,
  score REAL,
  done INTEGER NOT NULL CHECK (done IN (0, 1)),
  window TEXT NOT NULL,
  trace_offset INTEGER NOT NULL CHECK (trace_offset >= 0),
  content_sha256 TEXT NOT NULL CHECK (length(content_sha256) = 64),
  committed TEXT NOT NULL,
  PRIMARY KEY (episode, step),
  CHECK ((step = 0) = (action IS NULL))
)""",
    # A NULL text is kept for retention: the place and the hash of a span outlive its bytes.
    """CREATE TABLE spans (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  episode TEXT NOT NULL REFERENCES episodes (uid),
  step INTEGER NOT NULL CHECK (step >= 0),
  kind TEXT NOT NULL
    CHECK (kind IN ('observation', 'thought', 'action', 'summary', 'recalled', 'hint')),
  ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
  text TEXT,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  created TEXT NOT NULL,
  UNIQUE (episode, step, kind, ordinal)
)""",
    # One row for each summary or eviction: (episode, key) is what makes a retry write nothing.
    """CREATE TABLE commits (
  id INTEGER PRIMARY KEY,
  episode TEXT NOT NULL REFERENCES episodes (uid),
  key TEXT NOT NULL CHECK (length(key) > 0),
  verb TEXT NOT NULL CHECK (verb IN ('summary', 'eviction')),
  step INTEGER NOT NULL CHECK (step >= 0),
  at TEXT NOT NULL,
  UNIQUE (episode, key)
)""",
    """CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  bank INTEGER NOT NULL REFERENCES banks (id),
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('live', 'proposed', 'deleted')),
  version INTEGER NOT NULL CHECK (version >= 1),
  tokens INTEGER CHECK (tokens >= 0),
  pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
  created TEXT NOT NULL,
  updated TEXT NOT NULL,
  deleted TEXT,
  CHECK ((state = 'deleted') = (deleted IS NOT NULL))
)""",
    """CREATE TABLE note_versions (
  id INTEGER PRIMARY KEY,
  note TEXT NOT NULL REFERENCES notes (uid),
  version INTEGER NOT NULL CHECK (version >= 1),
  op TEXT NOT NULL
    CHECK (op IN ('add', 'rewrite', 'delete', 'restore', 'approve', 'pin', 'unpin')),
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('live', 'proposed', 'deleted')),
  tokens INTEGER CHECK (tokens >= 0),
  pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
  actor TEXT NOT NULL CHECK (actor IN ('agent', 'person')),
  episode TEXT REFERENCES episodes (uid),
  step INTEGER CHECK (step >= 0),
  reason TEXT NOT NULL,
  "commit" INTEGER REFERENCES commits (id),
  at TEXT NOT NULL,
  UNIQUE (note, version)
)""",
    """CREATE TABLE note_sources (
  version INTEGER NOT NULL REFERENCES note_versions (id),
  span INTEGER NOT NULL REFERENCES spans (id),
  PRIMARY KEY (version, span)
) WITHOUT ROWID""",
    """CREATE TABLE recalls (
  episode TEXT NOT NULL REFERENCES episodes (uid),
  step INTEGER NOT NULL CHECK (step >= 0),
  version INTEGER NOT NULL REFERENCES note_versions (id),
  at TEXT NOT NULL,
  PRIMARY KEY (episode, step, version)
)""",
    """CREATE TABLE prunes (
  id INTEGER PRIMARY KEY,
  "commit" INTEGER NOT NULL UNIQUE REFERENCES commits (id),
  episode TEXT NOT NULL REFERENCES episodes (uid),
  step INTEGER NOT NULL CHECK (step >= 0),
  kind TEXT NOT NULL CHECK (kind IN ('summarised', 'evicted')),
  note TEXT REFERENCES notes (uid),
  tokens_before INTEGER NOT NULL CHECK (tokens_before >= 0),
  tokens_after INTEGER NOT NULL CHECK (tokens_after >= 0),
  at TEXT NOT NULL
)""",
    """CREATE TABLE prune_spans (
  prune INTEGER NOT NULL REFERENCES prunes (id),
  span INTEGER NOT NULL REFERENCES spans (id),
  PRIMARY KEY (prune, span)
) WITHOUT ROWID""",
)

_INDEXES = (
    "CREATE INDEX episodes_bank ON episodes (bank)",
    "CREATE INDEX notes_bank ON notes (bank, state)",
    'CREATE INDEX note_versions_commit ON note_versions ("commit")',
    "CREATE INDEX note_versions_episode ON note_versions (episode)",
    "CREATE INDEX note_sources_span ON note_sources (span)",
    "CREATE INDEX recalls_version ON recalls (version)",
    "CREATE INDEX prunes_episode ON prunes (episode)",
    "CREATE INDEX prune_spans_span ON prune_spans (span)",
)

# External content: the text stands once, in notes, and the triggers keep the index in step.
_FULL_TEXT = (
    """CREATE VIRTUAL TABLE notes_fts USING fts5(
  title, body, content='notes', content_rowid='id',
  tokenize='porter unicode61 remove_diacritics 2'
)""",
    """CREATE TRIGGER notes_fts_insert AFTER INSERT ON notes BEGIN
  INSERT INTO notes_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
END""",
    """CREATE TRIGGER notes_fts_delete AFTER DELETE ON notes BEGIN
  INSERT INTO notes_fts (notes_fts, rowid, title, body)
    VALUES ('delete', old.id, old.title, old.body);
END""",
    """CREATE TRIGGER notes_fts_update AFTER UPDATE OF id, title, body ON notes BEGIN
  INSERT INTO notes_fts (notes_fts, rowid, title, body)
    VALUES ('delete', old.id, old.title, old.body);
  INSERT INTO notes_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
END""",
)

_APPEND_ONLY = (
    "steps",
    "spans",
    "commits",
    "note_versions",
    "note_sources",
    "recalls",
    "prunes",
    "prune_spans",
)

_GUARDS = tuple(
    f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} BEGIN
  SELECT RAISE(ABORT, '{table} is append-only');
END"""
    for table in _APPEND_ONLY
)

V1: tuple[str, ...] = (*_TABLES, *_INDEXES, *_FULL_TEXT, *_GUARDS)
