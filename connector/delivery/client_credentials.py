"""Access tokens that an app asks for itself, with its secret or its key: no consent, no refresh token, nothing kept.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4
"""

from __future__ import annotations

from threading import Lock

from connector.delivery.token_requests import Granted, OAuthApp, TokenRequests
from connector.world import World


class ClientCredentials:
    """The access token of one app, in memory; each run asks for its own. Threads may share one."""

    def __init__(self, app: OAuthApp, world: World) -> None:
        self._requests = TokenRequests(app, world)
        self._world = world
        self._turn = Lock()
        self._granted: Granted | None = None

    def access(self) -> str:
        """A valid access token. Raises `NoToken`."""
        return self._valid(None)

    def renew(self, failed: str) -> str:
        """A valid access token that is not `failed`, which the vendor refused. Raises as `access`."""
        return self._valid(failed)

    def warnings(self) -> list[str]:
        """None: such an access does not end by itself."""
        return []

    def _valid(self, failed: str | None) -> str:
        with self._turn:
            # Who waited finds what the first one got.
            granted = self._granted
            if granted is None or granted.access == failed or self._world.now() >= granted.access_until:
                granted = self._granted = self._requests.claim()
            return granted.access
