"""Errors that a person can act on.

Every error about input says what came, what was expected and what to do. The command line prints `str(error)` as one
line and exits with code 2; library callers can catch `ChatposeError` or the built-in type that fits.
"""

import difflib
from collections.abc import Iterable


class ChatposeError(Exception):
    """Base of all errors that chatpose raises on purpose.

    Attributes:
        got: what came, in the person's terms.
        expected: what would have been right; may be empty.
        fix: what to do next; may be empty.
    """

    def __init__(self, got: str, *, expected: str = "", fix: str = "") -> None:
        self.got = got
        self.expected = expected
        self.fix = fix
        super().__init__(self.one_line())

    def one_line(self) -> str:
        """The whole message on one line, control characters escaped (file names may hold any of them)."""
        parts = [self.got]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.fix:
            parts.append(self.fix)
        return printable("; ".join(part.rstrip(".;") for part in parts))


class InvalidPoseError(ChatposeError, ValueError):
    """Numbers that can't be a pose: wrong joint count, NaN, a matrix that isn't a rotation."""


class UnreadableFileError(ChatposeError, ValueError):
    """A file that is there but can't be read as what it claims to be."""


class UnsafeFileError(UnreadableFileError):
    """A file that asks for code to be run or for far more memory than a pose file needs."""


class TooLargeError(UnreadableFileError):
    """A file or a request beyond the size limits of `chatpose.safefiles`."""


class InvalidTokensError(ChatposeError, ValueError):
    """Pose tokens that can't be read: too few, too many, out of order, unknown, of another codebook.

    Attributes:
        position: of the first bad token in the sequence, from 0; None where no single one is to blame.
    """

    def __init__(self, got: str, *, expected: str = "", fix: str = "", position: int | None = None) -> None:
        self.position = position
        super().__init__(got, expected=expected, fix=fix)


class UnwritableFileError(ChatposeError, OSError):
    """The output can't be written there or not in that format."""


class MissingFileError(ChatposeError, FileNotFoundError):
    """No such file, or a directory where a file is needed."""


class MissingExtraError(ChatposeError, ImportError):
    """An optional package is needed for this and isn't installed."""


class UnknownNameError(ChatposeError, KeyError):
    """A name outside a closed list; the message lists near matches or the whole list."""

    __str__ = Exception.__str__  # KeyError would print the repr


def printable(text: str) -> str:
    """The text on one line, control characters escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> UnknownNameError:
    """Builds the error for a name that isn't in `valid`, with near matches first."""
    names = list(valid)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    expected = f"one of: {', '.join(near or names)}"
    return UnknownNameError(f"unknown {kind} {name!r}", expected=expected)
