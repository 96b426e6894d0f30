"""YAML and JSON read so that every mistake can be answered with `FILE:LINE:COLUMN: KEY: what is wrong`.

The values that come out are text, whole numbers, true/false, null, lists and groups (`dict` with text keys).
YAML 1.1 guesses at more than a bookkeeper means, so only the plainest forms are more than text here: `true`,
`false` (not `no`, `yes`, `on`, `off`), decimal whole numbers (not `012`, `0x1f`, `12:30:00`), `null`, `~` and
nothing. Dates stay text. A number with a decimal point is refused: `1.10` would lose its last digit. A key is
always the text as it is written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connector.errors import InputError

KeyPath = tuple[str | int, ...]

LARGEST_FILE_BYTES = 16 * 1024 * 1024
LARGEST_DEPTH = 40
LONGEST_KEY_SHOWN = 80
LARGEST_COUNT = 2_000_000  # values after anchors are written out; a file that multiplies itself stops here

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_BROKEN_NUMBER = re.compile(
    r"[-+]?(?:[0-9][0-9_:]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_QUOTE_NUMBER = (
    'a number with a decimal point or exponent must stand in quotes, as "12.50"; else digits get lost'
)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\.", re.DOTALL)
_WHOLE_FILE = "(file)"


def spell_key(key_path: Sequence[str | int]) -> str:
    """`("sale_number", 0, "match")` as a person writes it: `sale_number[0].match`."""
    spelled = ""
    for part in key_path:
        if isinstance(part, int):
            spelled += f"[{part}]"
        else:
            shown = part if len(part) <= LONGEST_KEY_SHOWN else part[:LONGEST_KEY_SHOWN] + "..."
            spelled += ("." if spelled else "") + " ".join(shown.split())
    return spelled or _WHOLE_FILE


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant by `word`, or None."""
    if not isinstance(word, str):
        return None
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower().replace("-", "_"), by_lower, n=1, cutoff=0.6)
    close = close or difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def suggest(word: object, known: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing."""
    name = nearest(word, known)
    return "" if name is None else f" (did you mean {name}?)"


@dataclass(frozen=True, slots=True)
class _Node:
    """A value with the place where it begins, and its parts with the places of their keys."""

    value: Any
    line: int
    column: int
    parts: dict[str | int, tuple[_Node, int, int]]
    count: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class LinedDocument:
    """The values of one file (`data`) and where each key stands."""

    path: Path
    data: Any
    _root: _Node

    def where(self, key_path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column, both from 1, of that key or list entry, or of the nearest one above it."""
        node, line, column = self._root, self._root.line, self._root.column
        for part in key_path:
            if part not in node.parts:
                break
            node, line, column = node.parts[part]
        return line, column

    def sentence(self, key_path: Sequence[str | int], what: str) -> str:
        """`FILE:LINE:COLUMN: KEY: what`."""
        line, column = self.where(key_path)
        return f"{self.path}:{line}:{column}: {spell_key(key_path)}: {what}"

    def error(self, key_path: Sequence[str | int], what: str) -> InputError:
        return InputError(self.sentence(key_path, what))


def load_yaml(path: Path, *, allow_list: bool = False) -> LinedDocument:
    """The one document of a YAML or JSON file; `InputError` for everything that is wrong with it.

    The top must be a group of keys; with `allow_list` it may also be a list. Anchors and `<<` are understood.
    """
    return parse_yaml(read_text(path), path, allow_list=allow_list)


def parse_yaml(text: str, path: Path, *, allow_list: bool = False) -> LinedDocument:
    """As `load_yaml`, for text that is at hand; `path` is only named in errors."""
    if found := _UNPRINTABLE.search(text):
        line, column = _place(text, found.start())
        raise InputError(f"{path}:{line}:{column}: {_WHOLE_FILE}: holds a control character; save it as text")
    if text.lstrip().startswith(("{", "[")):
        text = _JSON_PAIR.sub(
            _join_json_pair, text
        )  # JSON writes an emoji as two escapes, which YAML refuses
    root = _Reader(text, path).read_document()
    document = LinedDocument(path, root.value, root)
    if root.value is None:
        raise document.error((), "is empty")
    if not isinstance(root.value, (dict, list) if allow_list else dict):
        wanted = "a list or a group" if allow_list else "a group"
        raise document.error((), f"must hold {wanted} of `key: value` lines")
    return document


def read_text(path: Path) -> str:
    """A file as UTF-8 text; `InputError` names what cannot be read, and where."""
    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name cannot be used"
        raise InputError(f"{path}: cannot be read ({why})") from None
    if len(content) > LARGEST_FILE_BYTES:
        raise InputError(f"{path}: is larger than {LARGEST_FILE_BYTES // 1024 // 1024} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        line, column = _place(before, len(before))
        raise InputError(
            f"{path}:{line}:{column}: {_WHOLE_FILE}: is not UTF-8 text; save it as UTF-8"
        ) from None


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index].replace("\r\n", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _join_json_pair(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0]
    return (bytes.fromhex(found[1]) + bytes.fromhex(found[2])).decode("utf-16-be")


class _Reader:
    """Builds nodes from the parser's events; it knows at every moment which key it stands at.

    Events rather than `yaml.compose`: that recurses in C and ends the process on a deeply nested file.
    """

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path
        self._loader: Any = yaml.CSafeLoader(text)
        self._at: list[str | int] = []
        self._last: KeyPath = ()
        self._anchors: dict[str, _Node] = {}

    def read_document(self) -> _Node:
        try:
            self._next()  # stream start
            event = self._next()
            if isinstance(event, yaml.StreamEndEvent):
                return _Node(None, 1, 1, {})
            root = self._build(self._next())
            self._next()  # document end
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                raise self._wrong(event.start_mark, "a second document begins here (---); a file holds one")
            return root
        except yaml.YAMLError as error:
            raise self._unreadable(error) from None
        finally:
            self._loader.dispose()

    def _next(self) -> Any:  # the stubs give events no marks
        return self._loader.get_event()

    def _wrong(self, mark: Any, what: str) -> InputError:
        key = spell_key(self._last)
        return InputError(f"{self._path}:{mark.line + 1}:{mark.column + 1}: {key}: {what}")

    def _enter(self, part: str | int) -> None:
        self._at.append(part)
        self._last = tuple(self._at)

    def _build(self, event: Any) -> _Node:
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._wrong(mark, "a text that begins with * must stand in quotes")
            return self._anchors[event.anchor]
        if len(self._at) > LARGEST_DEPTH:
            raise self._wrong(mark, f"is nested more than {LARGEST_DEPTH} deep")
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(self._scalar(event), mark.line + 1, mark.column + 1, {})
        else:
            if event.tag not in (None, "!"):
                raise self._wrong(mark, "tags (!name) have no meaning here")
            parts = self._list() if isinstance(event, yaml.SequenceStartEvent) else self._group()
            count = 1 + sum(part.count for part, _, _ in parts.values())
            depth = 1 + max((part.depth for part, _, _ in parts.values()), default=0)
            if count > LARGEST_COUNT or depth > LARGEST_DEPTH:
                raise self._wrong(mark, "holds too much once its anchors (*name) are written out")
            values = {key: part.value for key, (part, _, _) in parts.items()}
            value = list(values.values()) if isinstance(event, yaml.SequenceStartEvent) else values
            node = _Node(value, mark.line + 1, mark.column + 1, parts, count, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _list(self) -> dict[str | int, tuple[_Node, int, int]]:
        parts: dict[str | int, tuple[_Node, int, int]] = {}
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._enter(len(parts))
            parts[len(parts)] = (self._build(event), event.start_mark.line + 1, event.start_mark.column + 1)
            self._at.pop()
        return parts

    def _group(self) -> dict[str | int, tuple[_Node, int, int]]:
        parts: dict[str | int, tuple[_Node, int, int]] = {}
        merged: list[_Node] = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            mark: Any = event.start_mark
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
                raise self._wrong(mark, "a key must be a plain word or a text in quotes")
            if "\0" in event.value or (event.implicit[0] and not event.value):
                raise self._wrong(mark, "a key is missing before the :")
            place = (mark.line + 1, mark.column + 1)
            self._enter(event.value)
            if event.value in parts:
                raise self._wrong(mark, f"is written twice (first on line {parts[event.value][1]})")
            node = self._build(self._next())
            self._at.pop()
            if event.value == "<<" and event.implicit[0]:
                several = isinstance(node.value, list)
                merged += [part for part, _, _ in node.parts.values()] if several else [node]
                if not all(isinstance(part.value, dict) for part in merged):
                    raise self._wrong(mark, "must name a group of keys, or a list of such groups")
                continue
            parts[event.value] = (node, *place)
        for group in merged:
            parts |= {key: part for key, part in group.parts.items() if key not in parts}
        return parts

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if "\0" in text:
            raise self._wrong(event.start_mark, "holds a NUL character")
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            raise self._wrong(event.start_mark, "a text that begins with ! must stand in quotes")
        if event.tag is not None or not event.implicit[0]:
            return text
        if text in _NOTHING:
            return None
        if _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        if _BROKEN_NUMBER.fullmatch(text):
            raise self._wrong(event.start_mark, _QUOTE_NUMBER)
        return _TRUTH.get(text, text)

    def _unreadable(self, error: yaml.YAMLError) -> InputError:
        problem = str(getattr(error, "problem", None) or "it is not text")
        context = str(getattr(error, "context", None) or "")
        mark: Any = getattr(error, "problem_mark", None) or self._loader.get_mark()
        opened: Any = getattr(error, "context_mark", None)
        if opened is not None and mark.index >= len(self._text.rstrip()):
            mark = opened  # the end of the file says nothing; what was opened and never closed does
        return self._wrong(mark, _explain(problem, context, self._text[mark.index : mark.index + 1]))


def _explain(problem: str, context: str, character: str) -> str:
    """What libyaml says, in words that tell what to do."""
    if character == "\t":
        return "a tab cannot indent a line; use spaces"
    if "cannot start any token" in problem:
        return f"a text that begins with {character} must stand in quotes"
    said = f"{context}: {problem}"
    for words, advice in _ADVICE:
        if words in said:
            return advice
    return f"this cannot be read as YAML ({problem})"


_ADVICE = (  # the first whose words libyaml uses
    ("an alias", "a text that begins with * must stand in quotes"),
    ("an anchor", "a text that begins with & must stand in quotes"),
    ("a tag", "a text that begins with ! must stand in quotes"),
    ("escape", "in \"...\" a backslash must be written twice; in '...' it need not"),
    ("quoted scalar: found unexpected end", "a quotation mark is opened here and never closed"),
    ("flow", 'a "," or a closing bracket is missing; a text that holds { } or ": " must stand in quotes'),
    ("mapping values", 'a ":" stands where none can be: check the indentation, and quote a text with ": "'),
    ("expected ':'", 'a ":" is missing after the key'),
    ("block", "does not fit the lines above: check its indentation, and quote a text with braces"),
)
