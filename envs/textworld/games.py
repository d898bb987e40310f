"""The cache of built games: each is built once, whoever asks, and checked when used.

A game's folder is named by a hash of everything that decides its content. In it, `entry.json`
names the two files of the game and their SHA-256. The files are named by their content and the
entry is written last, by an atomic rename: a reader sees a whole game or none, and builders that
meet overwrite each other with the same thing. What does not match its hash is built again.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import platformdirs

from envs.errors import EnvUnavailable, GameNotBuildable, MachineFault
from envs.textworld.worker import MACHINE

# Part of every key. A new number whenever worker.py would build another game from the same request.
BUILDER = 1

CACHE_VARIABLE = "STENO_CACHE_DIR"
BUILD_LIMIT_S = 600.0
_ROOM_BYTES = 8 * 2**20  # several times what a build leaves in its folder
_LEFTOVER_AGE_S = 2 * BUILD_LIMIT_S
_WORKER = Path(__file__).with_name("worker.py")


def games_folder() -> Path:
    """Where games are kept: `games` in $STENO_CACHE_DIR, or in the user's cache directory."""
    root = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("steno")
    return Path(root).expanduser() / "games"


def game_file(family: str, options: Mapping[str, Any], seed: int, name: str) -> Path:
    """The story file (.z8, its .json beside it) of one game, built if the cache does not have it.

    `name` is how an error calls the game. Takes milliseconds for a game that was built before,
    else some seconds. Raises `EnvUnavailable` where TextWorld is missing or takes too long,
    `GameNotBuildable` where it refuses, and `MachineFault` where the cache cannot be written or the
    builder was killed.
    """
    folder = games_folder() / _key(family, options, seed)
    job = {"family": family, "options": dict(options), "seed": seed}
    try:
        found = _verified(folder)
        if found is not None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=folder.parent) as scratch:
            _build(job, Path(scratch), name)
            _publish(Path(scratch), folder, job)
        found = _verified(folder)
    except OSError as error:
        raise MachineFault(
            f"cannot keep the game of {name} in {folder.parent} ({error.strerror or error}): "
            f"make it writable, or set {CACHE_VARIABLE} to a directory with space"
        ) from error
    if found is None:
        raise MachineFault(f"the game of {name} in {folder} does not read back as it was written")
    return found


def _key(family: str, options: Mapping[str, Any], seed: int) -> str:
    try:
        textworld = version("textworld")
    except PackageNotFoundError:
        raise EnvUnavailable(
            "TextWorld is not installed: install it with 'pip install textworld'"
        ) from None
    parts = [BUILDER, textworld, family, dict(options), seed]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _verified(folder: Path) -> Path | None:
    """The story file if the folder holds a whole game, else None, which means: build it."""
    try:
        files: dict[str, str] = json.loads((folder / "entry.json").read_text("utf-8"))["files"]
        for file, digest in files.items():
            if _digest(folder / file) != digest:
                return None
        return folder / next(file for file in files if file.endswith(".z8"))
    except (FileNotFoundError, NotADirectoryError):
        return None  # never built, or half removed
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None  # an entry that is not ours, or is cut off


def _build(job: Mapping[str, Any], scratch: Path, name: str) -> None:
    # Flags such as TEXTWORLD_DEBUG change what the compilers make and leave files behind.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TEXTWORLD_")}
    environment |= {"PYTHONHASHSEED": "0", "TMPDIR": str(scratch)}
    grammars = games_folder().with_name("grammars") / version("textworld")
    folders = {"folder": str(scratch), "grammars": str(grammars)}
    command = [sys.executable, "-P", str(_WORKER), json.dumps({**job, **folders})]
    # A session of its own, so that the compilers, which are its children, can be ended with it.
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=BUILD_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise EnvUnavailable(
            f"{name} took over {BUILD_LIMIT_S:.0f} s to build: ask for a smaller game"
        ) from None
    finally:
        if process.poll() is None:  # timed out, or interrupted from the keyboard
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode == 0:
        return
    if process.returncode < 0:
        raise MachineFault(
            f"the builder of {name} was killed by signal {-process.returncode}: see whether memory ran "
            "out, and try again"
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    tail = " / ".join(lines[-3:])[-500:] or f"exit status {process.returncode}"
    if process.returncode == MACHINE:
        raise MachineFault(f"{name} cannot be built here: {tail}")
    # The compilers are processes of their own: of a full disk they say only that they failed.
    _write_something(scratch)
    raise GameNotBuildable(f"{name} does not build, try another seed or smaller options: {tail}")


def _write_something(scratch: Path) -> None:
    """Raise OSError where a disk has no room for what a build needs."""
    probe = scratch / "probe"
    with probe.open("wb") as file:
        file.write(bytes(_ROOM_BYTES))
        file.flush()
        os.fsync(file.fileno())
    probe.unlink()


def _publish(scratch: Path, folder: Path, job: Mapping[str, Any]) -> None:
    digests = {suffix: _digest(scratch / f"game{suffix}") for suffix in (".json", ".z8")}
    # One name for both, as TextWorld finds the .json by the story's name.
    stem = hashlib.sha256("".join(digests.values()).encode()).hexdigest()[:16]
    files = {f"{stem}{suffix}": digest for suffix, digest in digests.items()}
    for suffix in digests:
        (scratch / f"game{suffix}").replace(folder / f"{stem}{suffix}")
    entry = scratch / "entry.json"
    entry.write_text(json.dumps({"game": job, "files": files}, indent=1) + "\n", encoding="utf-8")
    entry.replace(folder / "entry.json")


def _sweep(parent: Path) -> None:
    """Remove what builders that were killed left behind."""
    for scratch in parent.glob(".building-*"):
        with contextlib.suppress(OSError):  # somebody else may be removing it
            if time.time() - scratch.stat().st_mtime > _LEFTOVER_AGE_S:
                shutil.rmtree(scratch)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
