"""Wordings with choices in them, and how people type.

    Wordings("(Show|Give) me {what}( please|).", …).say(rng, what="a squat")

Brackets with bars hold alternatives, braces what is filled in. Brackets aren't nested.
"""

import re
from collections.abc import Sequence
from random import Random

from chatpose.corpus.instructions.chance import below, one, yes

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")
_KEPT = frozenset(("left", "right", "not", "without", "more", "less", "up", "down", "both"))
"""Words without which a sentence says something else: nobody mistypes them here."""
_LEAST_LETTERS = 5
_PLEASE = (" please", ", please", " pls", ", thanks", ", thank you", ", if you can")
_HELLO = ("hi, ", "hey, ", "hello! ", "ok, ", "okay so ", "um, ", "good morning, ", "quick one: ")


class Wordings:
    """Several ways to say one thing.

    Args:
        texts: with alternatives and slots.
    """

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self._made = tuple(_compiled(text) for text in texts)

    def __len__(self) -> int:
        return sum(_count(pieces) for pieces in self._made)

    @property
    def slots(self) -> frozenset[str]:
        """Names of all that is filled in."""
        return frozenset(slot for text in self.texts for slot in _SLOT.findall(text))

    def say(self, rng: Random, **slots: str) -> str:
        """One of them, filled in."""
        pieces = one(rng, self._made)
        text = "".join([piece if isinstance(piece, str) else one(rng, piece) for piece in pieces])
        for name, value in slots.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def all(self) -> list[str]:
        """Every one of them, slots not filled in."""
        found: list[str] = []
        for pieces in self._made:
            texts = [""]
            for piece in pieces:
                ways = (piece,) if isinstance(piece, str) else piece
                texts = [text + way for text in texts for way in ways]
            found += texts
        return found


def _compiled(text: str) -> tuple[str | tuple[str, ...], ...]:
    pieces = _CHOICE.split(text)
    return tuple(
        tuple(piece.split("|")) if place % 2 else piece for place, piece in enumerate(pieces) if place % 2 or piece
    )


def _count(pieces: Sequence[str | tuple[str, ...]]) -> int:
    count = 1
    for piece in pieces:
        count *= 1 if isinstance(piece, str) else len(piece)
    return count


def capital(text: str) -> str:
    """With a capital."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital and a full stop where it ends in no mark."""
    text = capital(text.strip())
    return text if text[-1:] in '.!?…"”:' else f"{text}."


def lowered(text: str) -> str:
    """To stand within a sentence: without its capital, if its first word isn't one that keeps it."""
    first = text.split(" ", 1)[0]
    if first in ("I", "I'd", "I'm", "I'll", "I've") or not first[1:].islower():
        return text
    return text[:1].lower() + text[1:]


def bare(text: str) -> str:
    """Without the full stop at its end."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words in a row with commas and an "and" before the last."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def as_typed(rng: Random, text: str) -> str:
    """As a person might type it: mostly as it is, at times without capital or full stop, with a greeting or a slip."""
    draw = rng.random()
    if draw < 0.55:
        return text
    if draw < 0.73:
        return lowered(bare(text))
    if draw < 0.82:
        return bare(text).lower()
    if draw < 0.87:
        return one(rng, _HELLO) + lowered(text) if yes(rng, 0.5) else capital(one(rng, _HELLO)) + lowered(text)
    if draw < 0.93:
        return _polite(rng, text)
    if draw < 0.97:
        return _slipped(rng, text)
    return f"{bare(text)} {one(rng, ('...', '!', '!!', ':)', 'thx'))}"


def _polite(rng: Random, text: str) -> str:
    stem, mark = (text[:-1], text[-1]) if text[-1:] in ".?!" else (text, "")
    if "please" in text.lower() or "thank" in text.lower() or '"' in text:
        return text
    return stem + (one(rng, _PLEASE) if mark != "?" else " please") + mark


def _slipped(rng: Random, text: str) -> str:
    """Two neighbouring letters of a long word exchanged, or one left out."""
    words = text.split(" ")
    places = [n for n, word in enumerate(words) if len(word) >= _LEAST_LETTERS and word.isalpha() and word.islower()]
    places = [n for n in places if words[n] not in _KEPT]
    if not places:
        return text
    place = one(rng, places)
    word = words[place]
    at = 1 + below(rng, len(word) - 3)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    words[place] = swapped if yes(rng, 0.6) else word[:at] + word[at + 1 :]
    return " ".join(words)
