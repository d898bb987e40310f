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
        "{direction} is untried",
        "{direction} of the {here} is new to me",
        "no sign of {purpose} here, and {direction} is still untried",
        "I have not gone {direction} from here yet",
        "{purpose} is not in the {here}; the first new exit is {direction}",
        "came in from the {back}, so {direction} is the next exit to see",
        "{direction} comes first, {others} can wait",
        "untried here: {direction}, then {others}",
        "nothing in the {here} for me; {direction} leads on",
        "{purpose} must be further on, and {direction} is open",
        "still looking for {purpose}, and {direction} has not been seen",
        "the {here} leaves me {direction}, then {others}",
    ),
    "explore door": (
        "the {door} to the {direction} is closed and I have not been behind it",
        "{direction} is untried, but its {door} is closed",
        "a closed {door} blocks the way {direction}, which is new",
        "behind the {door} may be {purpose}",
        "{purpose} could be {direction}, past the closed {door}",
        "the only thing between me and the {direction} side is the {door}",
        "I want to see what is {direction}; the {door} is shut",
    ),
    "blind": (
        "the description broke off before the exits, so {direction} is a guess",
        "I could not read all exits; {direction} has not been tried",
        "the text was cut, there may be a way {direction}",
        "perhaps there is an exit {direction} that I was not told of",
        "exits may be missing from what I read, {direction} is the first to test",
    ),
    "walk": (
        "{purpose}, and the {target} is {way}",
        "I need the {target}: {purpose}; the way is {way}",
        "{purpose}; from here it is {way}",
        "the way to the {target} is {way}, and {purpose}",
        "off to the {target} ({way}), since {purpose}",
        "the {target} lies {way}; {purpose}",
    ),
    "walk door": (
        "the {door} is closed on my way to the {target}, {way}",
        "to the {target} it is {way}, but the {door} is shut; {purpose}",
        "{purpose}, and the {door} stands between me and the {target}",
        "my way {way} to the {target} starts at a closed {door}",
    ),
    "return": (
        "nothing new is left here; the {target} is {way}, {purpose}",
        "all exits of the {here} are done, while the {target} has more: {purpose}",
        "back to the {target}, {way}: {purpose}",
        "the {here} is finished, {purpose} in the {target}, {way}",
        "next best is the {target}, {way}, with {purpose}",
        "here I have tried everything; {way} brings me to the {target}",
    ),
    "return door": (
        "the {door} fell shut on the way back to the {target}",
        "I want the {target}, {way}, but the {door} is closed",
        "the {here} is done and a closed {door} is between me and the {target}",
    ),
    "dead end": (
        "the {here} is a dead end, I came from the {back}",
        "nothing is left to try in the {here}",
        "no untried exit here, and {purpose} is not here either",
        "every exit of the {here} is used up, I entered from the {back}",
        "this leads nowhere; the {back} is where I came from",
        "the {here} has neither {purpose} nor a new exit",
        "only the way back remains, to the {back}",
        "wrong turn: the {here} ends here",
    ),
    "dead end door": (
        "a dead end, and the {door} on the way back is closed",
        "nothing more in the {here}; the {door} behind me is shut",
    ),
    "wander": (
        "I know of no untried exit, so I look again to the {direction}",
        "everything seems tried; {direction} was used least",
        "something must have escaped me, perhaps to the {direction}",
        "no plan is left but to walk around again",
    ),
    "wander door": (
        "all is tried, and the {door} is closed again",
        "perhaps I missed something behind the {door}",
    ),
    "coin": (
        "the coin is here in the {here}",
        "there it is, the coin lies on the floor",
        "I see the coin at last",
        "the {here} has the coin, which wins the game",
        "found it: the coin is in this {here}",
        "no need to search on, the coin is right here",
    ),
    "treasure": (
        "the {item} is what I was sent for and it is here",
        "there is the {item}, the thing I must find",
        "the {here} holds the {item}, which wins the game",
        "my task was the {item}; here it is",
        "that {item} is exactly the one that is asked for",
        "found the {item} in the {here}",
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
        "the {holder} could hold {purpose}",
        "I have not looked into the {holder} in the {here}",
        "{purpose} may be there, with the {holder}",
        "before I leave the {here} the {holder} deserves a look",
        "what the {holder} holds is not known yet, and {purpose} is missing",
        "nothing said what the {holder} holds; maybe it is {purpose}",
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
        "the cookbook lies here in the {here}",
        "without the recipe I cannot start; the book is here",
        "here is the cookbook that I was looking for",
    ),
    "inventory": (
        "the recipe wants {items}; I must know what I carry",
        "perhaps I already have some of {items}",
        "I know the recipe but not what is in my hands",
        "before I search for {items} I should know what I have",
        "which of {items} do I hold already",
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
        "the recipe needs the {item} and it is here",
        "{item} is an ingredient, on the {holder} of the {here}",
        "there is the {item}; it still needs {steps}",
        "the {item} was missing and lies here",
        "one of the ingredients, the {item}, is in the {here}",
        "I have no {item} yet and see it here",
        "I need the {item} for the meal",
    ),
    "take knife": (
        "the {items} must be cut and the knife is here",
        "cutting the {items} takes a knife, which is here",
        "I need the knife for the {items}",
        "there is the knife; {items} still to be cut",
    ),
    "cut": (
        "I have the knife, and the recipe says {step} the {item}",
        "the {item} is not cut yet; {step} is what the recipe wants",
        "knife in hand, next is {step} for the {item}",
        "to {step} the {item} I only need this knife",
        "the recipe lists {step} for the {item}, not done yet",
    ),
    "cook": (
        "the recipe says {step} the {item}, and the {tool} does that",
        "the {item} has to be cooked: {step} means the {tool}",
        "here is the {tool}, and I must {step} the {item}",
        "to {step} the {item} I use the {tool}, which is here",
        "the {item} still lacks {step}; the {tool} is the right one",
    ),
    "prepare": (
        "{items} ready and I am in the kitchen",
        "every step of the recipe is done: {items}",
        "nothing is left to cut or cook, and this is the kitchen",
        "all ingredients are in hand and done",
    ),
}

# How a thought is put together: the turns of phrase that thoughts take one after the other. No two share
# their beginning and their end, so that a thought shows which of them it is.
FORMS: tuple[str, ...] = (
    "{Reason}, so I {command}.",
    "In the {here}: {reason}. I {command}.",
    "Let me {command}, as {reason}.",
    "{Here}. {Reason}; I will {command}.",
    "I {command} because {reason}.",
    "Now in the {here}, {reason}. Time to {command}.",
    "Next: {command}. {Reason}.",
    "I am in the {here}, {reason}. So I {command}.",
    "{Reason}: {command}.",
    "So {command}: {reason}.",
    "This is the {here}; {reason}. Let me {command}.",
    "OK, the {here}: {reason}. Next: {command}.",
    "I will {command}, since {reason}.",
    "{Reason}, I'd better {command}.",
)

# For commands that are nouns ('inventory', 'goal'), which no verb may precede.
NOUN_FORMS: tuple[str, ...] = (
    "{Reason}: {command}.",
    "In the {here}: {reason}. Next: {command}.",
    "First: {command}, as {reason}.",
    "{Here}. {Reason}; first: {command}.",
    "Next: {command}. {Reason}.",
    "Now in the {here}, {reason}, so: {command}.",
    "{Reason}. I ask for it: {command}.",
)
