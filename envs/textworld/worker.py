"""Build one TextWorld game: run as a script, in a process of its own.

    python -P worker.py '{"family": "cooking", "options": {...}, "seed": 10000, "folder": "...",
                          "grammars": "..."}'

A process apart because generating a game reads and moves global random state (numpy's and
TextWorld's), because its set orders, and so the bytes of the game, follow PYTHONHASHSEED, and
because TextWorld and its two compilers print. It imports nothing of `envs`, so that only this file
decides what a game is: a change of what is built here needs a new `BUILDER` in games.py.
"""

import contextlib
import hashlib
import json
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

# The exit status where the machine, not the game, is at fault.
MACHINE = 3

CHALLENGES = {
    "coin-collector": "tw-coin_collector",
    "treasure-hunter": "tw-treasure_hunter",
    "cooking": "tw-cooking",
    "simple": "tw-simple",
}
# What TextWorld's own command line would fill in, and a spec does not offer.
FIXED: dict[str, dict[str, Any]] = {"cooking": {"recipe_seed": 0}, "simple": {"test": False}}


def build(family: str, options: dict[str, Any], seed: int, folder: Path) -> None:
    """Generate and compile a game: game.z8 (the story) and game.json (its world and quests)."""
    import numpy as np
    import textworld
    from textworld.challenges import CHALLENGES as MAKERS
    from textworld.generator import compile_game, make_game

    random.seed(seed)
    np.random.seed(seed)
    textworld.g_rng.set_seed(seed)

    settings = textworld.GameOptions()
    settings.seeds = seed
    settings.path = str(folder / "game.z8")
    settings.force_recompile = True
    if family == "custom":
        settings.nb_rooms = options["rooms"]
        settings.nb_objects = options["objects"]
        settings.quest_length = options["quest_length"]
        game = make_game(settings)
    else:
        make = MAKERS[CHALLENGES[family]][1]
        game = make({**options, **FIXED.get(family, {})}, settings)
    compile_game(game, settings)


def keep_grammars(folder: Path) -> None:
    """Have TextWorld read its text grammars from what `folder` keeps of an earlier reading.

    They are the same for every game, and parsing them is two thirds of a game's time.
    """
    from textworld.textgen import TextGrammar

    parse = TextGrammar.parse

    def kept(text: str, filename: str | None = None) -> Any:
        path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
        found = _read_grammar(path)
        if found is None:
            found = parse(text, filename)
            _write_grammar(path, found)
        return found

    TextGrammar.parse = kept


def _read_grammar(path: Path) -> Any:
    """The grammar that was written there; None where there is none, or another's or half of one."""
    from textworld.textgen import ProductionRule, TextGrammar

    try:
        digest, _, content = path.read_text("utf-8").partition("\n")
        if digest != hashlib.sha256(content.encode()).hexdigest():
            return None
    except (OSError, ValueError):
        return None
    return TextGrammar(
        ProductionRule(symbol, map(_alternative, alternatives))
        for symbol, alternatives in json.loads(content)
    )


def _write_grammar(path: Path, grammar: Any) -> None:
    """Whole or not at all; where the folder cannot be written the next game parses again."""
    rules = [[r.symbol, [_told(each) for each in r.alternatives]] for r in grammar.rules.values()]
    content = json.dumps(rules)
    making = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        making.write_text(f"{hashlib.sha256(content.encode()).hexdigest()}\n{content}", "utf-8")
        making.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            making.unlink()


def _told(alternative: Any) -> Any:
    """An alternative of a rule as JSON: a text, an adjective with its noun, or two that match."""
    if hasattr(alternative, "lhs"):
        return {"match": [_told(alternative.lhs), _told(alternative.rhs)]}
    adjective, noun = alternative.split_form()
    return noun if adjective is None else [adjective, noun]


def _alternative(told: Any) -> Any:
    from textworld.textgen import AdjectiveNounAlternative, LiteralAlternative, MatchAlternative

    if isinstance(told, dict):
        return MatchAlternative(*map(_alternative, told["match"]))
    return AdjectiveNounAlternative(*told) if isinstance(told, list) else LiteralAlternative(told)


def _die_with(parent: int) -> None:
    """End this process when the one that asked for the game is gone, killed for instance."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> int:
    """Build what the one argument, a JSON object, asks for. The last line says what failed.

    1 where TextWorld makes no such game, MACHINE where the machine is at fault.
    """
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    job = json.loads(sys.argv[1])
    try:
        keep_grammars(Path(job["grammars"]))
        build(job["family"], job["options"], job["seed"], Path(job["folder"]))
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent tells it)
        sys.stdout.write(f"\n{type(error).__name__}: {error}\n")
        return MACHINE if isinstance(error, OSError | MemoryError | ImportError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
