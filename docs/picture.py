"""Draw docs/episode.svg: the end of a real episode, as `steno run --show` tells it.

    .venv/bin/python docs/picture.py [--seed 10039] [--max-steps 30] [--last 40]

The picture is what the command prints; nothing in it is edited but the number of lines.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from agent import load_config, run
from agent.headless import print_table
from agent.live import Narrator

ENV = "textworld/cooking?recipe=1&take=1&go=6&open=1&cook=1&cut=1&drop=1&split=valid"
HERE = Path(__file__).parent


class Tail(Console):
    """Keeps what is printed, so that its end can be drawn."""

    lines: list[Text]

    def print(self, *objects: object, **_: object) -> None:  # type: ignore[override]
        self.lines.extend(each for each in objects if isinstance(each, Text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=10_039)
    parser.add_argument("--max-steps", type=int, default=30)
    parser.add_argument("--last", type=int, default=40, help="lines of the story to draw")
    asked = parser.parse_args()
    story = Tail(file=io.StringIO())
    story.lines = []
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(
            env=ENV,
            seed=asked.seed,
            max_steps=asked.max_steps,
            out=Path(folder) / "run",
        )
        done = run(config, watch=Narrator(story))
        picture = Console(record=True, width=112, file=io.StringIO(), force_terminal=True)
        command = (
            f"steno run --env '{ENV}' --seed {asked.seed} --max-steps {asked.max_steps} --show"
        )
        picture.print(Text(f"$ {command}", style="bold"))
        picture.print(Text("  ..."))
        for line in story.lines[-asked.last :]:
            picture.print(line)
        print_table(done, picture)
    picture.save_svg(str(HERE / "episode.svg"), title="steno run")


if __name__ == "__main__":
    main()
