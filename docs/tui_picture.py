"""Draw docs/tui.svg: a short session of `steno play`, frame by frame, in one SVG that plays by itself.

    .venv/bin/python docs/tui_picture.py [--model embedded] [--seed 10001] [--steps 4]

The frames are Textual's own screenshots of a session that this script steers; nothing in them is edited.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from agent.background import begin
from agent.config import load_config
from tui.app import StenoApp
from tui.screens.main import MainScreen
from tui.session import Playing

ENV = "textworld/treasure-hunter?level=10"
HERE = Path(__file__).parent
SECONDS_A_FRAME = 1.6
PATIENCE_S = 900.0


async def until(pilot: Pilot[None], word: str) -> None:
    """Wait for a state word."""
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    for _ in range(int(PATIENCE_S / 0.1)):
        now = screen.word(screen.view)
        if now == word:
            screen.draw()
            await pilot.pause()
            return
        if now in ("DONE", "ERROR"):
            break
        await pilot.pause(0.1)
    raise SystemExit(
        f"it never came to {word}, it is {now}: {screen.session.failure}; try fewer --steps"
    )


async def frames(session: Playing, steps: int) -> list[str]:
    """A few steps by action, a thought by passes, a hint, and an action that is to be confirmed."""
    found: list[str] = []
    app = StenoApp(MainScreen(session))
    async with app.run_test(size=(112, 34)) as pilot:

        async def shot() -> None:
            await pilot.pause(0.2)
            found.append(app.export_screenshot(title="steno play"))

        await until(pilot, "PAUSED")
        for _ in range(steps):
            await pilot.press("a")
            await pilot.pause(0.5)
            await until(pilot, "PAUSED")
        await shot()
        for _ in range(4):
            await pilot.press("b")
            await pilot.pause(0.3)
            await until(pilot, "PAUSED")
            await shot()
        await pilot.press("i", *"look around first")
        await shot()
        await pilot.press("enter", "m", "space")
        await until(pilot, "CONFIRM")
        await shot()
        await pilot.press("y")
        await pilot.pause(0.5)
        await until(pilot, "CONFIRM")
        await shot()
        await pilot.press("q")
    return found


def played(pictures: list[str]) -> str:
    """The frames in one SVG: each is seen for its share of the time, over and over."""
    box = re.search(r'viewBox="([^"]+)"', pictures[0])
    assert box is not None
    total = SECONDS_A_FRAME * len(pictures)
    share = 100 / len(pictures)
    style = (
        f".frame{{visibility:hidden;animation:show {total}s step-end infinite}}"
        f"@keyframes show{{0%{{visibility:visible}}{share:.4f}%{{visibility:hidden}}}}"
    )
    parts = [
        f'<g class="frame" style="animation-delay:{n * SECONDS_A_FRAME:.1f}s">{picture}</g>'
        for n, picture in enumerate(pictures)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1]}"><style>{style}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default=ENV)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--seed", type=int, default=10_001)
    parser.add_argument("--steps", type=int, default=4, help="steps before the first frame")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(
            env=asked.env,
            seed=asked.seed,
            max_steps=asked.steps + 6,
            model={"name": asked.model},
            out=Path(folder) / "run",
        )
        session = Playing(partial(begin, config), held=True)
        pictures = asyncio.run(frames(session, asked.steps))
    (HERE / "tui.svg").write_text(played(pictures), encoding="utf-8")


if __name__ == "__main__":
    main()
