"""The server of --web answers this machine's own pages only."""

from __future__ import annotations

import socket

import pytest

from agent.errors import ConfigError
from tui import web

pytest.importorskip("textual_serve")

from aiohttp import ClientSession
from aiohttp import web as aiohttp_web

from tui.web_server import ADDRESS, LocalServer


async def answers(path: str, **headers: str) -> int:
    """The status of one request; {port} in a header stands for the server's."""
    with socket.create_server((ADDRESS, 0)) as bound:
        port = bound.getsockname()[1]
        server = LocalServer("true", port, "Steno")
        runner = aiohttp_web.AppRunner(await server._make_app())
        await runner.setup()
        await aiohttp_web.SockSite(runner, bound).start()
        try:
            sent = {name: value.format(port=port) for name, value in headers.items()}
            url = f"http://{ADDRESS}:{port}{path}"
            async with ClientSession() as client, client.get(url, headers=sent) as told:
                return told.status
        finally:
            await runner.cleanup()


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "c3Rlbm8gc3Rlbm8gc3Rlbg==",
}


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}"])
async def test_this_machine_is_answered(host: str) -> None:
    assert await answers("/", Host=host) == 200
    assert await answers("/ws", Host=host, Origin="http://localhost:{port}", **WEBSOCKET) == 101


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/download/x"])
@pytest.mark.parametrize("host", ["evil.example:{port}", "localhost", "localhost.evil:{port}", ""])
async def test_a_name_that_only_resolves_here_is_refused(path: str, host: str) -> None:
    assert await answers(path, Host=host) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
async def test_another_sites_page_gets_no_session(origin: str) -> None:
    assert await answers("/ws", Origin=origin, **WEBSOCKET) == 403


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalServer, "initialize_logging", lambda _self: None)
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}: .*name another one"):
            web.serve(["play"], port)
