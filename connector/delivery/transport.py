"""One HTTP request to a ledger and what came back; nothing is tried again here, no redirect is followed.

https://requests.readthedocs.io/en/latest/user/advanced/#timeouts
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from connector.ledgers.contract import Answer, Request

# As many connections are kept open as threads may ask at once; more are opened, and closed after use.
CONNECTIONS = 10
# Of the time for a request; the rest is for the answer.
CONNECT_S = 5

log = logging.getLogger(__name__)


class Bearer(AuthBase):
    """Authorisation by access token. As an `AuthBase`, since else a .netrc of the user would go before it."""

    def __init__(self, access: str) -> None:
        self._access = access

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._access}"
        return request


@dataclass(frozen=True, slots=True)
class Way:
    """How the environment has a host reached: through which proxies, by scheme, and whose certificates are believed."""

    proxies: Mapping[str, str]
    verify: bool | str


def way_to(address: str) -> Way:
    """https://requests.readthedocs.io/en/latest/user/advanced/#proxies"""
    with requests.Session() as asked:
        found = asked.merge_environment_settings(address, {}, None, None, None)
    verify = found["verify"]
    return Way(found["proxies"], True if verify is None else verify)


class Transport:
    """Requests below `base`, an address without a slash at its end; `parameters` and `headers` go with each. Threads may
    share one.

    `authorise` makes, of an access token, the authorisation of one request. A target may also be one of the addresses
    `elsewhere`, as it stands there; any other whole address is not asked.

    Logged are method, path without its query, status, and the header `trace` of the answer; no token and no body.
    """

    def __init__(
        self,
        base: str,
        parameters: Sequence[tuple[str, str]],
        trace: str,
        headers: Sequence[tuple[str, str]] = (),
        authorise: Callable[[str], AuthBase] = Bearer,
        elsewhere: Sequence[str] = (),
    ) -> None:
        self._base = base
        self._authorise = authorise
        self._elsewhere = frozenset(elsewhere)
        self._parameters = urlencode(parameters)
        self._trace = trace
        self._headers = {"Accept": "application/json", **dict(headers)}
        # By host: to ask the environment takes longer than all else that is done for a request.
        self._ways: dict[str, Way] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        # Nothing in a session changes with a request then, so that threads can share it.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, request: Request, access: str, timeout_s: int) -> Answer:
        """Raises nothing: without an answer `arrived` is False; where no connection was had, `sentence` says so."""
        elsewhere = request.target in self._elsewhere
        if not elsewhere and request.target.startswith(("http://", "https://")):
            return Answer(503, sentence=f"{urlsplit(request.target).netloc} is no address of this ledger")
        address = request.target if elsewhere else self._address(request.target)
        host = urlsplit(address).netloc
        path = urlsplit(address).path if elsewhere else "/" + request.target.partition("?")[0].lstrip("/")
        if host not in self._ways:
            self._ways[host] = way_to(address)
        way = self._ways[host]
        try:
            answer = self._session.request(
                request.method,
                address,
                data=request.body or None,
                headers={**self._headers, **dict(request.headers)},
                auth=self._authorise(access),
                timeout=(CONNECT_S, timeout_s - CONNECT_S),
                allow_redirects=False,
                proxies=dict(way.proxies),
                verify=way.verify,
            )
        except OSError as error:
            log.info("%s %s: no answer (%s)", request.method, path, type(error).__name__)
            return without_answer(host, error, timeout_s)
        trace = answer.headers.get(self._trace, "-")
        log.info("%s %s: %d (%s %s)", request.method, path, answer.status_code, self._trace, trace)
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        return Answer(answer.status_code, answer.content, headers)

    def close(self) -> None:
        self._session.close()

    def _address(self, target: str) -> str:
        mark = "&" if "?" in target else "?"
        more = f"{mark}{self._parameters}" if self._parameters else ""
        return f"{self._base}/{target.lstrip('/')}{more}"


def without_answer(host: str, error: OSError, timeout_s: int) -> Answer:
    if never_connected(error):
        return Answer(503, sentence=f"{host} cannot be reached; the next run tries again")
    if isinstance(error, requests.Timeout):
        return Answer(0, f"{host} did not answer within {timeout_s} s".encode(), arrived=False)
    return Answer(0, f"the connection to {host} broke ({type(error).__name__})".encode(), arrived=False)


def never_connected(error: OSError) -> bool:
    """Whether the request never left: there was no connection that could have carried it."""
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
