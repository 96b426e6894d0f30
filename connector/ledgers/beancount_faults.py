"""Slips of a person in a Beancount file that take what follows with them: a quote that nobody closed, bytes that are
no text. Syntax: https://beancount.github.io/docs/beancount_language_syntax.html"""

from __future__ import annotations

import re

# Beancount passes over lines that begin with one of these.
_PASSED_OVER = re.compile(r"[*:#!&?%;][^\n]*(?:\n|$)")
_PLAIN = re.compile(r'[^";\n]+')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
# A string that ends right before the name of a file, or runs over an account that is opened, was meant to end earlier.
_SWALLOWED = re.compile(r"\n(?:(?:include|option|plugin)[ \t]+\Z|\d{4}-\d\d-\d\d[ \t]+(?:open|close)[ \t])")


def broken_line(content: bytes) -> tuple[int, str] | None:
    """The line, counted from 1, and what is wrong with it; None where the file can be added to."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1, "this is no UTF-8 text"
    position = 0
    while position < len(text):
        at_line = position == 0 or text[position - 1] == "\n"
        if at_line and (passed := _PASSED_OVER.match(text, position)) is not None:
            position = passed.end()
        elif text[position] == ";":
            position = text.find("\n", position) + 1 or len(text)
        elif (string := _STRING.match(text, position)) is not None:
            if not string[2] or _SWALLOWED.search(string[1]):
                return text.count("\n", 0, position) + 1, "the string that begins here is not closed"
            position = string.end()
        else:
            plain = _PLAIN.match(text, position)
            position = plain.end() if plain is not None else position + 1
    return None
