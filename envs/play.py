"""A person plays an environment in the terminal: the quickest way to know a game."""

from collections.abc import Callable, Iterator

from envs.base import Info, TextEnv

HELP = (
    "Type what you would do. ':commands' lists what the game accepts now, ':score' tells the score, "
    "':restart' begins again, ':quit' (or the end of input) ends."
)


def play(env: TextEnv, seed: int | None, lines: Iterator[str], say: Callable[[str], None]) -> Info:
    """Play until the game ends, the lines end, or somebody quits: the last info.

    Raises what the environment raises.
    """
    told = env.describe()
    say(f"{told.goal}\n{told.how_to_act}\n({HELP})\n")
    observation, info = env.reset(seed=seed)
    say(observation)
    for line in lines:
        match line.strip():
            case ":quit":
                break
            case ":help":
                say(HELP)
            case ":commands":
                say(_commands(info))
            case ":score":
                say(score(info))
            case ":restart":
                observation, info = env.reset()
                say(observation)
            case word if word.startswith(":"):
                say(f"{word.split()[0]} is no word of this program. {HELP}")
            case action:
                observation, _, terminated, truncated, info = env.step(action)
                say(observation)
                if terminated or truncated:
                    say(_end(info, cut_off=truncated))
                    break
    return info


def score(info: Info) -> str:
    """The score in words."""
    points, most = info["score"], info["max_score"]
    if points is None:
        return "This game tells no score."
    return f"Score: {points:g}" + (f" of {most:g}." if most is not None else ".")


def _commands(info: Info) -> str:
    commands = info["admissible_commands"]
    return "This game lists no commands." if commands is None else ", ".join(commands)


def _end(info: Info, *, cut_off: bool) -> str:
    how = "You have won." if info["won"] else "You have lost." if info["lost"] else "It is over."
    return f"\n{'The time is up.' if cut_off else how} {score(info)}"
