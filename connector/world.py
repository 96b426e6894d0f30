"""The outside: clock, sleep, ids, who and where we are. Everything that is not a function of its input enters here."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
import uuid
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Listener = socket.socket


@dataclass(frozen=True)
class World:
    """The real world; tests hand in another."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def now(self) -> int:
        """Whole seconds since 1970 in UTC."""
        return int(time.time())

    def monotonic_ms(self) -> int:
        """Milliseconds of a clock that never goes back; only differences mean anything."""
        return time.monotonic_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def new_id(self) -> str:
        """32 hexadecimal characters that never come twice."""
        return uuid.uuid4().hex

    def secret(self) -> str:
        """43 characters that nobody can guess."""
        return secrets.token_urlsafe(32)

    def open_browser(self, address: str) -> bool:
        """Show an address in the user's browser; False where there is none."""
        try:
            return webbrowser.open(address)
        except (webbrowser.Error, OSError):
            return False

    def host(self) -> str:
        return socket.gethostname()

    def listen(self, host: str, port: int) -> Listener:
        """A socket that takes connections; port 0 is any free one. Raises `OSError`."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)

    def process(self) -> str:
        return str(os.getpid())

    def is_running(self, process: str) -> bool:
        """Whether a process of this machine, as `process` named it, still lives; a zombie does not."""
        try:
            stat = Path("/proc", process, "stat").read_text(encoding="utf-8", errors="replace")
            return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
        except (OSError, IndexError):
            if Path("/proc/self/stat").exists():
                return False
        try:
            os.kill(int(process), 0)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return True

    def actor(self) -> str:
        """Who is at the keyboard, for what a person decides."""
        try:
            return f"{getpass.getuser()}@{socket.gethostname()}"
        except (KeyError, OSError):
            return f"uid{os.getuid()}@{socket.gethostname()}"
