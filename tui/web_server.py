"""textual-serve's server, answering only pages of its own that are opened on this machine.

A server on localhost is within reach of every page that a browser has open: by a name of the page's own
that resolves to 127.0.0.1 (DNS rebinding), which the Host header tells, and by a websocket, which a
browser opens across sites, and which the Origin header tells. Needs the extra `web`.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

ADDRESS = "127.0.0.1"
NAMES = ("localhost", ADDRESS)
HTTP_PORT = 80
"""The one that browsers leave out."""


class LocalServer(Server):
    """Serves a command, a process of its own for each visit, to this machine."""

    def __init__(self, command: str, port: int, title: str) -> None:
        super().__init__(command, host=ADDRESS, port=port, title=title)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(only_for(self.port))
        return app


def only_for(port: int) -> Middleware:
    """What refuses requests for another host than this one, and those of other sites' pages."""
    hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == HTTP_PORT else set())
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.host not in hosts:
            raise web.HTTPForbidden(text=f"open http://localhost:{port}/ instead")
        if origin is not None and origin not in origins:
            raise web.HTTPForbidden(text="another site's page may not play here")
        return await handler(request)

    return checked
