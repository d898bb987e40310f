"""Banks, episodes, steps and spans: the SQL, as functions over a connection.

Writers expect to be called inside ``Store.write``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory import text
from memory.errors import BadValue, Conflict, UnknownBank, UnknownEpisode, UnknownSpan
from memory.store import Row, first, rows
from memory.types import SPAN_KINDS, Bank, Episode, NewSpan, Span, StepRecord

if TYPE_CHECKING:
    from sqlite_utils import Database

# An outcome that a resumed episode may replace: it was cut off, and not played to its end.
INTERRUPTED = "interrupted"

_EPISODES = """SELECT e.*, b.kind AS bank_kind, b.name AS bank_name
  FROM episodes e JOIN banks b ON b.id = e.bank"""


def get_or_create_bank(db: Database, kind: str, name: str, now: str) -> Bank:
    """The bank of this kind and name, made if need be. Raises BadBankName."""
    kind, name = text.bank_kind(kind), text.bank_name(name)
    db.execute(
        "INSERT INTO banks (kind, name, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (kind, name, now),
    )
    return find_bank(db, kind, name)


def find_bank(db: Database, kind: str, name: str) -> Bank:
    """The bank of this kind and name. Raises UnknownBank and BadBankName."""
    kind, name = text.bank_kind(kind), text.bank_name(name)
    row = first(db, "SELECT id, kind, name FROM banks WHERE kind = ? AND name = ?", (kind, name))
    if row is None:
        raise UnknownBank(f"bank {kind}/{name} is not in this file: name one that is")
    return Bank(**row)


def banks(db: Database) -> list[Bank]:
    """Every bank, oldest first."""
    return [Bank(**row) for row in rows(db, "SELECT id, kind, name FROM banks ORDER BY id")]


def set_approval(db: Database, bank: Bank, asks: bool) -> None:
    """Have what agents write into the bank wait for a person, or no longer. Raises UnknownBank."""
    check_bank(db, bank)
    db.execute("UPDATE banks SET approval = ? WHERE id = ?", (int(asks), bank.id))


def check_bank(db: Database, bank: Bank) -> None:
    """Raise UnknownBank unless the bank is this file's own, and not another file's."""
    row = first(db, "SELECT id, kind, name FROM banks WHERE id = ?", (bank.id,))
    if row is None or Bank(**row) != bank:
        raise UnknownBank(
            f"bank {bank.kind}/{bank.name} (id {bank.id}) is not of this file: get it with bank()"
        )


def start(db: Database, episode: Episode) -> None:
    """Record the start of an episode. Raises Conflict, UnknownBank, BadText."""
    check_bank(db, episode.bank)
    text.name(episode.uid, "episode uid")
    for value, what in ((episode.run, "run"), (episode.env, "env"), (episode.agent, "agent")):
        text.checked(value, what)
    text.count(episode.index, "episode index")
    known = first(db, "SELECT * FROM episodes WHERE uid = ?", (episode.uid,))
    wanted: Row = {
        "run": episode.run,
        "index": episode.index,
        "env": episode.env,
        "seed": episode.seed,
        "agent": episode.agent,
        "bank": episode.bank.id,
    }
    if known is not None:
        for column, value in wanted.items():
            if known[column] != value:
                raise Conflict(
                    f"episode {episode.uid} was started with {column} {known[column]!r}, "
                    f"not {value!r}: use another uid"
                )
        return
    db.execute(
        'INSERT INTO episodes (uid, run, "index", env, seed, agent, bank, started)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (episode.uid, *wanted.values(), episode.started),
    )


def finish(
    db: Database, uid: str, outcome: str, score: float | None, error: str | None, now: str
) -> None:
    """Record the end of an episode. Raises Conflict, UnknownEpisode, BadValue, BadText."""
    text.name(outcome, "outcome")
    score = text.number(score, "score")
    text.checked(error or "", "error")
    known = require(db, uid)
    if known["outcome"] is not None:
        if (known["outcome"], known["score"], known["error"]) == (outcome, score, error):
            return
        if known["error"] is None and known["outcome"] != INTERRUPTED:
            raise Conflict(
                f"episode {uid} ended as {known['outcome']!r} with score {known['score']}: "
                f"it cannot end again as {outcome!r} with score {score}"
            )
    db.execute(
        "UPDATE episodes SET finished = ?, outcome = ?, score = ?, error = ? WHERE uid = ?",
        (now, outcome, score, error, uid),
    )


def require(db: Database, uid: str) -> Row:
    """The row of an episode with its bank. Raises UnknownEpisode."""
    row = first(db, f"{_EPISODES} WHERE e.uid = ?", (text.checked(uid, "episode uid"),))
    if row is None:
        raise UnknownEpisode(f"episode {uid} is not in this file: start it first")
    return row


def all_episodes(db: Database) -> list[Episode]:
    """Every episode, in the order in which they started."""
    return [_episode(row) for row in rows(db, f"{_EPISODES} ORDER BY e.started, e.rowid")]


def _episode(row: Row) -> Episode:
    bank = Bank(row.pop("bank"), row.pop("bank_kind"), row.pop("bank_name"))
    return Episode(bank=bank, **row)


def commit_step(
    db: Database, episode: str, record: StepRecord, spans: Sequence[NewSpan], now: str
) -> None:
    """Commit a step and its spans. Raises Conflict, UnknownEpisode, BadValue, BadText."""
    require(db, episode)
    _check_record(record)
    digest = content_sha256(
        record, [(span.step, span.kind, span.ordinal, text.sha256(span.text)) for span in spans]
    )
    known = first(
        db,
        "SELECT content_sha256 FROM steps WHERE episode = ? AND step = ?",
        (episode, record.step),
    )
    if known is not None:
        if known["content_sha256"] != digest:
            raise Conflict(
                f"step {record.step} of episode {episode} is committed with other content: "
                "a committed step cannot change"
            )
        return
    newest = first(db, "SELECT max(step) AS step FROM steps WHERE episode = ?", (episode,))
    last = -1 if newest is None or newest["step"] is None else newest["step"]
    if record.step != last + 1:
        raise Conflict(
            f"step {record.step} of episode {episode} cannot follow step {last}: "
            f"commit step {last + 1} first"
        )
    store_spans(db, episode, spans, now)
    db.execute(
        "INSERT INTO steps (episode, step, action, observation_sha256, reward, score, done,"
        " window, trace_offset, content_sha256, committed) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            episode,
            record.step,
            record.action,
            record.observation_sha256,
            record.reward,
            record.score,
            int(record.done),
            record.window,
            record.trace_offset,
            digest,
            now,
        ),
    )


def _check_record(record: StepRecord) -> None:
    text.count(record.step, "step")
    text.count(record.trace_offset, "trace offset in bytes")
    text.number(record.reward, "reward")
    text.number(record.score, "score")
    text.checked(record.window, "window recipe")
    if (record.action is None) != (record.step == 0):
        raise BadValue(
            f"step {record.step} has the action {record.action!r}: "
            "step 0 is the reset and has none, every later step has one"
        )
    text.checked(record.action or "", "action")
    digest = record.observation_sha256
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise BadValue(f"observation_sha256 is {digest!r}: it must be 64 hex digits")


def content_sha256(record: StepRecord, spans: Sequence[tuple[int, str, int, str]]) -> str:
    """What tells a step sent again from another one: a hash of the record and of the spans that were
    sent with it, in their order, as (step, kind, ordinal, SHA-256 of the text)."""
    content = [
        record.action,
        record.observation_sha256,
        _as_stored(text.number(record.reward, "reward")),
        _as_stored(text.number(record.score, "score")),
        bool(record.done),
        record.window,
        record.trace_offset,
        list(spans),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _as_stored(number: float | None) -> float | None:
    """SQLite keeps no minus on a zero, and the hash is to be derived again from what it keeps."""
    return None if number is None else number + 0.0


def steps(db: Database, episode: str) -> list[StepRecord]:
    """The committed steps of an episode, in order. Raises UnknownEpisode."""
    require(db, episode)
    found = rows(
        db,
        "SELECT step, action, observation_sha256, reward, score, done, window, trace_offset"
        " FROM steps WHERE episode = ? ORDER BY step",
        (episode,),
    )
    return [StepRecord(**{**row, "done": bool(row["done"])}) for row in found]


def store_spans(db: Database, episode: str, spans: Sequence[NewSpan], now: str) -> None:
    """Store what is not stored yet. Raises Conflict where a uid holds other text."""
    for span in spans:
        text.count(span.step, "span step")
        text.count(span.ordinal, "span ordinal")
        text.one_of(span.kind, SPAN_KINDS, "span kind")
        uid, digest = span.uid(episode), text.sha256(span.text)
        known = first(db, "SELECT sha256 FROM spans WHERE uid = ?", (uid,))
        if known is None:
            db.execute(
                "INSERT INTO spans (uid, episode, step, kind, ordinal, text, sha256, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (uid, episode, span.step, span.kind, span.ordinal, span.text, digest, now),
            )
        elif known["sha256"] != digest:
            raise Conflict(f"span {uid} is stored with other text: a span cannot change")


def spans(db: Database, episode: str, step: int | None, kind: str | None) -> list[Span]:
    """The spans of an episode (of one step, or one kind), as stored. Raises UnknownEpisode."""
    require(db, episode)
    # Only what is asked for stands in the query, so that the index on a span's place answers it.
    asked = {"step": step, "kind": kind}
    given = {column: value for column, value in asked.items() if value is not None}
    found = rows(
        db,
        "SELECT uid, episode, step, kind, ordinal, text, sha256, created, erased FROM spans"
        f" WHERE episode = ?{''.join(f' AND {column} = ?' for column in given)} ORDER BY id",
        (episode, *given.values()),
    )
    return [Span(**row) for row in found]


def span_ids(
    db: Database, episode: str, uids: Sequence[str], *, but_not: str | None = None
) -> list[int]:
    """The row ids of stored spans of this episode, each once, in the order given.

    Those of the kind ``but_not`` are left out.

    Raises UnknownSpan for one that is not stored or that belongs to another episode.
    """
    ids = []
    for uid in dict.fromkeys(uids):
        row = first(
            db,
            "SELECT id, kind FROM spans WHERE uid = ? AND episode = ?",
            (text.checked(uid, "span uid"), episode),
        )
        if row is None:
            raise UnknownSpan(
                f"span {uid} is not stored for episode {episode}: store it before, or with, this"
            )
        if row["kind"] != but_not:
            ids.append(row["id"])
    return ids
