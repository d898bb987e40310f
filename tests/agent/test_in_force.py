"""What holds of several operations on one note."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.in_force import in_force
from agent.note_ops import AddNote, DeleteNote, FindNotes, NoteOperation, RewriteNote, parse, render

TITLES = ["goal", "hall", "Kitchen", "hall"]
Text = st.sampled_from(["a", "b", "exit north"])
Title = st.sampled_from(["hall", "Hall", " kitchen ", "pantry", "the  pantry", "the pantry"])
Number = st.integers(1, len(TITLES))
Operation = (
    st.builds(AddNote, Title.map(str.strip), Text)
    | st.builds(RewriteNote, Number, Text)
    | st.builds(DeleteNote, Number)
    | st.builds(FindNotes, Text)
)
Operations = st.lists(Operation, max_size=8)


def test_a_title_that_stands_is_rewritten() -> None:
    assert in_force([AddNote("kitchen", "a stove")], TITLES) == [RewriteNote(3, "a stove")]
    assert in_force([AddNote("HALL", "x")], TITLES) == [RewriteNote(4, "x")], "the last of them"
    assert in_force([AddNote("kitchen", "a stove")], []) == [AddNote("kitchen", "a stove")]


def test_the_later_write_holds_and_stands_where_it_was_written() -> None:
    first, other, last = RewriteNote(1, "a"), AddNote("pantry", "b"), RewriteNote(1, "c")
    assert in_force([first, other, last], TITLES) == [other, last]
    assert in_force([AddNote("x", "a"), AddNote("X", "b")], TITLES) == [AddNote("X", "b")]
    assert in_force([RewriteNote(3, "a"), AddNote("kitchen", "b")], TITLES) == [RewriteNote(3, "b")]


def test_a_delete_gives_way_to_a_write_whatever_their_order() -> None:
    write, delete = RewriteNote(2, "a"), DeleteNote(2)
    assert in_force([write, delete], TITLES) == in_force([delete, write], TITLES) == [write]
    assert in_force([delete, delete, AddNote("x", "y")], TITLES) == [delete, AddNote("x", "y")]


@given(Operations)
def test_no_note_is_changed_twice_and_no_title_stands_twice(
    operations: list[NoteOperation],
) -> None:
    held = in_force(operations, TITLES)
    numbers = [each.n for each in held if isinstance(each, RewriteNote | DeleteNote)]
    added = [" ".join(each.title.casefold().split()) for each in held if isinstance(each, AddNote)]
    assert len(set(numbers)) == len(numbers)
    assert len(set(added)) == len(added)
    assert not {*added} & {title.casefold() for title in TITLES}
    assert in_force(held, TITLES) == held, "what holds holds again"


def bodies(operations: list[NoteOperation], titles: list[str]) -> dict[str, str | None]:
    """What becomes of each note that is touched, found the slow way: the body, or None where it goes."""
    names = {
        title: next(n for n in (4, 3, 1) if TITLES[n - 1].lower() == title) for title in titles
    }
    after: dict[str, str | None] = {}
    for about in [*map(str, range(1, 5)), "pantry", "the pantry", "hall", "kitchen"]:
        for each in operations:
            if isinstance(each, AddNote):
                title = " ".join(each.title.lower().split())
                if str(names.get(title, title)) == about:
                    after[about] = each.body
            elif isinstance(each, RewriteNote) and str(each.n) == about:
                after[about] = each.body
            elif isinstance(each, DeleteNote) and str(each.n) == about:
                after.setdefault(about, None)
    return after


@given(Operations)
def test_the_notes_come_out_as_if_each_was_gone_through_for_itself(
    operations: list[NoteOperation],
) -> None:
    held = in_force(operations, TITLES)
    assert bodies(held, ["hall", "kitchen"]) == bodies(operations, ["hall", "kitchen"])
    assert bodies(in_force(operations, []), []) == bodies(operations, [])
    queries = [each for each in operations if isinstance(each, FindNotes)]
    assert [each for each in held if isinstance(each, FindNotes)] == list(dict.fromkeys(queries))


@given(Operations)
def test_something_is_written_where_something_was(operations: list[NoteOperation]) -> None:
    text = render([AddNote("pantry", "b"), *operations])
    held = in_force(parse(text, len(TITLES)), TITLES)
    assert any(isinstance(each, AddNote | RewriteNote) for each in held)
    assert parse(render(held), len(TITLES)) == held
