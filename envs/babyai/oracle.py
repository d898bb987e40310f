"""What minigrid's bot would do: the commands with which it fulfils a mission."""

from typing import Any

from envs.babyai.actions import Act, in_words
from envs.extras import load


def plan(game: Any) -> list[str] | None:
    """The bot's commands for a `MiniGridEnv` that has just been reset, which they are played on.

    None where the bot gives up, breaks the mission's order or runs out of time.
    """
    bot_module = load("minigrid.utils.baby_ai_bot", "babyai")
    commands: list[str] = []
    taken = None
    try:
        bot = bot_module.BabyAIBot(game)
        for _ in range(game.max_steps):
            taken = bot.replan(taken)
            name: Act = taken.name
            commands.append(in_words(name))
            _, reward, terminated, truncated, _ = game.step(taken)
            if terminated or truncated:
                return commands if reward > 0 else None
    except Exception:  # noqa: BLE001 (the bot's assertions, and whatever follows from what it missed)
        return None
    return None
