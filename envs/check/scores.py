"""Rules of scores: rewards add up, claims hold, and the walkthrough wins."""

import math
from itertools import pairwise

from envs.check.report import Broken, NotTried
from envs.check.subject import MAX_WALKTHROUGH, Play, Subject


def rewards(subject: Subject) -> str:
    """The reward is the change of the score (0 without one), and no score is over the most."""
    for game in subject.plays:
        for number, reward in enumerate(game.rewards, start=1):
            before, after = (info["score"] for info in game.infos[number - 1 : number + 1])
            change = 0.0 if before is None or after is None else after - before
            if not math.isclose(reward, change, abs_tol=1e-6):
                raise Broken(
                    f"the reward of step {number} is {reward}, and the score went from {before} to "
                    f"{after}: they must agree"
                )
        _check_most(game)
    last = [game.infos[-1]["score"] for game in subject.plays]
    return f"scores at the end: {', '.join('none' if score is None else f'{score:g}' for score in last)}"


def claims(subject: Subject) -> str:
    """A score that is said never to fall does not."""
    with subject.env() as env:
        claimed = env.score_never_falls
    if not claimed:
        raise NotTried("it does not say that its score never falls")
    for game in subject.plays:
        scores = [info["score"] for info in game.infos if info["score"] is not None]
        for number, (before, after) in enumerate(pairwise(scores), start=1):
            if after < before:
                raise Broken(f"the score fell from {before} to {after} at step {number}")
    return ""


def walkthrough(subject: Subject) -> str:
    """The walkthrough ends the game with the most points, and not as lost.

    A game that cannot be won (it ends, and that is all) has no most points to be reached.
    """
    game, commands = subject.walkthrough, subject.commands
    if game is None or commands is None:
        raise NotTried("this game has no walkthrough")
    if len(commands) > MAX_WALKTHROUGH:
        raise NotTried(f"it has {len(commands)} commands; at most {MAX_WALKTHROUGH} are played")
    last = game.infos[-1]
    if not game.ended:
        raise Broken(f"its {len(commands)} commands do not end the game")
    score, most = last["score"], last["max_score"]
    if most is not None and (score is None or not math.isclose(score, most, abs_tol=1e-6)):
        raise Broken(f"it ends with {score} of {most} points")
    if last["lost"] or (last["won"] is False and most is not None):
        raise Broken("it ends the game, and the game is not won")
    return f"{len(commands)} commands, {score} of {most} points"


def _check_most(game: Play) -> None:
    for number, info in enumerate(game.infos):
        score, most = info["score"], info["max_score"]
        if score is not None and most is not None and score > most + 1e-6:
            raise Broken(f"the score at step {number} is {score}, over max_score {most}")
        if most != game.infos[0]["max_score"]:
            raise Broken(
                f"max_score changed at step {number}: it is what this game can give at most"
            )
