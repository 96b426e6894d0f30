"""The tokens of one ledger, locked with a Fernet key, in the state.

The first of several keys locks, every one opens: so a key is exchanged without connecting again.
https://cryptography.io/en/latest/fernet/#cryptography.fernet.MultiFernet
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import InputError
from connector.store.database import unusable
from connector.store.tokens import read_token, try_to_write, write_token

MAKE_KEY = "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest tokens of a ledger; ends are seconds since 1970, None where the vendor named none.

    `seen` are digests of the settings' own refresh tokens that these have taken the place of: none of them is used
    again, and one that is not among them was put there by a person later.
    """

    access: str = field(repr=False)
    access_until: int
    refresh: str = field(repr=False)
    refresh_ends: int | None
    hard_ends: int | None
    seen: tuple[str, ...]


class TokenSafe:
    """Reads and writes one ledger's tokens. Raises `InputError` where the key does not fit, `ConnectorError` where the
    state fails."""

    def __init__(self, engine: Engine, url: str, ledger: str, key: str | None) -> None:
        self._engine = engine
        self._url = url
        self._ledger = ledger
        self._fernet = make_fernet(ledger, key)

    def read(self) -> Kept | None:
        with self._state():
            content = read_token(self._engine, self._ledger)
        if content is None:
            return None
        try:
            told = json.loads(self._fernet.decrypt(content))
        except InvalidToken:
            raise InputError(
                f"the tokens of ledger {self._ledger} in the state were locked with another key: give that one as"
                f" CONNECTOR_KEY or key_file, or connect again: connector connect {shlex.quote(self._ledger)}"
            ) from None
        return Kept(**{**told, "seen": tuple(told["seen"])})

    def write(self, kept: Kept, now: int) -> None:
        """Stored for good when this returns."""
        content = self._fernet.encrypt(json.dumps(asdict(kept)).encode())
        with self._state():
            write_token(self._engine, self._ledger, content, now)

    def try_to_write(self) -> None:
        """Whether `write` will succeed, as far as can be known before."""
        with self._state():
            try_to_write(self._engine, self._ledger)

    @contextmanager
    def _state(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise unusable(self._url, error) from error


def make_fernet(ledger: str, key: str | None) -> MultiFernet:
    """`key` is one Fernet key, or several with a comma or space between. `InputError` tells how to make one."""
    if key is None:
        raise InputError(
            f"the tokens of ledger {ledger} are kept in the state, and there is no key to lock them with: make one with"
            f" {MAKE_KEY} and give it as CONNECTOR_KEY, or in a file (mode 0600) that key_file names"
        )
    try:
        return MultiFernet([Fernet(one) for one in key.replace(",", " ").split()])
    except ValueError:
        raise InputError(
            f"CONNECTOR_KEY or key_file holds no Fernet key (32 bytes in URL-safe base64): make one with {MAKE_KEY}"
        ) from None
