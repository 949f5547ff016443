"""JSON objects, one per line or all in an array."""

import json
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from beamprint.pipeline.catalogue.formats.values import Rows, as_text
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.validation import is_text

_BLANKS = re.compile(r"[ \t\r\n]*")


def lines(manifest: str, content: BinaryIO) -> Rows:
    """One object per line; blank lines are skipped.

    Raises:
        UsageError: A line is not an object, or an object is not valid.
    """
    with as_text(content) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    values = _decoder.decode(line)
                except (ValueError, RecursionError) as error:
                    raise _not_json(manifest, number, error) from None
                yield number, _checked(manifest, number, values)


def array(manifest: str, content: BinaryIO) -> Rows:
    """An array of objects, which are numbered from 1.

    Raises:
        UsageError: The content is not an array, or an object is not valid.
    """
    with as_text(content) as file:
        text = file.read()
    at, number, mark = _next(text, 0), 0, "["
    if text[at : at + 1] not in ("", mark):
        raise UsageError(
            f"manifest {manifest} is no array of objects; name it .jsonl if it has one object per line"
        )
    while text[at : at + 1] == mark:
        at = _next(text, at + 1)
        if text[at : at + 1] == "]" and mark == "[":
            break
        number, mark = number + 1, ","
        try:
            values, at = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _not_json(manifest, number, error) from None
        yield number, _checked(manifest, number, values)
        at = _next(text, at)
    if number and text[at:].rstrip() != "]":
        raise UsageError(f"manifest {manifest}: the array does not end as it should after row {number}")


def _next(text: str, at: int) -> int:
    """Position of the next character that is not blank."""
    return cast(re.Match[str], _BLANKS.match(text, at)).end()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return values


_decoder = json.JSONDecoder(object_pairs_hook=_once)


def _checked(manifest: str, number: int, values: object) -> Mapping[str, object]:
    if not isinstance(values, dict):
        raise UsageError(f"manifest {manifest}, row {number}: not a JSON object")
    named = {name.strip(): value for name, value in values.items()}
    if len(named) < len(values):
        raise UsageError(f"manifest {manifest}, row {number}: two names that differ in their blanks only")
    uri = named.get("uri")
    if isinstance(uri, str) and not is_text(uri):
        raise UsageError(f"manifest {manifest}, row {number}: text that is not Unicode")
    return named


def _not_json(manifest: str, number: int, error: Exception) -> UsageError:
    return UsageError(f"manifest {manifest}, row {number}: not JSON: {error}")
