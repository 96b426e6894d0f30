"""Errors that reach a person, each one sentence. The command line turns them into an exit code, never a traceback."""

from __future__ import annotations


class ConnectorError(Exception):
    """An expected failure; `str()` is the sentence a person reads."""

    exit_code = 1
    code = "network"


class InputError(ConnectorError):
    """Settings, mapping, rules, an export or a command that cannot be used; nothing was written."""

    exit_code = 2
    code = "input"


class LeaseHeld(ConnectorError):
    """Another run holds these books."""

    code = "lease_held"


class LedgerDown(ConnectorError):
    """A ledger or Stripe cannot be used now; the next run tries again."""

    def __init__(self, sentence: str, code: str = "ledger_down") -> None:
        super().__init__(sentence)
        self.code = code


class Stopped(LedgerDown):
    """Somebody asked to stop while work was under way."""

    sentence = "stopped by request; the next run goes on from here"

    def __init__(self) -> None:
        super().__init__(self.sentence, ConnectorError.code)
