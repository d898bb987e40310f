"""Words for each kind of decision: several ways to say the same true reason.

Each entry of REASONS is a reason without the command. A field in braces is a fact of the decision or of
the belief; a reason whose facts are missing or empty is not used.
"""

from __future__ import annotations

REASONS: dict[str, tuple[str, ...]] = {
    "lost": (
        "I don't know where I am",
        "nothing tells me what room this is",
        "I have lost track of the exits here",
        "my notes do not say what this place looks like",
        "no exit is in sight in what I have read",
    ),
    "explore": (
        "{direction} is next",
        "{direction} is new to me",
        "I have not gone {direction} yet",
        "{purpose} may be {direction}",
        "no sign of {purpose}, {direction} comes first",
        "{direction} has not been seen",
        "{direction} is the first to try",
        "{purpose} must be further on, {direction} is open",
    ),
    "explore door": (
        "the {door} to the {direction} is closed",
        "{direction} is behind a closed {door}",
        "{purpose} may be {direction}, past the closed {door}",
        "to go {direction} the {door} must be open",
        "the {door} shuts off what is {direction}",
    ),
    "blind": (
        "the text broke off before the exits, {direction} is a guess",
        "I could not read all exits, {direction} has not been tried",
        "the text was cut, there may be a way {direction}",
        "exits may be missing, {direction} is the first to test",
    ),
    "walk": (
        "{purpose}; the {target} is {where}, the way is {way}",
        "{purpose}: the {target} {where}, way {way}",
        "I need the {target} {where}, {purpose}; way {way}",
        "to the {target} {where}, since {purpose}; way {way}",
    ),
    "walk door": (
        "{purpose}; the {target} {where}, way {way}, but the {door} is closed",
        "to the {target} {where}, way {way}, and the {door} is shut",
    ),
    "return": (
        "the {target} {where} has {left} left; way {way}",
        "{left} left in the {target} {where}, way {way}",
        "next the {target} {where} with {left}; way {way}",
        "back to the {target} {where} for {left}, way {way}",
    ),
    "return door": (
        "the {target} {where} has {left} left; way {way}, but the {door} is shut",
        "back to the {target} {where} for {left}, way {way}, and the {door} is closed",
    ),
    "dead end": (
        "only the way back is left, {back}",
        "I came from the {back} and go back there",
        "{purpose} is not here, back {back}",
        "wrong turn, back {back}",
        "this leads nowhere, the {back} is where I came from",
    ),
    "dead end door": (
        "back {back}, but the {door} is closed",
        "only the way back, {back}, and the {door} is shut",
    ),
    # Each says "start over": that is how a later reader of the window knows (reading.py).
    "start over": (
        "I walk in circles, so I start over with {direction}",
        "my map must be wrong and I start over, {direction} first",
        "something in my notes is wrong; I start over, {direction} first",
    ),
    "start over door": (
        "I walk in circles, so I start over, and the {door} is closed",
        "my map must be wrong; I start over, with the {door} first",
    ),
    "coin": (
        "there it is, the coin lies on the floor",
        "I see the coin at last",
        "no need to search on, the coin is right here",
    ),
    "treasure": (
        "the {item} is what I was sent for and it is here",
        "there is the {item}, the thing I must find",
        "my task was the {item}; here it is",
        "that {item} is exactly the one that is asked for",
    ),
    "guess": (
        "all rooms are seen and I never learnt what to find, the {item} is my guess",
        "nobody told me which object it is; perhaps the {item}",
        "nothing is left to explore, so the {item} must do",
    ),
    "ask goal": (
        "the task was cut off before it named the object",
        "I do not know yet what to find",
        "which object is meant was not in the text that I read",
    ),
    "look inside": (
        "the {holder} may hold it",
        "I have not looked at the {holder}",
        "what the {holder} holds is not known",
        "the {holder} is unchecked",
    ),
    "unlock": (
        "the {door} is locked and my {item} may fit it",
        "the {item} I carry could be for the {door}",
    ),
    "keys": (
        "the {door} is locked; perhaps I carry a key",
        "I must know whether I have a key for the {door}",
    ),
    "eat": (
        "the meal is ready",
        "all that is left is to enjoy the meal",
        "the meal is made and in my hands",
        "eating it wins the game",
    ),
    "read": (
        "the cookbook is here and I do not know the recipe",
        "I need the recipe first, and this is the kitchen",
        "without the recipe I cannot start; the book is here",
        "here is the cookbook that I was looking for",
    ),
    "read again": (
        "something is left to do that my notes do not say",
        "the recipe must say more than I remember",
        "I may have noted the recipe wrongly",
        "my recipe lacks a step",
    ),
    "check hands": (
        "I am wrong about what I carry",
        "my hands are not as I noted",
        "what I hold is not what I thought",
        "I had better see what I carry",
    ),
    "look again": (
        "what I wanted is not here",
        "this place is not as I noted",
        "I am wrong about this room",
        "my notes of this place are wrong",
    ),
    "inventory": (
        "the recipe is known, what I carry is not",
        "I must know what I carry",
        "I know the recipe but not what is in my hands",
        "before I search I should know what I have",
        "what do I hold already",
    ),
    "see hands": (
        "only my notes tell of the {item}",
        "I must see the {item} before I touch it",
        "what was done to the {item} I have only noted",
        "a look at the {item} first",
        "my note of the {item} may be wrong",
    ),
    "drop": (
        "my hands are full and the recipe does not need the {item}",
        "I can carry no more; the {item} is of no use now",
        "too many things in hand, the {item} is the one to spare",
        "there is no room for more while I hold the {item}",
    ),
    "drop for food": (
        "my hands are full and the knife has nothing left to cut",
        "I can carry no more, and nothing in my hands needs the knife now",
        "the knife has done its work and takes the place of food",
        "no room for food while I hold the knife",
    ),
    "drop for knife": (
        "my hands are full and {items} still to be cut: the knife needs a free hand",
        "the {item} can lie here while I cut the {items}",
        "I need a hand for the knife, and the {item} can wait",
        "to hold the knife I must put down something, the {item} for now",
    ),
    "take": (
        "the {item} is here",
        "there is the {item}",
        "the {item} lies here",
        "I see the {item}",
        "here lies the {item}",
    ),
    "take knife": (
        "the knife is here",
        "cutting takes a knife",
        "a knife lies here",
        "there is the knife",
    ),
    "cut": (
        "to {step} takes the knife",
        "the knife can {step}",
        "{step} with the knife",
        "I can {step} with the knife",
        "{step} needs only the knife",
    ),
    "cook": (
        "to {step} takes the {tool}",
        "{step} means the {tool}",
        "the {tool} can {step}",
        "I can {step} with the {tool}",
        "{step} needs the {tool}",
    ),
    "prepare": (
        "all is ready",
        "every step is done",
        "nothing is left to do",
        "all is in hand and done",
    ),
}

# How a thought is put together: the turns of phrase that thoughts take one after the other. No two share
# their beginning and their end, so that a thought shows which of them it is. The reason stands before
# the command in all of them: a small model can follow its own reasons, not guess ahead of them.
FORMS: tuple[str, ...] = (
    "In the {place}: {reason}, so I {command}.",
    "{Place}. {Reason}; I will {command}.",
    "Now in the {place}; {reason}. Time to {command}.",
    "I am in the {place}, {reason}. So I {command}.",
    "This is the {place}; {reason}. Let me {command}.",
    "OK, the {place}: {reason}. Next: {command}.",
    "{Place}: {reason}, I'd better {command}.",
    "Here is the {place}. {Reason}: {command}.",
)

# For commands that are nouns ('inventory', 'goal'), which no verb may precede.
NOUN_FORMS: tuple[str, ...] = (
    "In the {place}: {reason}, so: {command}.",
    "{Place}. {Reason}; first: {command}.",
    "Now in the {place}; {reason}. Next: {command}.",
    "I am in the {place}, {reason}: {command}.",
    "This is the {place}; {reason}. I ask for it: {command}.",
)
