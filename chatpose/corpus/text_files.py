"""JSON, CSV and line files of pose texts, read strictly; whatever is wrong is named by file and line."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chatpose.errors import ChatposeError, UnreadableFileError
from chatpose.safefiles import read_limited

MAX_TEXT_BYTES = 512 * 2**20
"""PoseFix's automatic instructions have 100 MB."""


def malformed(path: Path, line: int, got: str, expected: str) -> UnreadableFileError:
    """An error about a line, counted from 1."""
    return UnreadableFileError(f"{path}:{line}: {got}", expected=expected, fix="repair or remove the line")


def read_text(path: Path) -> str:
    """A UTF-8 text file, with any byte order mark taken off.

    Raises:
        UnreadableFileError: not UTF-8, naming the line; further as `chatpose.safefiles.read_limited`.
    """
    try:
        data = read_limited(path, max_bytes=MAX_TEXT_BYTES)
    except ChatposeError as error:
        raise type(error)(error.got, expected="a text file", fix=error.fix) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise malformed(path, line, "bytes that aren't UTF-8", "UTF-8 text") from error


def read_json(path: Path, kind: type) -> Any:
    """A JSON file whose outermost value is of a type, dict or list.

    Raises:
        UnreadableFileError: not JSON, naming the line, or another value.
    """
    try:
        value = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise malformed(path, error.lineno, f"not JSON: {error.msg}", "JSON") from error
    except RecursionError as error:
        raise UnreadableFileError(f"{path}: JSON nested without end", expected="JSON") from error
    if not isinstance(value, kind):
        wanted = "an object" if kind is dict else "a list"
        raise UnreadableFileError(f"{path} holds {type(value).__name__} at its top", expected=wanted)
    return value


def read_csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line numbers and rows of a CSV file with a header; a header that lacks a column, or a short row, is an error.

    Raises:
        UnreadableFileError: naming file and line.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    try:
        header = next(reader, [])
        missing = [column for column in columns if column not in header]
        if missing:
            raise malformed(path, 1, f"no column {', '.join(missing)}", ",".join(columns))
        for row in reader:
            if row and len(row) != len(header):
                raise malformed(path, reader.line_num, f"{len(row)} values", f"{len(header)}")
            if row:
                yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise malformed(path, reader.line_num, str(error), "CSV") from error


def texts_of(value: Any, path: Path, key: str) -> tuple[str, ...]:
    """One text or a list of them from JSON, blank ones left out.

    Raises:
        UnreadableFileError: anything else, naming file and key.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UnreadableFileError(f"{path}: {key!r} is {str(value)[:60]!r}", expected="a text or a list of texts")
    return tuple(text.strip() for text in texts if text.strip())
