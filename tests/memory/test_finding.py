"""Search and recall: the fast way against the plain one, and what the notes of others may change."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory import Add, Delete, Edit, MemoryFile, Note, Pin, Restore, Rewrite, Scope, choose
from memory.index import Index, best
from memory.relevance import Words, rank, scores
from tests.memory.world import World, note

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

WORDS = [
    "door",
    "doors",
    "key",
    "lamp",
    "red",
    "the",
    "élan",
    "elan",
    "a-b",
    "x_y",
    "½",
    "猫",
    "e\u0301cole",
]
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TEXTS = st.lists(st.tuples(TEXT | ANY_TEXT, TEXT | ANY_TEXT), max_size=12)


def notes_of(texts: list[tuple[str, str]]) -> list[Note]:
    return [note(f"{n:04}", title=title, body=body) for n, (title, body) in enumerate(texts)]


@quick
@given(
    texts=TEXTS, query=TEXT | ANY_TEXT, parts=st.integers(1, 3), gone=st.sets(st.integers(0, 11))
)
def test_the_index_scores_as_the_plain_way_does(
    texts: list[tuple[str, str]], query: str, parts: int, gone: set[int]
) -> None:
    """Over several indexes, with some notes hidden, some removed, some put twice."""
    words = Words()
    indexes = [Index() for _ in range(parts)]
    for n, (title, body) in enumerate(texts):
        if n % 2:
            indexes[n % parts].put(words, [(n, "other words", "door door")])
        indexes[n % parts].put(words, [(n, title, body)])
    hidden = {n for n in gone if n % 3}
    for n in gone - hidden:
        indexes[n % parts].remove(n)
    kept = [one for n, one in enumerate(notes_of(texts)) if n not in gone]
    wanted = scores(kept, query)
    found = best([index.view(hidden) for index in indexes], words.of_query(query), 100)
    assert {f"{n:04}" for n, _ in found} == set(wanted)
    for n, score in found:
        assert score == pytest.approx(wanted[f"{n:04}"], rel=1e-9)
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    for limit in range(4):
        few = best([index.view(hidden) for index in indexes], words.of_query(query), limit)
        assert few == found[:limit]
    words.close()


def test_plain_scores_are_those_of_fts5() -> None:
    """BM25 as SQLite computes it, for words that stand once and twice, in titles and in bodies."""
    import sqlite3

    texts = [("red door", "locked door"), ("key", "red red"), ("lamp", "door"), ("hall", "dark"),
             ("cellar", "damp and cold"), ("attic", "dust")]  # fmt: skip
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE VIRTUAL TABLE t USING fts5(title, body, tokenize='porter unicode61')")
    conn.executemany("INSERT INTO t VALUES (?, ?)", texts)
    for query, expression in (("red door", '"red" OR "door"'), ("keys", '"keys"')):
        theirs = dict(
            conn.execute(
                "SELECT printf('%04d', rowid - 1), -bm25(t, 2.0, 1.0) FROM t WHERE t MATCH ?",
                (expression,),
            ).fetchall()
        )
        assert scores(notes_of(texts), query) == pytest.approx(theirs)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "rewrite", "delete", "restore", "pin"]),
        st.integers(0, 1),
        st.integers(0, 9),
        TEXT,
    ),
    max_size=8,
)


@settings(quick, max_examples=15)
@given(changes=CHANGES, query=TEXT, budget=st.integers(0, 60))
def test_search_and_recall_follow_every_change_whoever_made_it(
    template: Path, changes: list[tuple[str, int, int, str]], query: str, budget: int
) -> None:
    """One handle asks before and after each change, another makes the changes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "memory.sqlite"
        shutil.copyfile(template, path)
        with MemoryFile.open(path) as file, MemoryFile.open(path, read_only=True) as reader:
            file._store.db.execute("PRAGMA synchronous = OFF")
            banks = file.bank("person", "ada"), file.bank("job", "cook")
            both = Scope(banks[0], banks[1:])
            for number, (kind, which, pick, text) in enumerate(changes):
                edit = _edit(file, Scope(banks[which]), kind, pick, f"{text} {number}")
                file.edit(Scope(banks[which]), key=f"{number}", edits=[edit], reason="test")
                for scope in (both, Scope(banks[0]), Scope(banks[1])):
                    live = reader.live_notes(scope)
                    found = reader.search(scope, query, 50)
                    plain = plainly_ranked(live, query)
                    assert [n.uid for n in found] == plain
                    cost = len(query) % 7 + 1
                    assert reader.recall(scope, query, budget, lambda n, c=cost: c) == choose(  # type: ignore[misc]
                        live,
                        plain,
                        budget,
                        lambda n, c=cost: c,  # type: ignore[misc]
                    )


def plainly_ranked(notes: list[Note], query: str) -> list[str]:
    """In a tie the note of the older bank comes first, then the older note."""
    found = scores(notes, query)
    ordered = sorted(notes, key=lambda one: (one.bank.id, one.created, one.uid))
    assert {one.uid for one in ordered if one.uid in found} == set(rank(notes, query))
    return sorted((one.uid for one in ordered if one.uid in found), key=lambda uid: -found[uid])


def _edit(file: MemoryFile, scope: Scope, kind: str, pick: int, text: str) -> Edit:
    notes = file.all_notes(scope)
    if kind == "add" or not notes:
        return Add(text, text)
    one = notes[pick % len(notes)]
    if one.state == "deleted" or kind == "restore":
        return Restore(one.uid, one.version, 1)
    if kind == "rewrite":
        return Rewrite(one.uid, one.version, text)
    return Delete(one.uid, one.version) if kind == "delete" else Pin(one.uid, one.version)


def test_a_recall_reads_as_many_candidates_as_its_budget_may_hold(world: World) -> None:
    edits = [Add(f"room {n}", f"number {n}") for n in range(60)]
    edits[0] = Add("key", "brass")
    world.file.edit(world.scope, key="k", edits=edits, reason="r")
    oldest = world.file.live_notes(world.scope)[0]
    world.file.edit(
        world.scope, key="p", edits=[Pin(world.file.live_notes(world.scope)[1].uid, 1)], reason="r"
    )
    shown = world.file.recall(world.scope, "where is the key?", 80, lambda n: 8)
    assert len(shown) == 10
    assert oldest in shown, "the relevant one, though it is the oldest"
    assert shown[0].pinned
    assert {f"number {n}" for n in range(52, 60)} == {n.body for n in shown[2:]}, "the most recent"
    assert world.file.recall(world.scope, "key", 0, lambda n: 1) == []


def test_no_transaction_is_open_while_recalled_notes_are_counted(world: World) -> None:
    world.add("k", "door", "locked")

    def cost(_note: Note) -> int:
        assert not world.file._store.db.conn.in_transaction
        return 1

    assert world.file.recall(world.scope, "door", 9, cost)


def test_a_search_of_the_whole_file_takes_any_text_and_shows_live_notes_only(world: World) -> None:
    lamp = world.add("1", "brass lamp", "near NOT doors")
    other = world.add("2", "lamp", "x", Scope(world.file.bank("job", "cook")))
    world.summary("3", Delete(world.add("d", "lamp", "gone").uid, 1))
    assert {n.uid for n in world.file.search_file("a LAMP, the doors?")} == {lamp.uid, other.uid}
    for odd in ("", '"', "NOT", "title:", "NEAR(", "*", "\0", "\ud800", "a_b", "-lamp"):
        world.file.search_file(odd)
    assert world.file.search_file("lamp", 0) == []


def test_an_index_is_dropped_for_a_newer_one_and_built_again(world: World) -> None:
    from memory.banks_index import BankIndexes

    banks = [world.file.bank("person", name) for name in ("a", "b", "c")]
    for bank in banks:
        world.add(bank.name, "door", f"of {bank.name}", Scope(bank))
    kept = BankIndexes(most_notes=2)
    with world.file._store.read() as db:
        first = kept.of(db, banks[0])
        assert kept.of(db, banks[0]) is first
        for bank in banks:
            kept.of(db, bank)
        assert kept.of(db, banks[0]) is not first
    kept.close()


HALF_TYPED = ["running", "cooking", "happiness", "skies", "Filing", "relational", "100%", "a_b\\c"]
SAID = st.lists(st.sampled_from([*WORDS, *HALF_TYPED]), min_size=1, max_size=6).map(" ".join)


@quick
@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=8), st.data())
def test_what_is_typed_finds_each_note_whose_words_begin_so(
    texts: list[tuple[str, str]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder, MemoryFile.open(Path(folder) / "m.sqlite") as file:
        bank = file.bank("person", "ada")
        adds = [Add(f"{n} {title}", body) for n, (title, body) in enumerate(texts)]
        for n, add in enumerate(adds):
            file.edit(Scope(bank), key=str(n), edits=[add], reason="")
        wanted = data.draw(st.sampled_from(adds))
        words = data.draw(
            st.lists(
                st.sampled_from(f"{wanted.title} {wanted.body}".split()), min_size=1, max_size=3
            )
        )
        begun = [word[: data.draw(st.integers(1, len(word)))] for word in words]
        typed = " ".join(begun)
        if typed.isascii() and data.draw(st.booleans()):
            typed = typed.upper()
        found = [(note.title, note.body) for note in file.find(typed)]
        assert (wanted.title, wanted.body) in found
        assert len(found) == len(set(found)), "none twice"


def test_what_is_typed_finds_in_the_states_and_the_bank_that_are_asked_for(world: World) -> None:
    ada, bob = world.file.bank("person", "ada"), world.file.bank("person", "bob")
    world.add("1", "tea", "coffee", Scope(ada))
    world.file.set_approval(bob, True)
    world.add("2", "cup", "of coffee", Scope(bob))
    world.summary("3", Delete(world.add("d", "old", "coffee").uid, 1))

    def titles(*how: object, **more: object) -> set[str]:
        return {note.title for note in world.file.find("cof", *how, **more)}  # type: ignore[arg-type]

    assert titles() == {"tea", "cup"}
    assert titles(("proposed",)) == {"cup"}
    assert titles(("deleted",)) == {"old"}
    assert titles(bank=ada) == {"tea"}
    assert len(world.file.find("cof", limit=1)) == 1
    assert world.file.find("coffee cup tea") == []
    for odd in ("", " ", '"', "NOT", "title:", "NEAR(", "*", "\0", "\ud800", "%", "x" * 99_999):
        assert world.file.find(odd) == []


@pytest.mark.parametrize("word", ["Straße", "ﬁre", "İstanbul", "ΣΑΣ"])
def test_a_search_of_the_whole_file_finds_words_as_they_were_written(
    world: World, word: str
) -> None:
    note = world.add("k", "place", f"the {word} is wet")
    assert world.file.search_file(word) == world.file.search(world.scope, word) == [note]
    assert world.summary("l", Add("place", f"The {word} is  wet.")).echoed == (note.uid,)
