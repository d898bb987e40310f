"""The MCP server, as a client sees it: in memory, and over stdio in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from memory import Add, Delete, MemoryFile, MemoryFileMissing, Rewrite, Scope
from memory.server import Served, build, serve
from tests.memory.world import World

mcp = pytest.importorskip("mcp")


@pytest.fixture
def filled(world: World) -> World:
    world.add("k", "door", "locked", Scope(world.file.bank("job", "cook")))
    world.add("l", "secret", "door code 1234", Scope(world.file.bank("person", "ada")))
    return world


async def call(server: Any, tool: str, **arguments: object) -> Any:
    from mcp.client import Client

    async with Client(server) as client:
        result = await client.call_tool(tool, arguments)
        text = "".join(part.text for part in result.content if part.type == "text")
        return text if result.is_error else result.structured_content


async def test_a_client_searches_and_reads_the_banks_it_was_given(filled: World) -> None:
    served = Served(filled.file, [filled.file.bank("job", "cook")], None)
    server = build(served, writing=False)
    found = (await call(server, "search_notes", query="the door"))["result"]
    assert [note["title"] for note in found] == ["door"]
    assert (await call(server, "list_banks"))["result"] == ["job/cook"]
    whole = await call(server, "read_note", uid=found[0]["uid"])
    assert whole["history"][0]["op"] == "add"
    assert [n["title"] for n in (await call(server, "recent_notes"))["result"]] == ["door"]
    secret = filled.file.live_notes(Scope(filled.file.bank("person", "ada")))[0]
    refused = await call(server, "read_note", uid=secret.uid)
    assert "outside the scope" in refused
    assert "1234" not in refused
    everything = build(Served(filled.file, [], None), writing=False)
    assert len((await call(everything, "search_notes", query="door"))["result"]) == 2


async def test_it_writes_only_with_a_flag_and_a_bank(filled: World) -> None:
    bank = filled.file.bank("job", "cook")
    reading = build(Served(filled.file, [bank], None), writing=False)
    assert "add_note" not in {tool.name for tool in await reading.list_tools()}
    writing = build(Served(filled.file, [bank], filled.file), writing=True)
    for new in (True, False):
        added = await call(writing, "add_note", title="oven", body="is hot")
        assert (added["bank"], added["state"], added["added"]) == ("job/cook", "live", new)
    assert [n.title for n in filled.file.live_notes(Scope(bank))] == ["door", "oven"]
    version = filled.file.versions(Scope(bank), added["uid"])[0]
    assert (version.actor, version.reason) == ("agent", "added over MCP")
    filled.file.set_approval(bank, True)
    assert (await call(writing, "add_note", title="pan", body="is big"))["state"] == "proposed"
    assert "note body is empty" in await call(writing, "add_note", title="x", body=" ")


async def test_what_a_note_says_already_is_answered_with_that_note(filled: World) -> None:
    """As in the loop: an echo writes nothing, whether of the bank or of one that is only read."""
    cook, person = filled.file.bank("job", "cook"), filled.file.bank("person", "ada")
    [door] = filled.file.live_notes(Scope(cook))
    [secret] = filled.file.live_notes(Scope(person))
    server = build(Served(filled.file, [person, cook], filled.file), writing=True)
    before = filled.dump()
    for uid, title, body in (
        (door.uid, "Door", " locked."),
        (secret.uid, "1. secret", "Door code 1234"),
        (door.uid, "Door", " locked."),
    ):
        answer = await call(server, "add_note", title=title, body=body)
        assert (answer["uid"], answer["added"]) == (uid, False)
    assert filled.dump() == before
    alone = build(Served(filled.file, [cook], filled.file), writing=True)
    answer = await call(alone, "add_note", title="secret", body="door code 1234")
    assert answer["added"], "a bank out of scope is not even hinted at"


async def test_what_a_person_deleted_is_not_written_again_by_the_same_call(filled: World) -> None:
    cook = filled.file.bank("job", "cook")
    server = build(Served(filled.file, [cook], filled.file), writing=True)
    added = await call(server, "add_note", title="oven", body="is hot")
    filled.file.edit(Scope(cook), key="d", edits=[Delete(added["uid"], 1)], reason="it is not")
    before = filled.dump()
    told = await call(server, "add_note", title="oven", body="is hot")
    assert f"note {added['uid']} said this and was deleted at 20" in told
    assert filled.dump() == before
    answer = await call(server, "add_note", title="oven", body="is hot again")
    assert answer["added"]
    edits = [Rewrite(answer["uid"], 1, "is cold")]
    filled.file.edit(Scope(cook), key="r", edits=edits, reason="it is")
    answer = await call(server, "add_note", title="oven", body="is hot again")
    assert (answer["body"], answer["version"], answer["added"]) == ("is cold", 2, False)


def test_serving_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(MemoryFileMissing):
        serve(tmp_path / "none.sqlite", [], "job/cook")
    assert list(tmp_path.iterdir()) == []


async def test_the_command_serves_over_stdio_while_a_run_writes(tmp_path: Path) -> None:
    from mcp import StdioServerParameters
    from mcp.client import Client
    from mcp.client.stdio import stdio_client

    path = tmp_path / "memory.sqlite"
    with MemoryFile.open(path) as file:
        scope = Scope(file.bank("job", "cook"))
        file.edit(scope, key="k", edits=[Add("door", "locked")], reason="r")
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-c", "from memory.commands import app; app()", "serve", str(path)],
            cwd=str(Path(__file__).parents[2]),
        )
        async with Client(stdio_client(parameters)) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {
                "list_banks",
                "search_notes",
                "recent_notes",
                "read_note",
            }
            file.edit(scope, key="l", edits=[Add("lamp", "lit")], reason="r")
            result = await client.call_tool("search_notes", {"query": "lamp"})
            assert json.loads(json.dumps(result.structured_content))["result"][0]["body"] == "lit"


def test_without_the_package_it_says_what_to_install(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(Exception, match=r"pip install 'steno-agent\[mcp\]'"):
        build(Served(filled.file, [], None), writing=False)
