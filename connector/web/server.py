"""Serving an application until asked to stop; the passes that follow webhooks run beside it.

The main thread only watches for the signal to stop: uvicorn and the passes have a thread each.
https://www.uvicorn.org/settings/
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.errors import ConnectorError
from connector.operations.follow import Follower
from connector.world import Listener, World

TICK_S = 0.2
CLOSING_S = 10
# Connections at a time, those included on which nothing has been asked yet; who comes on top is answered 503.
LARGEST_CROWD = 500
PATIENCE_S = 10


class Connection(H11Protocol):
    """Cut off after `PATIENCE_S` without a request under way, whatever drips in meanwhile: uvicorn alone waits for the
    rest of a head, or of a body that was answered already, for ever."""

    _patience: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._patience.cancel()

    def on_response_complete(self) -> None:
        # Before the next request is looked at, which may have come already.
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(PATIENCE_S, self.transport.abort)


class WebServer:
    """uvicorn in a thread. It logs nothing: what is to be known is told by the application."""

    def __init__(self, app: Starlette, listener: Listener) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level=logging.CRITICAL,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=LARGEST_CROWD,
            timeout_graceful_shutdown=CLOSING_S,
        )
        self.listener = listener
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="webhooks", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take no more connections, and answer the requests at hand."""
        self._server.should_exit = True
        self._thread.join()


def open_listener(world: World, host: str, port: int) -> Listener:
    """Raises `ConnectorError` where the address cannot be had."""
    try:
        return world.listen(host, port)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConnectorError(f"cannot listen on {host}, port {port}: {why}") from None


def serve_until_stopped(
    server: WebServer, follower: Follower, should_stop: Callable[[], bool], world: World
) -> None:
    """Serve and follow until `should_stop`; what is at hand is finished. Raises `ConnectorError` if either ends first."""
    passes = threading.Thread(target=follower.run, name="passes", daemon=True)
    passes.start()
    server.start()
    alive = True
    while alive and not should_stop():
        world.sleep(TICK_S)
        alive = server.is_alive() and passes.is_alive()
    follower.stop()
    server.stop()
    passes.join()
    if not alive:
        raise ConnectorError("serving ended by itself; start it again, nothing is lost")
