"""Build one TextWorld game: run as a script, in a process of its own.

    python -P worker.py '{"family": "cooking", "options": {...}, "seed": 10000, "folder": "..."}'

A process apart because generating a game reads and moves global random state (numpy's and
TextWorld's), because its set orders, and so the bytes of the game, follow PYTHONHASHSEED, and
because TextWorld and its two compilers print. It imports nothing of `envs`, so that only this file
decides what a game is: a change of what is built here needs a new `BUILDER` in games.py.
"""

import json
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

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


def _die_with(parent: int) -> None:
    """End this process when the one that asked for the game is gone, killed for instance."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> int:
    """Build what the one argument, a JSON object, asks for. The last line says what failed."""
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    job = json.loads(sys.argv[1])
    try:
        build(job["family"], job["options"], job["seed"], Path(job["folder"]))
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent tells it)
        sys.stdout.write(f"\n{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
