"""The sandbox, attacked: by paths, by links of every kind, by somebody who swaps things meanwhile."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envs.tools.sandbox import MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, Refused, Sandbox

SECRET = "the secret of the house"

OUTSIDE = [
    "../secret.txt",
    "notes/../../secret.txt",
    "./notes.txt",
    "..",
    "...",
    "/etc/passwd",
    "//etc/passwd",
    "/",
    "~/.bashrc",
    "notes//a.txt",
    "notes/./a.txt",
    "..\\secret.txt",
    "a\x00b",
    "a\nb",
    "%2e%2e/secret.txt",
    "\u2024\u2024/secret.txt",
    "\uff0e\uff0e/secret.txt",
    "..;/secret.txt",
    "$HOME/x",
    "`id`",
    ".hidden",
    ".writing-1",
    "a" * 300,
    "/".join("abcdefgh"),
    "file:///etc/passwd",
    "C:\\x",
    "",
    "notes/",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory to work in, beside a secret."""
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "deep.txt").write_text(SECRET)
    inside = tmp_path / "inside"
    (inside / "notes").mkdir(parents=True)
    (inside / "notes" / "a.txt").write_text("a note")
    return inside


@pytest.fixture
def sandbox(root: Path) -> Iterator[Sandbox]:
    made = Sandbox(root)
    yield made
    made.close()


def everything(root: Path) -> dict[str, bytes]:
    """All that lies outside: no test may change it."""
    top = root.parent
    return {
        str(path): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.is_relative_to(root)
    }


@pytest.mark.parametrize("path", OUTSIDE)
def test_paths_that_lead_out_or_are_none_are_refused(
    path: str, sandbox: Sandbox, root: Path
) -> None:
    before = everything(root)
    with pytest.raises(Refused):
        sandbox.read(path)
    with pytest.raises(Refused):
        sandbox.write(path, "overwritten")
    if path not in ("", "notes/"):
        with pytest.raises(Refused):
            sandbox.entries(path)
    assert everything(root) == before
    assert [entry.path for entry in sandbox.files()] == ["notes/a.txt"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(path=st.text(alphabet="./a~\\ \x00é%2e", max_size=12) | st.text(max_size=20))
def test_no_path_at_all_leads_out(path: str, sandbox: Sandbox, root: Path) -> None:
    before = everything(root)
    with suppress(Refused):
        assert SECRET not in sandbox.read(path)
    with suppress(Refused):
        sandbox.write(path, "x")
    with suppress(Refused):
        assert all(not entry.path.startswith(("/", ".")) for entry in sandbox.entries(path))
    assert everything(root) == before


@pytest.mark.parametrize("target", ["../secret.txt", "absolute", "loop", "missing", "../outside"])
def test_symbolic_links_are_not_followed(target: str, sandbox: Sandbox, root: Path) -> None:
    link = root / "link.txt"
    link.symlink_to(root.parent / "secret.txt" if target == "absolute" else target)
    (root / "loop").symlink_to("loop")
    before = everything(root)
    for act in (
        lambda: sandbox.read("link.txt"),
        lambda: sandbox.write("link.txt", "overwritten"),
        lambda: sandbox.entries("link.txt"),
        lambda: sandbox.read("link.txt/deep.txt"),
        lambda: sandbox.write("link.txt/deep.txt", "overwritten"),
    ):
        with pytest.raises(Refused):
            act()
    assert "link.txt" not in [entry.path for entry in (*sandbox.entries(), *sandbox.files())]
    assert everything(root) == before
    assert link.is_symlink()


def test_a_linked_directory_is_not_entered_at_any_depth(sandbox: Sandbox, root: Path) -> None:
    (root / "notes" / "out").symlink_to(root.parent / "outside")
    before = everything(root)
    for path in ("notes/out/deep.txt", "notes/out/new.txt"):
        with pytest.raises(Refused):
            sandbox.read(path)
        with pytest.raises(Refused):
            sandbox.write(path, "x")
    assert everything(root) == before
    assert [entry.path for entry in sandbox.files()] == ["notes/a.txt"]


def test_a_second_name_of_a_file_from_outside_is_no_way_in(sandbox: Sandbox, root: Path) -> None:
    os.link(root.parent / "secret.txt", root / "hard.txt")
    with pytest.raises(Refused, match="'hard.txt' is no plain file"):
        sandbox.read("hard.txt")
    with pytest.raises(Refused, match="'hard.txt' is no plain file"):
        sandbox.write("hard.txt", "overwritten")
    assert (root.parent / "secret.txt").read_text() == SECRET


def test_pipes_sockets_and_directories_are_no_files_and_nothing_waits(
    sandbox: Sandbox, root: Path
) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening, suppress(OSError):
        listening.bind(str(root / "socket"))
    for name in ("pipe", "socket", "notes"):
        with pytest.raises(Refused):
            sandbox.read(name)
        with pytest.raises(Refused):
            sandbox.write(name, "x")
    assert [entry.path for entry in sandbox.entries()] == ["notes"]


def _swapping(root: Path, stop: threading.Event) -> None:
    """Turn notes/ into a link to the outside and back, and notes/a.txt likewise, all the time."""
    link = root.parent / "link"
    while not stop.is_set():
        with suppress(OSError):
            link.symlink_to(root.parent / "outside")
            (root / "notes").rename(root.parent / "kept")
            link.rename(root / "notes")
            (root / "notes").unlink()
            (root.parent / "kept").rename(root / "notes")


def _swapping_file(root: Path, stop: threading.Event) -> None:
    file, link = root / "b.txt", root.parent / "link-b"
    while not stop.is_set():
        with suppress(OSError):
            link.symlink_to(root.parent / "secret.txt")
            link.rename(file)
            file.unlink()
            file.write_text("plain")


@pytest.mark.parametrize(
    ("swap", "path"), [(_swapping, "notes/deep.txt"), (_swapping_file, "b.txt")]
)
def test_who_swaps_things_meanwhile_gains_nothing(
    swap: object, path: str, sandbox: Sandbox, root: Path
) -> None:
    before = everything(root)
    stop = threading.Event()
    assert callable(swap)
    thread = threading.Thread(target=swap, args=(root, stop))
    thread.start()
    refused = written = 0
    try:
        for _ in range(1_500):
            try:
                assert SECRET not in sandbox.read(path)
            except Refused:
                refused += 1
            try:
                sandbox.write(path, "mine")
                written += 1
            except Refused:
                refused += 1
            for entry in sandbox.files():
                assert entry.path in ("notes/a.txt", "notes/deep.txt", "b.txt")
    finally:
        stop.set()
        thread.join()
    for kept in ("kept", "link", "link-b"):
        leftover = root.parent / kept
        if leftover.is_symlink():
            leftover.unlink()
    after = {path: text for path, text in everything(root).items() if "/kept/" not in path}
    assert after == before
    assert refused > 0
    assert written > 0


def test_what_is_written_is_read_whole_and_for_its_owner_alone(
    sandbox: Sandbox, root: Path
) -> None:
    for text in ("", "one\ntwo\n", "Grüße ☃ 𝄞", "a\tb\r\n"):
        sandbox.write("new/deep/file.txt", text)
        assert sandbox.read("new/deep/file.txt") == text
    path = root / "new" / "deep" / "file.txt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]  # nothing temporary is left
    (root / "bytes.bin").write_bytes(b"\xff\xfe")
    assert sandbox.read("bytes.bin") == "\\xff\\xfe"


def test_there_is_room_for_so_much_and_no_more(sandbox: Sandbox, root: Path) -> None:
    with pytest.raises(Refused, match=f"too many for a file: {MAX_FILE_BYTES} at most"):
        sandbox.write("big.txt", "x" * (MAX_FILE_BYTES + 1))
    (root / "big.txt").write_text("x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(Refused, match="longer than"):
        sandbox.read("big.txt")
    for number in range(MAX_FILES):
        (root / f"f{number}").touch()
    with pytest.raises(Refused, match="no more can be made"):
        sandbox.write("d1/d2/one-more.txt", "x")
    assert not (root / "d1").exists()
    sandbox.write("f0", "one that is there may be written")
    with pytest.raises(Refused, match=f"at most {MAX_DEPTH} names deep"):
        sandbox.write("/".join("abcdefg"), "x")


def test_a_closed_sandbox_does_nothing(sandbox: Sandbox) -> None:
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    sandbox.close()
    sandbox.close()
    with pytest.raises(Refused, match="closed"):
        sandbox.read("notes/a.txt")
    if before:
        assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


def test_no_descriptor_is_left_open(sandbox: Sandbox, root: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("no /proc here")
    (root / "link").symlink_to("..")
    before = len(list(folder.iterdir()))
    for path in ("notes/a.txt", "notes", "link/secret.txt", "no/where", "../x", "new/b.txt"):
        for act in (sandbox.read, sandbox.entries, lambda path: sandbox.write(path, "x")):
            with suppress(Refused):
                act(path)
    sandbox.files()
    assert len(list(folder.iterdir())) == before
