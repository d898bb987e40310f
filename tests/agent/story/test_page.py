"""The page: whole in one file, every text escaped, light however long the episode."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from agent.errors import StorageFailed
from agent.story import page
from agent.story.overview import Overview, overview
from agent.story.page import TEXT_CHARS, in_a_line, shown, tip
from agent.story.parts import Acted, Burst, Ended, Thought, Token, Turn
from memory import printable
from memory.render import hidden
from tests.agent.story.reading import Element, Page
from tests.agent.story.world import (
    HOSTILE,
    LONG_LINE,
    OVERVIEW,
    recording_of,
    step_of,
    told,
    turn_lists,
    wayward_run,
)

ELEMENTS = {
    "a",
    "b",
    "body",
    "button",
    "cite",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "h1",
    "head",
    "header",
    "html",
    "i",
    "input",
    "ins",
    "label",
    "li",
    "main",
    "meta",
    "meter",
    "nav",
    "ol",
    "option",
    "output",
    "p",
    "pre",
    "script",
    "select",
    "small",
    "span",
    "style",
    "summary",
    "title",
    "ul",
}
ATTRIBUTES = {
    "autocomplete",
    "charset",
    "class",
    "content",
    "data-has",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "inputmode",
    "lang",
    "max",
    "min",
    "name",
    "open",
    "title",
    "type",
    "value",
}


def written(where: Path, turns: list[Turn], told: Overview = OVERVIEW) -> str:
    file = where / "page.html"
    page.write(file, told, turns, budget=640, many=len(turns))
    return file.read_text("utf-8")


def made_of(text: str) -> Page:
    assert text.startswith("<!doctype html>\n")
    return Page(text.removeprefix("<!doctype html>\n"))


def harmless(parsed: Page) -> None:
    """Nothing in the page but its own elements; nothing loads, links elsewhere, or runs."""
    for element in parsed.every:
        assert element.tag in ELEMENTS
        assert set(element.attributes) <= ATTRIBUTES
        if "href" in element.attributes:
            assert re.fullmatch(r"#s\d+", element.attributes["href"] or "")
    assert len(parsed.root.all("script")) == len(parsed.root.all("style")) == 1
    assert len(parsed.root.all("title")) == 1


@given(turn_lists)
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_text_whatever_becomes_anything_but_text(tmp_path: Path, turns: list[Turn]) -> None:
    text = written(tmp_path, turns)
    parsed = made_of(text)
    harmless(parsed)
    assert not any(hidden(char) for char in text)
    steps = parsed.root.all("details", "turn")
    assert len(steps) == len(turns)
    for turn, element in zip(turns, steps, strict=True):
        if turn.observation is not None:
            assert element.all("pre", "saw")[-1].text == shown(turn.observation)
        thoughts = [part for part in turn.parts if isinstance(part, Thought)]
        for part, each in zip(thoughts, element.all("p", "thought"), strict=True):
            bursts = [one for one in each.inside if isinstance(one, Element)]
            assert len(bursts) == len(part.generated.bursts)
            for burst, one in zip(part.generated.bursts, bursts, strict=True):
                assert one.text == in_a_line(burst.text)
                assert one.attributes["title"] == tip(burst)
                assert one.tag == ("b" if len(burst.tokens) > 1 else "i")


def test_errors_and_titles_are_text_too(tmp_path: Path) -> None:
    hostile = Overview(HOSTILE, HOSTILE, (("outcome", HOSTILE),))
    parsed = made_of(written(tmp_path, [step_of(0, HOSTILE, Ended("error", HOSTILE))], hostile))
    harmless(parsed)
    assert [each.text for each in parsed.root.all("p", "error")] == [printable(HOSTILE)] * 2
    assert parsed.root.all("title")[0].text == printable(HOSTILE)


def test_only_the_pages_own_style_and_script_are_allowed(tmp_path: Path) -> None:
    parsed = made_of(written(tmp_path, [step_of(0, "a room")]))
    [policy] = [
        each.attributes["content"] or ""
        for each in parsed.root.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        content = parsed.root.all(tag)[0].text
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
        assert not re.search(r"https?:|url\(|@import|fetch\(|innerHTML", content)
    assert rules == {}


def test_a_burst_says_what_its_tokens_are(tmp_path: Path) -> None:
    tokens = (Token(7, " in", -0.25, None), Token(8, "\n", None, True), Token(9, "", -1.0, False))
    assert tip(Burst(tokens, 0)) == " in: -0.25\n↵: ? agrees\n9: -1.00 differs"
    assert tip(Burst(tokens[:1], 0)) == "-0.25"


def test_a_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    parsed = made_of(written(tmp_path, [step_of(0, LONG_LINE)]))
    [seen] = parsed.root.all("pre", "saw")
    assert seen.text.startswith("x" * TEXT_CHARS)
    assert f"[... {100_000 - TEXT_CHARS} more characters" in seen.text
    assert len(seen.text) < TEXT_CHARS + 200


def test_a_real_run_is_all_there(tmp_path: Path) -> None:
    done = wayward_run(tmp_path / "run", steps=20)
    turns = told(done.path)
    with recording_of(done.path) as recording:
        text = written(tmp_path, turns, overview(recording))
    parsed = made_of(text)
    harmless(parsed)
    steps = parsed.root.all("details", "turn")
    assert [step.attributes["id"] for step in steps] == [f"s{n}" for n in range(22)]
    assert len(parsed.root.all("div", "pruned")) >= done.rows[0].prunes > 0
    assert parsed.root.all("ul", "noted")
    assert parsed.root.all("p", "refused")
    assert parsed.root.all("pre", "entered")
    # Each step can be found by what it holds, and each link leads to a step.
    assert {"notes", "refused", "pruned", "score"} <= {
        word for step in steps for word in (step.attributes["data-has"] or "").split()
    }
    ids = {step.attributes["id"] for step in steps}
    links = {(each.attributes["href"] or "")[1:] for each in parsed.root.all("a")}
    assert links
    assert links <= ids
    actions = [part.action for turn in turns for part in turn.parts if isinstance(part, Acted)]
    assert [each.text for each in parsed.root.all("span", "did")] == [
        "the game begins",
        *actions,
        "won",
    ]


def test_a_long_episode_is_folded_and_light(tmp_path: Path) -> None:
    tokens = [Burst((Token(1234, " token", -0.12345, None),), 0)] * 45
    thought = told_thought(tokens)
    few, many = (
        [step_of(n, "A room of an ordinary size. " * 12, thought) for n in range(count)]
        for count in (page.FEW, 400)
    )
    assert written(tmp_path, few).count(" open>") == page.FEW
    text = written(tmp_path, many)
    assert " open>" not in text
    assert len(text) / len(many) < 5_000  # bytes a step: the text itself has 600


def told_thought(bursts: list[Burst]) -> Thought:
    from agent.story.parts import Generated

    return Thought("", Generated("think", "slow", "stop_string", 100, tuple(bursts), 0.1))


def test_a_page_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    before = written(tmp_path, [step_of(0, "a room")])

    def broken() -> list[Turn]:
        raise StorageFailed("no more")

    with pytest.raises(StorageFailed):
        page.write(tmp_path / "page.html", OVERVIEW, (t for t in broken()), budget=1, many=1)
    assert (tmp_path / "page.html").read_text() == before
    with pytest.raises(StorageFailed, match="nowhere"):
        page.write(tmp_path / "nowhere" / "page.html", OVERVIEW, [], budget=1, many=1)
