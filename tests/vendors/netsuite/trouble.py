"""What can go wrong between a client and the stand-in: faults to order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "lost_before",
    "lost_after",
    "slow_commit",
    "hang",
    "truncated",
    "no_location",
    "throttled",
    "restlet_limit",
    "unexpected_500",
    "empty_500",
    "plain_503",
    "html_502",
    "html_404",
    "login_401",
    "login_attempt_401",
    "forbidden_403",
    "locked",
    "refused",
]
# Those that need the answer of a request that was carried out.
_ALWAYS_CARRIED_OUT = frozenset({"lost_after", "truncated", "no_location"})
# All but requests for a token, which are met where they are named.
EVERYTHING = ""
TOKENS = "/oauth2/"


@dataclass
class Fault:
    """What the next `times` requests below `path` meet, after `skip` others went well.

    kind: lost_before (the connection closes, nothing is done), lost_after (done, then it closes), slow_commit (the
    connection closes, and the write is done `seconds` of the account's clock or `requests` requests later, whichever
    comes first; its external id is taken meanwhile), hang (no answer for `seconds`, then it closes), truncated (done,
    half the body comes), no_location (done, 204 without Location), throttled (429), restlet_limit (400 of a RESTlet),
    unexpected_500, empty_500, plain_503, html_502, html_404 (the last two of a proxy), login_401 (INVALID_LOGIN),
    login_attempt_401 (INVALID_LOGIN_ATTEMPT), forbidden_403, locked (400, by a workflow), refused (400 USER_ERROR with `words`).
    `carried_out`: whether the request is done all the same. `path` is a part of the address, without the query; empty:
    records, searches and the RESTlet alike.
    """

    kind: Kind
    path: str = EVERYTHING
    times: int = 1
    skip: int = 0
    method: str | None = None
    carried_out: bool = False
    seconds: float = 5.0
    requests: int | None = None
    words: str = "Ordered by the test"

    def __post_init__(self) -> None:
        self.carried_out |= self.kind in _ALWAYS_CARRIED_OUT

    def meets(self, method: str, path: str) -> bool:
        below = self.path.lower() in path.lower() if self.path else TOKENS not in path
        return below and self.method in (None, method) and self.times > 0
