"""A stand-in for a vendor in a process of its own, and how a bench talks with it: a line of text either way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from page_parts import ROOT

Json = dict[str, Any]


class StandIn:
    """A server that runs. `told` is how to get in, the first line that it prints; it answers every empty line with what it
    was asked since."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.told: Json = self.read()

    def read(self) -> Json:
        assert self.process.stdout is not None
        found: Json = json.loads(self.process.stdout.readline())
        return found

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def asked(self) -> Json:
        self.say("")
        return self.read()


@contextmanager
def serving(script: str, *arguments: object) -> Iterator[StandIn]:
    """`script` lies beside this file."""
    command = [sys.executable, str(Path(__file__).parent / script), *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield StandIn(process)
        finally:
            process.terminate()
