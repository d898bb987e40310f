"""The player gives up a map that leads in circles: when, what it forgets, and what it notes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.note_ops import DeleteNote
from agent.train.player.belief import Belief, Room, observe
from agent.train.player.decision import Decision
from agent.train.player.explore import explore
from agent.train.player.notes import operations
from agent.train.player.phrases import REASONS
from agent.train.player.places import DIRECTIONS, OPPOSITE
from agent.train.player.reading import START_OVER, belief_of
from agent.train.player.remember import believe
from agent.train.player.thoughts import phrasings
from agent.train.player.window import ShownNote, Transcript, Turn

MOVES = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
# Two rooms that each hold the other for the way back: one note has a wrong direction.
NOTES = (
    ShownNote(1, "now", "in den"),
    ShownNote(2, "den", "back east"),
    ShownNote(3, "attic", "back west"),
    ShownNote(4, "cellar", "back north; dead end"),
)


def hall(name: str, *exits: str) -> str:
    ways = " ".join(f"There is an exit to the {way}." for way in exits)
    return f"-= {name} =-\nA room.\n\n{ways}"


DEN, ATTIC = hall("Den", "north", "east"), hall("Attic", "south", "west")


def moved(belief: Belief, action: str, observation: str) -> Decision:
    observe(belief, action, observation)
    return explore(belief, "it")


def test_back_to_a_room_that_was_left_for_good_means_start_over() -> None:
    belief = believe(NOTES)
    assert moved(belief, "", DEN).command == "go east"
    assert moved(belief, "go east", ATTIC).command == "go west"
    step = moved(belief, "go west", DEN)
    assert (step.kind, step.command) == ("start over", "go north")


def test_a_way_back_that_is_none_is_not_walked_into_again() -> None:
    belief = Belief(here=(here := Room("den", back="east", described=True)), rooms={"den": here})
    here.exits = dict.fromkeys(("north",), here.door("north"))
    observe(belief, "go east", "You can't go that way.")
    step = explore(belief, "it")
    assert (step.kind, step.command) == ("start over", "go north")


def test_the_start_with_nothing_left_means_start_over() -> None:
    belief = believe((ShownNote(1, "now", "in den"), ShownNote(2, "den", "start")))
    assert moved(belief, "", DEN).kind == "start over"


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(DIRECTIONS)), max_size=12))
def test_by_a_right_map_it_sees_every_room_before_it_starts_over(
    growth: list[tuple[int, str]],
) -> None:
    places = [(0, 0)]
    ways: dict[tuple[int, int], list[str]] = {(0, 0): []}
    for which, way in growth:  # a tree of rooms: each new one has one way in
        place = places[which % len(places)]
        new = (place[0] + MOVES[way][0], place[1] + MOVES[way][1])
        if new not in ways:
            places.append(new)
            ways[place].append(way)
            ways[new] = [OPPOSITE[way]]
    belief, place, seen = Belief(), (0, 0), set()
    action = ""
    for _ in range(4 * len(places)):
        seen.add(place)
        step = moved(belief, action, hall(f"Room {places.index(place)}", *ways[place]))
        if step.kind == "start over" or step.command == "look":
            break
        action = step.command
        change = MOVES[action.split()[1]]
        place = (place[0] + change[0], place[1] + change[1])
    assert seen == set(places)


def test_each_of_its_thoughts_says_so_and_no_other_does() -> None:
    for kind, reasons in REASONS.items():
        assert all((START_OVER in each) == kind.startswith("start over") for each in reasons), kind


def transcript() -> Transcript:
    facts = {"direction": "north", "purpose": "the coin", "here": "den"}
    thought = next(phrasings(Decision("go north", "start over", facts), ["den, back east"], ""))
    return Transcript(
        "the coin",
        NOTES,
        (
            Turn(ATTIC, "West.", "go west"),
            Turn(DEN, thought, "go north"),
            Turn(hall("Loft", "south", "west")),
        ),
    )


def test_what_was_believed_of_rooms_is_given_up_and_the_search_begins_anew() -> None:
    belief = belief_of(transcript())
    assert (belief.afresh, set(belief.rooms), belief.done) == (1, {"den", "loft"}, set())
    den, loft = belief.rooms["den"], belief.rooms["loft"]
    assert (den.path, den.back, den.untried) == ((), None, ["east"])
    assert (loft.path, loft.back, loft.untried) == (("north",), "south", ["west"])


def test_no_note_of_the_old_map_stays() -> None:
    changes = operations(belief_of(transcript()), NOTES, lambda _text: True)
    gone = {each.n for each in changes if isinstance(each, DeleteNote)}
    assert gone == {3, 4}
