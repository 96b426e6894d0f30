"""What a pydantic model refuses, told in plain words with the place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.errors import InputError
from connector.settings.yaml_lines import KeyPath, LinedDocument, nearest, suggest

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at `key_path`: its value, or the key is unknown, or it is missing."""

    key_path: KeyPath
    what: str
    unknown_key: bool = False
    missing: bool = False


def settings_errors(document: LinedDocument, error: ValidationError) -> InputError:
    """Everything that a model refused in `document`, one sentence a line, in the order of the file."""
    return gather_problems(document, list_problems(document.data, error))


def gather_problems(document: LinedDocument, problems: Iterable[Problem]) -> InputError:
    """One `InputError` of all problems, one sentence a line, in the order of the file."""
    ordered = sorted(problems, key=lambda problem: document.where(problem.key_path))
    sentences = [document.sentence(problem.key_path, problem.what) for problem in ordered]
    return InputError("\n".join(dict.fromkeys(sentences)))


def list_problems(data: Any, error: ValidationError) -> list[Problem]:
    """A pydantic error in plain words. A value is shown only where a short list has the right ones.

    A required key that was probably misspelt is told once, as the unknown key that it is.
    """
    problems: list[Problem] = []
    misspelt: set[KeyPath] = set()
    for line in error.errors(include_url=False):
        kind, context = line["type"], line.get("ctx", {})
        unknown = kind == "unknown_key"
        key_path = _trim_location(data, line["loc"], unknown or kind == "missing")
        if unknown and (meant := nearest(context["key"], context["known"])) is not None:
            misspelt.add((*key_path[:-1], meant))
        what = _say(kind, context, line.get("input"), line["msg"])
        problems.append(Problem(key_path, what, unknown, missing=kind == "missing"))
    return [problem for problem in problems if not (problem.missing and problem.key_path in misspelt)]


def _trim_location(data: Any, location: Sequence[str | int], absent: bool) -> KeyPath:
    """The location without what pydantic adds to it (names of alternatives, `[key]`)."""
    kept: list[str | int] = []
    for index, part in enumerate(location):
        there = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        if there:
            data = data[part] if isinstance(data, dict) or part < len(data) else None  # type: ignore[operator]
            kept.append(part)
        elif absent and index == len(location) - 1:
            kept.append(part)
    return tuple(kept)


def _say(kind: str, context: dict[str, Any], value: Any, message: str) -> str:
    if kind == "unknown_key":
        known = context["known"]
        return f"is not a known key{suggest(context['key'], known) or '; known here: ' + ', '.join(known)}"
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        shown = f"{value!r} is not one of" if isinstance(value, str) else "must be one of"
        return f"{shown} {', '.join(known)}{suggest(value, known)}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_type":
        return f"must be text{_TEXT_ADVICE.get(type(value), '')}"
    words = _WORDS.get(kind)
    return words.format(**context) if words is not None else message[:1].lower() + message[1:]


_GROUP = "must be a group of `key: value` lines"
_LIST = "must be a list, as in [a, b]"
_TEXT_ADVICE = {
    dict: "; a text that begins with { must stand in quotes",
    bool: "; true and false as text must stand in quotes",
    type(None): ", and is empty",
}
_WORDS = {
    "missing": "is missing",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must hold at least {min_length}",
    "dict_type": _GROUP,
    "model_type": _GROUP,
    "model_attributes_type": _GROUP,
    "list_type": _LIST,
    "tuple_type": _LIST,
}
