"""Names to environments, with plugins that are broken in every way."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

import envs
from envs import extras, registry
from envs.errors import EnvUnavailable, UnknownEnvironment
from envs.spec import Spec


class Fine:
    """A third party's suite, whose environment is the spec that it was asked for."""

    def names(self) -> list[tuple[str, str]]:
        return [("game", "a game from elsewhere")]

    def make(self, spec: Spec) -> Spec:
        return spec


class Faulty(Fine):
    def names(self) -> list[tuple[str, str]]:
        raise RuntimeError("no names today")

    def make(self, spec: Spec) -> Spec:
        raise RuntimeError("no games today")

    def samples(self) -> list[str]:
        raise RuntimeError("no samples today")

    def missing(self) -> str | None:
        raise RuntimeError("no answer today")


class Leaving(Fine):
    def names(self) -> list[tuple[str, str]]:
        raise SystemExit(4)

    def make(self, spec: Spec) -> Spec:
        raise SystemExit(4)


fine = other = Fine()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def add(**points: object) -> None:
        """Register objects, or exceptions to raise at import, as plugins."""

        class Point:
            def __init__(self, name: str, thing: object) -> None:
                self.name, self.thing = name, thing
                self.value = f"somewhere:{name}"

            def load(self) -> object:
                if isinstance(self.thing, BaseException):
                    raise self.thing
                return self.thing

        found = [Point(name, thing) for name, thing in points.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)

    return add


def test_the_built_in_environments_are_available() -> None:
    names = [name for name, _ in envs.available()]
    assert names == sorted(names)
    assert {f"textworld/{f}" for f in ("coin-collector", "cooking", "custom", "simple")} < set(
        names
    )
    assert all(summary and "\n" not in summary for _, summary in envs.available())
    assert registry.broken() == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("textworld/cookin", "'textworld/cooking'"),
        ("textwrold/cooking", "'textworld/cooking'"),
        ("textworld/coin_collector", "'textworld/coin-collector'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownEnvironment) as error:
        envs.make(name)
    assert str(error.value).startswith(f"unknown environment {name!r}; did you mean {nearest}")
    if name.startswith("textworld/"):
        assert "textworld/treasure-hunter" in str(error.value)  # and with all that there are


def test_a_name_that_is_like_nothing_is_told_how_to_get_the_list() -> None:
    with pytest.raises(
        UnknownEnvironment,
        match=r"unknown environment 'qq/zzzz'\. `steno envs list` names all \d+$",
    ):
        envs.make("qq/zzzz")


def test_a_plugin_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", f"{__name__}:fine", registry.GROUP)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    assert ("mine/game", "a game from elsewhere") in envs.available()


def test_a_class_is_taken_for_a_suite_too(install: Callable[..., None]) -> None:
    install(mine=Fine)
    assert ("mine/game", "a game from elsewhere") in envs.available()
    made: object = envs.make("mine/game?a=1")
    assert made == Spec.parse("mine/game?a=1")


def test_a_broken_plugin_hides_no_other(install: Callable[..., None]) -> None:
    install(
        broken=ImportError("no module named 'left_pad'\nsecond line"),
        faulty=Faulty(),
        odd=3,
        quits=SystemExit(3),
        leaves=Leaving(),
        mine=fine,
    )
    names = [name for name, _ in envs.available()]
    assert "mine/game" in names
    assert "textworld/cooking" in names
    assert dict(registry.broken()) == {
        "broken": "the environment suite 'broken' does not load (ImportError: no module named "
        "'left_pad'): repair or uninstall its package",
        "faulty": "its names() raised RuntimeError: no names today",
        "leaves": "its names() raised SystemExit: 4",
        "odd": "the environment suite 'odd' is a int without names() and make(): its entry point "
        "in 'steno.envs' must give a suite object",
        "quits": "the environment suite 'quits' does not load (SystemExit: 3): repair or uninstall its "
        "package",
    }
    with pytest.raises(EnvUnavailable, match="'broken' does not load"):
        envs.make("broken/game")
    with pytest.raises(EnvUnavailable, match="suite 'leaves' raised SystemExit: 4"):
        envs.make("leaves/game")
    with pytest.raises(UnknownEnvironment, match="did you mean 'mine/game'"):
        envs.make("mind/game")


def test_a_plugin_cannot_take_a_built_in_name(install: Callable[..., None]) -> None:
    install(textworld=fine)
    assert "textworld/game" not in [name for name, _ in envs.available()]
    [(suite, told)] = registry.broken()
    assert suite == "textworld"
    assert told == (
        "somewhere:textworld brings a suite of this name, too, and is not used: "
        "envs.textworld:suite has it; uninstall one of the two"
    )


def test_of_two_plugins_with_one_name_the_first_is_used_and_the_other_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = [
        EntryPoint("mine", f"{__name__}:{thing}", registry.GROUP) for thing in ("other", "fine")
    ]
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert ("mine/game", "a game from elsewhere") in envs.available()
    [(suite, told)] = registry.broken()
    assert suite == "mine"
    assert told.startswith(f"{__name__}:other brings a suite of this name, too, and is not used")


def test_what_a_plugin_raises_when_asked_is_an_error_that_names_it(
    install: Callable[..., None],
) -> None:
    install(faulty=Faulty())
    for ask in (
        lambda: envs.make("faulty/game"),
        lambda: registry.samples("faulty"),
        lambda: registry.missing("faulty"),
    ):
        with pytest.raises(EnvUnavailable, match="suite 'faulty' raised RuntimeError: no .* today"):
            ask()


def test_samples_are_a_suites_own_or_its_names(install: Callable[..., None]) -> None:
    install(mine=fine)
    assert registry.samples("mine") == ["mine/game"]
    assert registry.missing("mine") is None
    assert "nethack/score?role=any" in registry.samples("nethack")
    with pytest.raises(UnknownEnvironment, match="unknown environment 'mein'"):
        registry.samples("mein")


def test_an_extra_that_is_missing_is_told_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    for suite, library in (
        ("babyai", "minigrid"),
        ("jericho", "jericho"),
        ("nethack", "nle"),
        ("reasoning", "reasoning_gym"),
    ):
        told = f"{library} is not installed: pip install 'steno-agent[{suite}]'"
        assert registry.missing(suite) == told
    assert len([name for name, _ in envs.available() if name.startswith("babyai/")]) > 90
    with pytest.raises(EnvUnavailable, match=r"pip install 'steno-agent\[reasoning\]'"):
        envs.make("reasoning/chain_sum")
    with pytest.raises(EnvUnavailable, match=r"pip install 'steno-agent\[nethack\]'"):
        envs.make("nethack/score").reset(seed=10_000)


def test_importing_and_parsing_load_no_library() -> None:
    code = (
        "import sys, envs, envs.registry\n"
        "envs.Spec.parse('textworld/cooking?go=6')\n"
        "heavy = {'gymnasium', 'numpy', 'textworld', 'pydantic', 'torch', 'agent', 'memory'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert len(envs.available()) >= 5\n"
        "heavy -= {'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "envs.make('textworld/cooking')\n"
        "heavy -= {'gymnasium', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
