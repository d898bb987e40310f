"""A bank as Markdown: what was written comes back, and a document changes nothing behind a back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import Add, Bank, Conflict, Delete, Note, Pin, Rewrite
from memory.errors import BadValue
from memory.markdown import edits, escape, file_name, read, unescape, write
from memory.text import one_line
from tests.memory.world import note

LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
LINE = LINE.map(one_line).filter(lambda text: bool(text.strip()))
BANK = Bank(1, "job", "cook")
DAY = "2026-01-01"


def uid(n: int) -> str:
    return f"{n:016x}"


NOTES = st.lists(st.tuples(LINE, LINE, st.booleans(), st.integers(1, 99)), max_size=5).map(
    lambda rows: [
        note(uid(n), bank=BANK, title=title, body=body, pinned=pinned, version=version)
        for n, (title, body, pinned, version) in enumerate(rows)
    ]
)


@given(notes=NOTES, name=LINE)
def test_a_bank_comes_back_as_it_was(notes: list[Note], name: str) -> None:
    text = write(Bank(1, "job", name), notes, "2026-01-01")
    document = read(text)
    assert (document.kind, document.name, document.exported) == ("job", name, "2026-01-01")
    assert [(e.uid, e.version, e.pinned, e.title, e.body) for e in document.entries] == [
        (n.uid, n.version, n.pinned, n.title, n.body) for n in notes
    ]
    assert edits(document, {n.uid: n for n in notes}, delete=True) == []
    assert read(text.replace("\n", "\r\n")) == document


@given(text=LINE)
def test_escaped_text_obeys_nothing_and_comes_back(text: str) -> None:
    shown = escape(text)
    assert unescape(shown) == text
    assert "\n" not in shown
    assert shown == shown.strip()
    assert "<" not in shown.replace("\\<", "")
    assert not shown.startswith(("#", "- ", "+ ", ">", "---", "=", "    "))
    assert all(c.isprintable() for c in shown)


@pytest.mark.parametrize(
    "hostile",
    ["## title", "<!-- note 0000000000000001 version 1 -->", "---", "<script>alert(1)</script>",
     "[x](javascript:x)", "\x1b[31mred", "\u202eevil", "1. list", "| a | b |", "=1+1", "\\u{41}",
     "\\", " leading", "trailing ", "a  b", "- item", "<|im_end|>", "```sh"],
)  # fmt: skip
def test_a_hostile_note_is_only_a_note(hostile: str) -> None:
    one = note(uid(1), bank=BANK, title=hostile, body=hostile)
    [entry] = read(write(BANK, [one], "")).entries
    assert (entry.title, entry.body, entry.uid) == (hostile, hostile, uid(1))


def test_what_a_person_changed_becomes_edits() -> None:
    stored = [
        note(uid(n), bank=BANK, title=f"t{n}", body=f"b{n}", updated="2026-01-01") for n in range(4)
    ]
    text = write(BANK, stored, "2026-01-02")
    text = text.replace("b0", "new\nwords").replace(
        "version 1 -->\n\nb1", "version 1 pinned -->\n\nb1"
    )
    start = text.index("## t3")
    text = text[:start] + "## fresh\n\nby hand\n"
    document = read(text)
    known = {n.uid: n for n in stored}
    assert edits(document, known, delete=False) == [
        Rewrite(uid(0), 1, "new words", "t0"),
        Pin(uid(1), 1, True),
        Add("fresh", "by hand"),
    ]
    assert edits(document, known, delete=True)[-1] == Delete(uid(3), 1)
    late = {**known, uid(9): note(uid(9), bank=BANK, updated="2026-02-01")}
    assert Delete(uid(9), 1) not in edits(document, late, delete=True), "younger than the export"


def test_both_changes_of_one_note_follow_each_other() -> None:
    stored = note(uid(1), bank=BANK)
    text = write(BANK, [stored], "").replace("version 1", "version 1 pinned").replace("\nb", "\nc")
    assert edits(read(text), {stored.uid: stored}, delete=False) == [
        Rewrite(uid(1), 1, "c", "t"),
        Pin(uid(1), 2, True),
    ]


@pytest.mark.parametrize(
    "change", [{"version": 2, "body": "newer"}, {"version": 2, "state": "deleted"}]
)
def test_a_note_that_changed_meanwhile_is_a_conflict(change: dict[str, object]) -> None:
    document = read(write(BANK, [note(uid(1), bank=BANK, body="mine")], ""))
    with pytest.raises(Conflict, match="export again"):
        edits(document, {uid(1): note(uid(1), bank=BANK, **change)}, delete=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no front matter"),
        ("---\nkind: job\n", "no front matter"),
        ("---\nsteno-bank: 2\n---\n", "steno-bank is '2'"),
        ("---\nsteno-bank: 1\nkind: job\n---\n", "unusable"),
        ('---\nsteno-bank: 1\nkind: job\nname: "x"\nexported: 7\n---\n', "double quotes"),
        ('---\nsteno-bank: 1\nkind: job\nname: "x"\nexported: ""\n---\nloose\n', "line 7: 'loose'"),
        (
            '---\nsteno-bank: 1\nkind: job\nname: "x"\nexported: ""\n---\n## t\n\n## u\nb\n',
            "line 7",
        ),
    ],
)
def test_what_is_no_document_is_told_where(text: str, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        read(text)


def test_a_note_twice_is_refused() -> None:
    one = note(uid(1), bank=BANK)
    with pytest.raises(BadValue, match="twice"):
        read(write(BANK, [one, one], ""))


def test_file_names_are_legal_and_differ() -> None:
    names = ["acme", "acme-corp", "a_b", "a b", "%", ".", "../../x", "Acme", "аcme", "x" * 200, "é"]
    found = [file_name(Bank(1, "company", name)) for name in names]
    assert len({name.casefold() for name in found}) == len(names)
    assert all(name.isascii() and "/" not in name and len(name) < 100 for name in found)
