"""What a person typed, made fit to be read: one line, emoji as words, within limits."""

import re
import unicodedata

from chatpose.errors import ChatposeError, TooLargeError

MAX_CHARS = 4_000
"""Longest request: two pages of text about one pose."""
_EMOJI_KINDS = ("So", "Sk")
_NOT_SHAPES = ("VARIATION SELECTOR", "EMOJI MODIFIER", "ZERO WIDTH", "SIGN")
_ADDRESSES = re.compile(r"\S*(?:://|\.\./|www\.)\S*|</?\w+[^>]*>")
"""Addresses, paths and markup: nothing is opened or run, and their words aren't the person's."""
_LETTERS = re.compile(r"[^\W\d_]")


class RequestError(ChatposeError, ValueError):
    """A request that asks for nothing."""


_SHOUTED = re.compile(r"(?<=[A-Za-z])([A-Za-z])\1{2,}(?=[A-Za-z]|\b)", re.IGNORECASE)
"""Letters drawn out: "GOOOAL", "yesss"."""


def clean_request(text: str) -> str:
    """The request on one line; emoji are replaced by what Unicode calls them ("person in lotus position").

    Raises:
        RequestError: no letter and no emoji in it.
        TooLargeError: longer than `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS:
        raise TooLargeError(
            f"a request of {len(text):,} characters", expected=f"at most {MAX_CHARS:,}", fix="say it shorter"
        )
    whole = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())
    line = " ".join(_ADDRESSES.sub(" ", "".join(map(_as_words, whole))).split())
    line = _SHOUTED.sub(r"\1", line)
    if not _LETTERS.search(line):
        raise RequestError(
            f"the request {text[:80]!r} holds no word" if text.strip() else "an empty request",
            expected="words about a pose",
            fix='try "someone sitting cross-legged, hands on the knees"',
        )
    return line


def foreign_script(text: str) -> bool:
    """Whether most letters are of another script than the Latin one."""
    letters = _LETTERS.findall(text)
    others = sum(not unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return 2 * others > len(letters)


def _as_words(char: str) -> str:
    """An emoji by its name; what can't be printed as a space; all else as it is."""
    if char.isascii():
        return char if char.isprintable() else " "
    kind = unicodedata.category(char)
    if kind in _EMOJI_KINDS:
        name = unicodedata.name(char, "")
        return "" if not name or any(part in name for part in _NOT_SHAPES) else f" {name.lower()} "
    return char if char.isprintable() else " " if kind.startswith("Z") or kind == "Cc" else ""
