"""Requests that are signed one by one, with an access token that a person made: OAuth 1.0a, HMAC-SHA256.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1534941088.html
https://www.rfc-editor.org/rfc/rfc5849#section-3.4
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from connector.world import World

# What these write of a request while they look for mistakes has its signature in it, and the token.
LOUD = ("oauthlib", "requests_oauthlib")


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """What signs the requests to one account, `realm`."""

    realm: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    token_secret: str = field(repr=False)


class MadeToken:
    """The access token that a person made: the same for every request, and never renewed. A request that was refused is
    signed anew."""

    def __init__(self, token_id: str) -> None:
        self._token_id = token_id

    def access(self) -> str:
        return self._token_id

    def renew(self, failed: str) -> str:
        return self._token_id

    def warnings(self) -> list[str]:
        """None: such an access does not end by itself."""
        return []


class RequestSigner:
    """Makes, of an access token, the signature of one request: no two have time and nonce in common. Threads may share
    one. The realm stands in the header, and is not signed."""

    def __init__(self, secrets: SigningSecrets, world: World) -> None:
        self._secrets = secrets
        self._world = world
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.WARNING)

    def __call__(self, token_id: str) -> AuthBase:
        secrets = self._secrets
        return OAuth1(
            secrets.consumer_key,
            client_secret=secrets.consumer_secret,
            resource_owner_key=token_id,
            resource_owner_secret=secrets.token_secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            realm=secrets.realm,
            nonce=self._world.new_id(),
            timestamp=str(self._world.now()),
        )
