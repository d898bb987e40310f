"""What people say, and how a place looks: all sentences that carry something to be remembered.

Each is a template with named fields, so that whoever studies the game can read it back.
"""

from envs.courier.dice import Dice

THANKS = (
    "{person} takes the {thing} and pays you {coins} coins.",
    "{person} unwraps the {thing}, laughs, and pays {coins} coins.",
    "{person} has waited for the {thing}: here are {coins} coins.",
)
TRADE = (
    "I am the {trade} here.",
    "They call me the {trade}.",
    "If you ever need a {trade}, come to me.",
)
PROMISE = (
    "Promise me {a_thing}, should the post ever have one. You promise.",
    "What I want is {a_thing}. Will you bring me one some day? You promise.",
)
WORD = (
    "My word is {word}: keep it until somebody asks you for it.",
    "Remember {word}. That is my word, whoever asks.",
)
NEW_WORD = (
    "Forget {old}: my word is {word} now.",
    "My word is no longer {old}. It is {word}.",
)
MOVE = (
    "I am packing up here: from now on you find me at the {place}.",
    "This was my last day here. I live at the {place} from now on.",
)
TIE = "{tie}."
SMALL_TALK = (
    "Mind the wet steps.",
    "It will rain, my knee says so.",
    "Nobody writes letters any more, only parcels.",
    "You look as if you had walked far.",
    "Have you seen the price of candles?",
    "The mayor's goose is loose again.",
    "I never open a parcel before supper.",
    "Come again, it is quiet here.",
    "My neighbour snores through two walls.",
    "They say the ferry needs a new bottom.",
)

# What they say when they are asked: all that still holds, in few words.
AGAIN_TRADE = "I am the {trade}."
AGAIN_TIE = "{tie}."
AGAIN_PROMISE = "You promised me {a_thing}."
AGAIN_GIFT = "You brought me {a_thing} last."
AGAIN_WORD = "My word is {word}."
NOTHING = "I have nothing new to tell you."

LABEL = "It is {a_thing}. The label says: for {label}."
VOUCHER = "They will ask for the word of {person}."
ASKS = "And now the word of {person}?"


def one_of(templates: tuple[str, ...], dice: Dice, **fields: str | int) -> str:
    """One of several ways to say it."""
    return dice.pick(templates).format(**fields)


def with_article(thing: str) -> str:
    """The thing with its article."""
    return f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"


def people_here(names: list[str]) -> str:
    """Who is here, as a sentence; "" for nobody."""
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} is here."
    return f"{', '.join(names[:-1])} and {names[-1]} are here."


def exits(ways: dict[str, int], places: tuple[str, ...]) -> str:
    """Where the ways lead."""
    told = [f"{direction} to the {places[place]}" for direction, place in ways.items()]
    return f"Exits: {', '.join(told)}."
