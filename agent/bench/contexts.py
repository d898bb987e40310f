"""What decoding is measured on: contexts of about one length, each about to be continued by a thought.

Or chats of any length, about to be answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from agent.errors import ConfigError
from agent.lm.tokenizer import TokenizerVocabulary
from agent.seeds import FIRST_DEVELOPMENT_SEED
from agent.train.data import sequences_of
from agent.train.prompts import read_prompts
from agent.train.sequences import TokenSequence

_SPECS = (
    "textworld/cooking?cook=true&cut=true&go=6&open=true&recipe=2&split=valid&take=1",
    "textworld/treasure-hunter?level=12",
    "textworld/coin-collector?level=120",
)


def from_file(path: Path, length: int, count: int) -> list[list[int]]:
    """Contexts of at most `length` tokens out of a file of token sequences, or a run directory.

    Raises TrainingFailed where the file cannot be read, ConfigError where it has too few.
    """
    return _chosen(sequences_of(path), length, count, str(path))


def from_games(model: str, length: int, count: int) -> list[list[int]]:
    """Contexts out of games that the demonstrations' player plays, of development seeds.

    Raises ModelUnavailable, and EnvUnavailable without TextWorld.
    """
    from agent.lm import load_vocabulary
    from agent.train.player.demonstrator import Demonstrator
    from agent.train.player.mix import Game
    from agent.train.player.playing import play

    player = Demonstrator(load_vocabulary(model))

    def played() -> Iterable[TokenSequence]:
        # More games than could be needed: the first ones usually give enough.
        for number in range(20 * count):
            spec = _SPECS[number % len(_SPECS)]
            family = spec.split("/")[1].split("?")[0]
            game = Game(
                family=family, spec=spec, seed=FIRST_DEVELOPMENT_SEED + number // len(_SPECS)
            )
            yield from play(game, player)[1]

    return _chosen(played(), length, count, "the games")


def from_prompts(
    path: Path, vocabulary: TokenizerVocabulary, length: int, count: int
) -> list[list[int]]:
    """Chats of the first prompts that take at most `length` tokens.

    Raises TrainingFailed where the file cannot be read, ConfigError where it has too few.
    """
    chats = (vocabulary.chat(prompt) for prompt in read_prompts(path))
    found = list(islice((chat for chat in chats if len(chat) <= length), count))
    if len(found) < count:
        raise ConfigError(
            f"{path} has {len(found)} prompts of at most {length} tokens, and {count} are wanted; use "
            "a larger --context or a smaller --count"
        )
    return found


def _chosen(
    sequences: Iterable[TokenSequence], length: int, count: int, source: str
) -> list[list[int]]:
    """The longest context of each sequence that fits, while it has at least two thirds of `length`."""
    found: list[list[int]] = []
    for sequence in sequences:
        starts = [w.start for w in sequence.written if w.purpose == "think" and w.start <= length]
        if starts and 3 * starts[-1] >= 2 * length:
            found.append(list(sequence.ids[: starts[-1]]))
        if len(found) == count:
            return found
    raise ConfigError(
        f"{source} gave {len(found)} contexts of {2 * length // 3} to {length} tokens before a "
        f"thought, and {count} are wanted; use a smaller --context or --count"
    )


def mean_length(contexts: Sequence[Sequence[int]]) -> float:
    """Tokens of a context, on average."""
    return sum(map(len, contexts)) / len(contexts)
