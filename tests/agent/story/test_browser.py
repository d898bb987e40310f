"""The page in a headless Chromium, opened from disk. Skipped where there is none."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from agent.story import page
from agent.story.overview import overview
from agent.story.parts import Acted, Burst, Generated, Thought, Token
from memory import printable
from tests.agent.story.browser import CHROMIUM, Browser
from tests.agent.story.world import HOSTILE, OVERVIEW, recording_of, step_of, told
from tests.agent.world import Corridor, answers, play

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here; install Debian's package"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an episode whose every text would like to be more than text."""
    folder = tmp_path_factory.mktemp("page")
    script = answers(
        think=lambda p: f" {HOSTILE.replace(chr(10), '')} {p.count}\n",
        act=f" go {HOSTILE}",
        summarise=lambda p: f"ADD {p.count}: <b onclick='window.ran = 1'>note</b>\nEND",
    )
    room = partial(Corridor, length=30, speak=lambda at, _: f"{HOSTILE} room {at} " + "x" * 3000)
    done = play(folder / "run", env=room, script=script, think={"k": 4})
    with recording_of(done.path) as recording:
        page.write(
            folder / "page.html",
            overview(recording),
            told(done.path),
            budget=recording.budget,
            many=31,
        )
    return folder / "page.html"


@pytest.fixture
def opened(browser: Browser, hostile: Path) -> Browser:
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])
    browser.ask("Emulation.clearDeviceMetricsOverride")
    browser.open(hostile)
    return browser


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_opens_from_disk_and_asks_for_nothing_else(opened: Browser, hostile: Path) -> None:
    assert opened.requests == [hostile.as_uri()]
    assert opened.complaints == []
    assert opened.js("typeof window.ran") == "undefined"
    assert opened.js("document.querySelectorAll('img, main script, iframe, link').length") == 0
    assert opened.js("document.querySelectorAll('details.turn').length") == 32
    assert opened.js("document.querySelectorAll('details.turn[open]').length") == 0
    assert printable(HOSTILE) in opened.js("document.querySelector('#s1 pre.saw').textContent")


def test_what_is_smuggled_in_neither_runs_nor_loads(opened: Browser) -> None:
    opened.js(
        "document.body.insertAdjacentHTML('beforeend', '<p onclick=\"window.ran = 1\">x</p>')"
    )
    opened.js("document.body.lastElementChild.click()")
    opened.js(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); })()"
    )
    assert opened.js("typeof window.ran") == "undefined"
    fetched = opened.js("fetch('http://127.0.0.1:9/').then(() => 'loaded', () => 'refused')")
    assert fetched == "refused"
    assert sum("Content Security Policy" in each for each in opened.complaints) >= 3


def test_bursts_are_marked_by_brackets_and_by_shade(opened: Browser) -> None:
    opened.js("document.getElementById('s1').open = true")
    css = "getComputedStyle(document.querySelectorAll('#s1 .thought b')[{}], '{}').{}"
    assert opened.js(css.format(0, "::before", "content")) == '"["'
    assert opened.js(css.format(0, "::after", "content")) == '"]"'
    shades = [opened.js(css.format(n, "", "backgroundColor")) for n in (0, 1, 2)]
    assert shades[0] == shades[2] != shades[1]
    assert "-0.69" in opened.js("document.querySelector('#s1 .thought b').title")


def test_a_tap_tells_what_pointing_tells(opened: Browser) -> None:
    opened.js("document.getElementById('s1').open = true")
    opened.js("document.querySelector('#s1 .thought b').click()")
    assert opened.js("document.getElementById('told').hidden") is False
    title = opened.js("document.querySelector('#s1 .thought b').title")
    assert title in opened.js("document.getElementById('told').value")
    opened.js("document.querySelector('h1').click()")
    assert opened.js("document.getElementById('told').hidden") is True


def test_steps_are_found_filtered_and_walked(opened: Browser) -> None:
    shown = "document.querySelectorAll('details.turn:not([hidden])').length"
    assert opened.js(shown) == 32
    opened.js(
        "(() => { const find = document.getElementById('find'); find.value = 'ROOM 17 ';"
        " find.dispatchEvent(new Event('input')); })()"
    )
    until(lambda: opened.js(shown) == 2)  # where it was seen, and where it was clipped
    assert opened.js("document.getElementById('count').value") == "2 of 32"
    assert opened.js("document.querySelector('details.turn:not([hidden])').id") == "s17"
    opened.js("location.hash = '#s4'")  # a link into what is hidden shows all again
    until(lambda: opened.js(shown) == 32)
    assert opened.js("document.getElementById('s4').open") is True
    opened.js(
        "(() => { const only = document.getElementById('only'); only.value = 'pruned';"
        " only.dispatchEvent(new Event('change')); })()"
    )
    pruned = opened.js("document.querySelectorAll('.pruned').length")
    assert opened.js(shown) == pruned > 0
    opened.js("document.getElementById('only').value = ''")
    opened.js("document.getElementById('only').dispatchEvent(new Event('change'))")
    for key in ("j", "j", "k"):
        opened.js(f"dispatch = new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}})")
        opened.js("document.body.dispatchEvent(dispatch)")
    assert opened.js("document.activeElement.closest('details').id") == "s5"
    opened.js("document.getElementById('step').value = 20")
    opened.js("document.getElementById('step').dispatchEvent(new Event('change'))")
    assert opened.js("document.getElementById('s20').open") is True
    top = opened.js("document.getElementById('s20').getBoundingClientRect().top")
    assert 0 <= top < 200
    opened.js("document.getElementById('fold').click()")
    assert opened.js("document.querySelectorAll('details.turn[open]').length") == 0


def test_it_is_light_or_dark_as_the_reader_likes(opened: Browser) -> None:
    found = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        opened.ask("Emulation.setEmulatedMedia", media="", features=features)
        found.append(
            opened.js(
                "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name])"
            )
        )
    (ink, paper), (dark_ink, dark_paper) = found
    assert sum(channels(paper)) > 600 > 200 > sum(channels(ink))
    assert sum(channels(dark_ink)) > 600 > 200 > sum(channels(dark_paper))


def channels(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]


def test_a_phone_shows_it_without_scrolling_sideways(opened: Browser) -> None:
    opened.ask(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=740,
        deviceScaleFactor=2,
        mobile=True,
    )
    opened.js("document.getElementById('open').click()")
    assert opened.js("document.documentElement.scrollWidth") <= 360
    size = opened.js("parseFloat(getComputedStyle(document.querySelector('.thought')).fontSize)")
    assert size >= 14


def test_print_unfolds_everything(opened: Browser) -> None:
    opened.js("dispatchEvent(new Event('beforeprint'))")
    assert opened.js("document.querySelectorAll('details:not([open])').length") == 0
    opened.js("dispatchEvent(new Event('afterprint'))")
    assert opened.js("document.querySelectorAll('details.turn[open]').length") == 0
    opened.ask("Emulation.setEmulatedMedia", media="print", features=[])
    assert opened.js("getComputedStyle(document.getElementById('bar')).display") == "none"
    opened.ask("Emulation.setEmulatedMedia", media="", features=[])
    printed = base64.b64decode(opened.ask("Page.printToPDF")["data"])
    assert printed.startswith(b"%PDF")


def test_two_thousand_steps_open_fast(browser: Browser, tmp_path: Path) -> None:
    thought = Thought("", made("think", 39))
    acted = Acted("go north", made("act", 5))
    turns = (step_of(n, f"-= Room {n} =- " + "a b c " * 60, thought, acted) for n in range(2000))
    page.write(tmp_path / "long.html", OVERVIEW, turns, budget=640, many=2000)
    browser.ask("Performance.enable", timeDomain="threadTicks")
    browser.open(tmp_path / "long.html")
    assert browser.js("document.querySelectorAll('details.turn').length") == 2000
    metrics = browser.ask("Performance.getMetrics")["metrics"]
    spent = {each["name"]: each["value"] for each in metrics}
    size = (tmp_path / "long.html").stat().st_size
    print(f"{size / 2e6:.2f} kB a step, {spent['TaskDuration']:.2f} s of the page's own thread")
    assert spent["TaskDuration"] < 5  # seconds of processor time, whatever else runs here
    assert size / 2000 < 6_000


def made(purpose: str, tokens: int) -> Generated:
    bursts = tuple(Burst((Token(n, " word", -0.12, None),), 0) for n in range(tokens))
    return Generated(purpose, "slow", "stop_string", 100, bursts, 0.1)  # type: ignore[arg-type]
