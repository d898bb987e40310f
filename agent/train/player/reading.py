"""A transcript becomes a belief, and a belief a decision."""

from __future__ import annotations

from agent.train.player import coin_collector, cooking, treasure_hunter
from agent.train.player.belief import Belief, observe
from agent.train.player.decision import Decision
from agent.train.player.foods import COOKED, CUT
from agent.train.player.making_sure import forget_refusals, make_sure
from agent.train.player.places import room_of
from agent.train.player.remember import believe
from agent.train.player.window import Transcript

START_OVER = "start over"
"""What a thought says in which the map is given up."""


def family_of(system: str) -> str:
    """Which family the system prompt describes; 'coin-collector' explores and suits any other too."""
    if "cookbook" in system:
        return "cooking"
    if "which object" in system or "what to do" in system:
        return "treasure-hunter"
    return "coin-collector"


def belief_of(transcript: Transcript) -> Belief:
    """What the notes say, and then each turn in order."""
    belief = believe(transcript.notes)
    family = family_of(transcript.system)
    belief.trail = family == "coin-collector"
    belief.noted = bool(transcript.notes)
    turns = transcript.turns
    # The notes say where the player was at the last prune, which is where the turns begin, but where
    # older turns were kept too and come to that room only now.
    views = (view for turn in turns if (view := room_of(turn.observation)))
    first = next(views, None)
    if first is not None and belief.here is not None and first.name == belief.here.name:
        belief.here = None
    action = ""
    for number, turn in enumerate(turns):
        observe(belief, action, turn.observation)
        if belief.doubts.hear(action, turn.observation) or _changed(turn.observation):
            forget_refusals(belief)
        if START_OVER in turn.thought:
            belief.start_over()
            belief.afresh = number
        if family == "treasure-hunter" and belief.target is None:
            belief.target = treasure_hunter.target_of(turn.observation)
        action = turn.action
    belief.over = belief.over or transcript.over
    return belief


def _changed(observation: str) -> bool:
    """Whether something was done with food, so that a meal that was refused may be made now."""
    return any(
        f"You {did} the " in observation for did in (*COOKED.values(), *CUT, "take", "pick up")
    )


def decide(transcript: Transcript, belief: Belief) -> Decision:
    """The next move in a window's game."""
    family = family_of(transcript.system)
    if not belief.meal and (sure := make_sure(belief)):
        return sure
    if family == "cooking":
        return cooking.decide(belief)
    if family == "treasure-hunter":
        return treasure_hunter.decide(belief)
    return coin_collector.decide(belief)
