"""What enters the window, and that prunes and recalls are on record."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory import Add, Note, Prune, Recall, Rewrite, choose, note_line
from memory.render import printable
from tests.memory.world import EPISODE, World, note, record, span

NOTES = st.lists(
    st.builds(
        lambda number, pinned, tokens, created, updated: note(
            f"n{number}",
            pinned=pinned,
            tokens=tokens,
            created=f"2026-01-{created:02}",
            updated=f"2026-02-{updated:02}",
        ),
        st.integers(0, 30),
        st.booleans(),
        st.integers(0, 12),
        st.integers(1, 9),
        st.integers(1, 9),
    ),
    max_size=12,
    unique_by=lambda one: one.uid,
)


def cost(one: Note) -> int:
    return one.tokens or 0


@given(
    notes=NOTES, relevant=st.lists(st.integers(0, 30).map("n{}".format)), budget=st.integers(0, 60)
)
def test_choose_never_exceeds_the_budget_and_depends_on_no_order(
    notes: list[Note], relevant: list[str], budget: int
) -> None:
    chosen = choose(notes, relevant, budget, cost)
    assert sum(map(cost, chosen)) <= budget
    assert choose(notes[::-1], relevant, budget, cost) == chosen
    left = budget - sum(map(cost, chosen))
    assert all(cost(one) > left for one in notes if one not in chosen), "what fits is shown"
    assert chosen == sorted(chosen, key=lambda one: (not one.pinned, one.created, one.uid))
    assert len(chosen) == len({one.uid for one in chosen})


def test_choose_prefers_pinned_then_relevant_then_recent() -> None:
    pinned = note("p", pinned=True, updated="2026-01-01")
    relevant, less = note("r", updated="2026-01-02"), note("l", updated="2026-01-03")
    recent, old = note("n", updated="2026-01-09"), note("o", updated="2026-01-04")
    notes = [old, recent, less, relevant, pinned]
    ranks = ["r", "l", "r"]
    order = [pinned, relevant, less, recent, old]
    for room in range(6):
        chosen = choose(notes, ranks, room, lambda one: 1)
        assert sorted(chosen, key=order.index) == order[:room]


def test_choose_passes_over_what_does_not_fit() -> None:
    big, small = note("big", updated="2026-01-09", tokens=9), note("small", tokens=2)
    assert choose([big, small], ["big"], 5, cost) == [small]
    assert choose([big, small], [], 11, cost) == [big, small]
    assert choose([note("gone", state="deleted")], ["gone"], 99, lambda one: 1) == []
    assert choose([small], [], -1, cost) == []


def test_note_line_is_one_line() -> None:
    assert note_line(3, note("x", title="door", body="is\nlocked\u2028")) == "3. door: is locked"


def test_a_note_knows_its_sources_and_prunes_are_on_record(world: World) -> None:
    world.file.commit_step(EPISODE, record(0), [span(0), span(0, "thought", 0, "hm")])
    uids = tuple(found.uid for found in world.file.spans(EPISODE))
    prune = Prune("summarised", uids, 700, 300)
    done = world.summary("k", Add("a", "b"), Add("c", "d"), sources=uids, prune=prune)
    for version in done.versions:
        found = world.file.sources(world.scope, version.note, 1)
        assert tuple(source.uid for source in found) == uids
        assert (version.op, version.actor, version.reason, version.step) == (
            "add",
            "agent",
            "test",
            1,
        )
    world.summary("l", Rewrite(done.versions[0].note, 1, "e"))
    assert world.file.sources(world.scope, done.versions[0].note, 2) == []
    assert len(world.file.sources(world.scope, done.versions[0].note)) == 2
    evicted = Prune("evicted", uids[:1], 800, 500)
    world.file.commit_eviction(episode=EPISODE, step=2, key="e", prune=evicted)
    assert [(p.step, p.key, p.prune) for p in world.file.prunes(EPISODE)] == [
        (1, "k", prune),
        (2, "e", evicted),
    ]
    assert world.file.uncovered(EPISODE) == []


def test_uncovered_names_what_is_neither_stored_nor_covered(world: World) -> None:
    """Broken by hand, as no verb can."""
    world.file.commit_step(EPISODE, record(0), [span(0), span(0, "thought"), span(0, "hint")])
    covered, bare, kept = (found.uid for found in world.file.spans(EPISODE))
    world.summary("k", Add("a", "b"), sources=(covered,))
    prune = Prune("evicted", (covered, bare, kept), 2, 1)
    world.file.commit_eviction(episode=EPISODE, step=1, key="e", prune=prune)
    assert world.file.uncovered(EPISODE) == []
    conn = world.file._store.db.conn
    conn.execute("DROP TRIGGER spans_append_only")
    conn.execute("UPDATE spans SET text = NULL WHERE uid IN (?, ?)", (covered, bare))
    assert world.file.uncovered(EPISODE) == [bare]
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute("DROP TRIGGER spans_keep")
    conn.execute("DELETE FROM spans WHERE uid = ?", (kept,))
    assert world.file.uncovered(EPISODE) == [bare, "row 3"]


def test_recalls_are_on_record_once(world: World) -> None:
    one = world.add("k", "t", "b")
    world.summary("l", Rewrite(one.uid, 1, "c"))
    for _ in range(2):
        world.file.record_recall(
            episode=EPISODE, step=4, versions=[(one.uid, 2), (one.uid, 2)], scope=world.scope
        )
    assert world.file.recalls(EPISODE) == [Recall(EPISODE, 4, one.uid, 2)]


# -- what a terminal would obey or hide


def test_printable_shows_what_a_terminal_would_obey_or_hide() -> None:
    shown = {
        "plain text,\n\twith lines": "plain text,\n\twith lines",
        "naïve 猫 ✓ 🐈": "naïve 猫 ✓ 🐈",
        "\x1b[31mred\x1b[0m": r"\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07": r"\x1b]0;title\x07",
        "over\rwritten\x08\x7f": r"over\x0dwritten\x08\x7f",
        "\x9b31m\x85": r"\x9b31m\x85",
        "\u202egnp.exe\u2066": r"\u202egnp.exe\u2066",
        "a\u200bb\ufeffc\u00add": r"a\u200bb\ufeffc\xadd",
        "\U000e0041\U000e0100\ufe0f\u3164": r"\U000e0041\U000e0100\ufe0f\u3164",
        "\u2028\ud800\ue000": r"\u2028\ud800\ue000",
        "[red]markup[/red] :smile:": "[red]markup[/red] :smile:",
    }
    for text, expected in shown.items():
        assert printable(text) == expected


@given(st.text())
def test_printable_output_is_harmless_and_final(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert all(char.isprintable() or char in "\n\t" or char.isspace() for char in shown)
    shown.encode("utf-8")
