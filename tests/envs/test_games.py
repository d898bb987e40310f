"""The cache of games: whole or absent, whoever builds, whatever happens to its files."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from envs.errors import EnvUnavailable, GameNotBuildable, MachineFault
from envs.textworld import games, worker
from envs.textworld.games import CACHE_VARIABLE, game_file, games_folder

SEED = 10_000
TINY = {"rooms": 1, "objects": 1, "quest_length": 1}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A stand-in for the compiler: the seeds that were built, in order."""
    seeds: list[int] = []

    def build(job: Mapping[str, Any], scratch: Path, name: str) -> None:
        seeds.append(job["seed"])
        (scratch / "game.z8").write_bytes(b"story %d" % job["seed"])
        (scratch / "game.json").write_text(json.dumps(job))

    monkeypatch.setattr(games, "_build", build)
    return seeds


def get(seed: int = SEED, **options: int) -> Path:
    return game_file("custom", {**TINY, **options}, seed, f"textworld/custom with seed {seed}")


def test_a_game_is_built_once(cache: Path, builds: list[int]) -> None:
    story = get()
    assert story.read_bytes() == b"story 10000"
    assert story.with_suffix(".json").is_file()  # where TextWorld looks for it
    assert get() == story
    assert builds == [SEED]
    assert story.is_relative_to(cache / "games")
    assert not list(games_folder().glob(".building-*"))


def test_another_request_is_another_game(
    cache: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {get().parent, get(SEED + 1).parent, get(rooms=2).parent}
    monkeypatch.setattr(games, "BUILDER", games.BUILDER + 1)
    folders.add(get().parent)
    monkeypatch.setattr(games, "version", lambda name: "99.0")
    folders.add(get().parent)
    assert len(folders) == 5


@pytest.mark.parametrize(
    "harm",
    [
        lambda story: story.write_bytes(story.read_bytes()[:3]),
        lambda story: story.unlink(),
        lambda story: story.with_suffix(".json").write_text("{}"),
        lambda story: (story.parent / "entry.json").write_text('{"files": {"a'),
        lambda story: (story.parent / "entry.json").write_text("{}"),
        lambda story: (story.parent / "entry.json").write_text("[]"),
        lambda story: (story.parent / "entry.json").write_text('{"files": {}}'),
        lambda story: (story.parent / "entry.json").write_bytes(b"\xff\xfe"),
        lambda story: (story.parent / "entry.json").unlink(),
    ],
)
def test_a_damaged_game_is_built_again(
    cache: Path, builds: list[int], harm: Callable[[Path], object]
) -> None:
    story = get()
    harm(story)
    assert get().read_bytes() == b"story 10000"
    assert get().with_suffix(".json").read_text() != "{}"
    assert builds == [SEED, SEED]


def test_a_build_that_is_cut_short_leaves_nothing(
    cache: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing of a game may be visible before all of it is: the entry comes last.
    whole = Path.replace

    def power_cut(self: Path, target: Path) -> Path:
        if Path(target).name == "entry.json":
            raise KeyboardInterrupt
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", power_cut)
    with pytest.raises(KeyboardInterrupt):
        get()
    monkeypatch.undo()
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    assert not list(cache.rglob("entry.json"))
    assert not list(cache.rglob(".building-*"))


def test_a_reader_never_meets_half_a_game(cache: Path, builds: list[int]) -> None:
    # Builders and readers of one game at once: each gets a story that is whole when it looks.
    def check(_: int) -> bytes:
        return get().read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(check, range(200))) == {b"story 10000"}


def test_a_cache_that_cannot_be_written_is_named(cache: Path, builds: list[int]) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(EnvUnavailable) as error:
        get()
    assert str(cache / "games") in str(error.value)
    assert "STENO_CACHE_DIR" in str(error.value)


def test_a_full_disk_is_named_and_damages_nothing(
    cache: Path, builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = get()

    def full(job: Mapping[str, Any], scratch: Path, name: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(games, "_build", full)
    with pytest.raises(EnvUnavailable, match="No space left on device"):
        get(SEED + 1)
    assert get() == story


@pytest.mark.parametrize(
    ("ends", "kind"),
    [
        ("sys.exit(1)", GameNotBuildable),  # TextWorld's own refusal
        ("sys.exit(3)", MachineFault),  # what the worker says of an OSError
        ("os.kill(os.getpid(), 9)", MachineFault),  # out of memory, for instance
    ],
)
def test_whose_fault_it_is(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str, kind: type[Exception]
) -> None:
    builder = tmp_path / "builder.py"
    builder.write_text(f"import os, sys\nprint('SomeError: no')\nsys.stdout.flush()\n{ends}\n")
    monkeypatch.setattr(games, "_WORKER", builder)
    with pytest.raises(EnvUnavailable) as error:
        get()
    assert type(error.value) is kind


def test_a_compiler_that_failed_on_a_full_disk_is_no_refusal(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = tmp_path / "builder.py"
    builder.write_text("raise SystemExit(1)")
    monkeypatch.setattr(games, "_WORKER", builder)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineFault, match="No space left on device"):
        get()


def test_the_builder_tells_the_machines_faults_from_the_games(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    job = {"family": "custom", "options": {}, "seed": 0, "folder": str(tmp_path)}
    monkeypatch.setattr(sys, "argv", ["worker", json.dumps(job | {"grammars": str(tmp_path)})])
    monkeypatch.setattr(worker, "keep_grammars", lambda _folder: None)
    monkeypatch.setattr(worker, "_die_with", lambda _parent: None)
    for error, status in ((OSError(28, "full"), worker.MACHINE), (ValueError("no quest"), 1)):

        def build(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(worker, "build", build)
        assert worker.main() == status
        assert str(error) in capfd.readouterr().out


def test_a_missing_textworld_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(games, "version", missing)
    with pytest.raises(EnvUnavailable, match="pip install textworld"):
        get()


def test_what_killed_builders_left_is_swept(cache: Path, builds: list[int]) -> None:
    old, new = games_folder() / ".building-old", games_folder() / ".building-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "game.ni").touch()
    day_ago = time.time() - 86_400
    os.utime(old, (day_ago, day_ago))
    get()
    assert not old.exists()
    assert new.exists()  # somebody may be at work in it


def test_the_users_cache_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: f"{tmp_path}/{name}")
    assert games_folder() == tmp_path / "steno" / "games"


def test_a_game_that_cannot_be_made_says_why(
    cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvUnavailable) as error:
        game_file(
            "custom", {**TINY, "rooms": -1}, SEED, "textworld/custom?rooms=-1 with seed 10000"
        )
    message = str(error.value)
    assert message.startswith(
        "textworld/custom?rooms=-1 with seed 10000 does not build, try another"
    )
    assert "Error: " in message  # the builder's own last words
    assert "\n" not in message
    assert len(message) < 700
    assert capfd.readouterr() == ("", "")
    assert not list(games_folder().glob(".building-*"))


def test_a_build_over_its_time_is_stopped(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(games, "BUILD_LIMIT_S", 0.2)
    began = time.monotonic()
    with pytest.raises(EnvUnavailable, match="took over 0 s to build: ask for a smaller game"):
        get()
    assert time.monotonic() - began < 5
    assert not list(games_folder().glob(".building-*"))


def test_processes_that_build_one_game_at_once_agree(
    cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Real builds, in processes that start together and hash differently."""
    code = (
        "from envs.textworld.games import game_file\n"
        f"story = game_file('custom', {TINY!r}, {SEED}, 'tiny')\n"
        "import hashlib, sys\n"
        "data = story.with_suffix('.json').read_bytes()\n"
        "sys.stdout.write(hashlib.sha256(story.read_bytes() + data).hexdigest())\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    answers = [process.communicate(timeout=100) for process in processes]
    assert len({out for out, _ in answers}) == 1
    assert len(answers[0][0]) == 64
    assert [err for _, err in answers] == ["", ""]
    assert len(list(games_folder().iterdir())) == 1
    story = get()  # whole, and not built again
    story.write_bytes(b"damaged")
    assert get().stat().st_size > 100_000  # a real build mends it
    assert capfd.readouterr() == ("", "")


# --- grammars, which are parsed once for all games ---

GRAMMAR = """
room:plain hall;dim,lit hall;old|chest <-> rusty|key;a\\nb
empty:
chest:old|chest;#room# door
"""


def rules(grammar: Any) -> list[tuple[str, list[str]]]:
    """All that TextWorld reads of a grammar, in its order."""
    return [
        (
            symbol,
            [
                f"{type(a).__name__} {a.full_form()} / {a.full_form(False)}"
                for a in each.alternatives
            ],
        )
        for symbol, each in grammar.rules.items()
    ]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """TextWorld keeps its grammars in tmp_path / "kept"; the texts that it parsed itself."""
    from textworld.textgen import TextGrammar

    texts: list[str] = []
    plain = TextGrammar.parse

    def parse(text: str, filename: str | None = None) -> Any:
        texts.append(text)
        return plain(text, filename)

    monkeypatch.setattr(TextGrammar, "parse", parse)  # and put back, whoever else replaces it
    worker.keep_grammars(tmp_path / "kept")
    return texts


def read(text: str) -> list[tuple[str, list[str]]]:
    from textworld.textgen import TextGrammar

    return rules(TextGrammar.parse(text, filename="x.twg"))


def test_a_grammar_that_is_kept_reads_as_it_was_parsed(parsed: list[str]) -> None:
    import textworld.generator.data

    found = Path(textworld.__file__).parent.rglob("*_obj.twg")
    for text in (GRAMMAR, *{path.read_text() for path in found}):
        assert read(text) == read(text)
        assert parsed == [text], "the second time it is not parsed"
        parsed.clear()


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_grammar_is_parsed_again(parsed: list[str], tmp_path: Path, damage: str) -> None:
    whole = read(GRAMMAR)
    [kept] = (tmp_path / "kept").iterdir()
    text = kept.read_text()
    kept.write_text(
        {"cut": text[:-9], "changed": text.replace("hall", "hell"), "empty": ""}[damage]
    )
    assert read(GRAMMAR) == whole
    assert len(parsed) == 2
    assert read(GRAMMAR) == whole
    assert len(parsed) == 2, "and is kept again"


def test_where_grammars_cannot_be_kept_they_are_parsed(parsed: list[str], tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")
    assert read(GRAMMAR) == read(GRAMMAR)
    assert len(parsed) == 2
