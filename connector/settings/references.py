"""`${NAME}` and `file:PATH` in the settings: looked up when the value is used, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.errors import InputError
from connector.settings.problems import Problem
from connector.settings.values import fill_variables, has_reference, variables_in
from connector.settings.yaml_lines import KeyPath, read_text

_OFF = ("false", "no", "off")
_LATER_IN_STRIPE = ("api_key", "base_url", "webhook_secrets")


def is_off(ledger: dict[str, Any]) -> bool:
    """Whether a ledger, as written, is switched off."""
    return str(ledger.get("enabled")).lower() in _OFF


@dataclass(frozen=True, slots=True)
class References:
    """Where references point: the environment, and files relative to the settings file's folder."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def look_up(self, text: str) -> str:
        """The text with its references filled in; ValueError names what is missing, never what is there."""
        names = variables_in(text)
        for name in names:
            if name not in self.environment:
                raise ValueError(f"the environment variable {name} is not set")
        filled = fill_variables(text, self.environment)
        if not text.startswith("file:"):
            if not filled.strip():
                raise ValueError(f"the environment variable {names[0]} is empty")
            return filled
        path = self.folder / filled.removeprefix("file:")
        try:
            content = read_text(path).strip("\r\n")
        except InputError as error:
            raise ValueError(str(error)) from None
        if not content.strip():
            raise ValueError(f"the file {path} is empty")
        return content

    def look_up_all(self, data: Any, key_path: KeyPath, problems: list[Problem]) -> Any:
        """A copy of `data` with every reference looked up; a missing one stays and joins `problems`."""
        if isinstance(data, dict):
            return {key: self.look_up_all(value, (*key_path, key), problems) for key, value in data.items()}
        if isinstance(data, list):
            return [self.look_up_all(value, (*key_path, place), problems) for place, value in enumerate(data)]
        if not has_reference(data):
            return data
        try:
            return self.look_up(data)
        except ValueError as error:
            problems.append(Problem(key_path, str(error)))
            return data


def look_up_now(data: dict[str, Any], references: References) -> tuple[dict[str, Any], list[Problem]]:
    """The settings with everything looked up that every command needs, and what was missing.

    Left as written: the credentials and address of Stripe, `key_file`, every connection, and the file names
    of a ledger that is switched off.
    """
    problems: list[Problem] = []

    def walk(value: Any, key_path: KeyPath, later: bool) -> Any:
        later = later or _is_later(key_path, data)
        if isinstance(value, dict):
            return {key: walk(part, (*key_path, key), later) for key, part in value.items()}
        if isinstance(value, list):
            return [walk(part, (*key_path, place), later) for place, part in enumerate(value)]
        if not later:
            return references.look_up_all(value, key_path, problems)
        if has_reference(value):
            try:
                variables_in(value)
            except ValueError as error:
                problems.append(Problem(key_path, str(error)))
        return value

    return walk(data, (), False), problems


def _is_later(key_path: KeyPath, data: dict[str, Any]) -> bool:
    if len(key_path) == 2 and key_path[0] == "stripe":
        return key_path[1] in _LATER_IN_STRIPE
    if len(key_path) == 3 and key_path[0] == "ledgers":
        ledger = data["ledgers"][key_path[1]]
        return key_path[2] == "connection" or (key_path[2] in ("rules", "mapping") and is_off(ledger))
    return key_path == ("key_file",)
