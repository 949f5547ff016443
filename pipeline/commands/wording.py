"""Words for a terminal."""

import json
from collections.abc import Callable
from typing import Any


def counted(number: int, noun: str) -> str:
    """``1 track``, ``2 tracks``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def on_one_line(text: str) -> str:
    """Text in which a line break, or another character that moves a terminal, is written as its escape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def json_text(value: object, *, default: Callable[[Any], Any] | None = None) -> str:
    """JSON with text unescaped, except for characters that move a terminal.

    Args:
        value: Value to show.
        default: Converts a value that JSON does not know.
    """
    return _escaped(json.dumps(value, indent=2, ensure_ascii=False, default=default))


def json_line(value: object, *, default: Callable[[Any], Any] | None = None) -> str:
    """The same on one line: no reader takes a character in it for the end of a line."""
    return _escaped(json.dumps(value, ensure_ascii=False, default=default))


def _escaped(text: str) -> str:
    if text.isascii():  # JSON escapes the other characters itself
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
