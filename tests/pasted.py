"""The commands that an action names, as a shell and the command line take them when a person pastes them."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import click

from connector.cli.root import cli
from connector.planning.model import REFUND_TYPES

# What only a person can fill in.
FILL_IN = "..."
MAY_BE_FILLED_IN = ("--reason", "--sale")


def commands_in(action: str, config: str) -> list[list[str]]:
    """The arguments of each command in the text; each ends with the settings file that it was shown for."""
    found = []
    for piece in action.split("connector ")[1:]:
        end = piece.find(f" -c {config}")
        assert end >= 0, f"no command to paste, or one without its settings file: {action}"
        text = piece[: end + len(f" -c {config}")]
        shell = shlex.shlex(text, posix=True, punctuation_chars=True)
        shell.whitespace_split = True
        words = list(shell)
        assert words == shlex.split(text), f"a shell would not take this: {text}"
        found.append(words)
    return found


def check_command(words: list[str]) -> None:
    """The real command takes these arguments, and nothing but a reason or a sale is left to fill in."""
    group = click.Context(cli)
    command = cli.get_command(group, words[0])
    assert command is not None, words
    with command.make_context(words[0], list(words[1:]), parent=group) as context:
        types = context.params.get("types")
        assert types is None or set(types.split(",")) <= set(REFUND_TYPES), words
    for option, value in pairwise(words):
        assert value != FILL_IN or option in MAY_BE_FILLED_IN, words
        assert not re.fullmatch(r"[A-Z]+(_[A-Z]+)*", value), f"a placeholder that no shell shows: {words}"


def check_action(action: str | None, config: str) -> None:
    for words in commands_in(action or "", config):
        check_command(words)
