"""Text evened out, and its words with their places."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from chatpose.errors import TooLargeError
from chatpose.posecodes.parsing.numbers import number_words
from chatpose.posecodes.parsing.spelling import corrected
from chatpose.posecodes.parsing.terms import terms

MAX_CHARS = 4000
"""Longest text that is read: some 700 words, more than any request for one pose."""

_TYPOGRAPHY: Mapping[int, str] = str.maketrans(
    {
        **dict.fromkeys("‘’‛ʼ´`", "'"),
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("‐‑‒−", "-"),
        **dict.fromkeys("–—―", "-"),
        "…": ",",
        "×": "x",
        "º": "°",
    }
)  # every one a single character for a single one, so places stay
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*|°|[^\w\s]")
_EVENED = {
    "cannot": ("can", "not"),
    "dont": ("not",),
    "isnt": ("is", "not"),
    "arent": ("are", "not"),
    "centre": ("center",),
    "°": ("degrees",),
    "o'clock": ("oclock",),
    "flank": ("side",),
    "hight": ("height",),
    "degree": ("degrees",),
    "deg": ("degrees",),
    "hed": ("head",),
    "hnd": ("hand",),
    "hnds": ("hands",),
    "armes": ("arms",),
    "feets": ("feet",),
    "foots": ("feet",),
    "kne": ("knee",),
    "strait": ("straight",),
    "strate": ("straight",),
    "infront": ("in", "front"),
    "hipps": ("hips",),
    "lefft": ("left",),
    "leff": ("left",),
    "lft": ("left",),
    "letf": ("left",),
    "rgt": ("right",),
    "da": ("the",),
    "n": ("and",),
    "em": ("them",),
    "lh": ("left", "hand"),
    "rh": ("right", "hand"),
    "lk": ("left", "knee"),
    "rk": ("right", "knee"),
    "lf": ("left", "foot"),
    "rf": ("right", "foot"),
    "u": ("you",),
    "fwd": ("forward",),
    "hd": ("head",),
    "ur": ("your",),
    "nee": ("knee",),
    "nees": ("knees",),
    "rite": ("right",),
    "angel": ("angle",),
    "angels": ("angles",),
    "l": ("left",),
    "r": ("right",),
    "w": ("with",),
    "@": ("at",),
    "xed": ("crossed",),
    "lhs": ("left", "side"),
    "rhs": ("right", "side"),
    "btwn": ("between",),
    "bw": ("between",),
    "&": ("and",),
    "+": ("and",),
    "ground": ("floor",),
    "toward": ("towards",),
    "onto": ("on",),
    "upon": ("on",),
    "upwards": ("up",),
    "upward": ("up",),
    "downwards": ("down",),
    "downward": ("down",),
    "forwards": ("forward",),
    "backwards": ("backward",),
    "outwards": ("outward",),
    "inwards": ("inward",),
    "leftward": ("left",),
    "leftwards": ("left",),
    "rightward": ("right",),
    "rightwards": ("right",),
    "lefthand": ("left", "hand"),
    "righthand": ("right", "hand"),
}


@dataclass(frozen=True)
class Word:
    """One word or sign.

    Attributes:
        word: in lower case, spelling corrected.
        start: first character in the evened text.
        stop: one past the last.
    """

    word: str
    start: int
    stop: int


def even(text: str) -> str:
    """Typography and whitespace evened out.

    Raises:
        TooLargeError: longer than `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS:
        raise TooLargeError(
            f"a text of {len(text):,} characters", expected=f"at most {MAX_CHARS:,}", fix="describe one pose"
        )
    seen = unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHY).replace(" - ", ", "))
    seen = re.sub(r"\ball 4s?\b", "all fours", seen)
    seen = re.sub(r"\b2gether\b", "together", seen, flags=re.IGNORECASE)
    seen = _JOINED.sub(_parted, seen)
    seen = re.sub(r"\b([LR])\.\s?([HFKAEL])\.?(?=[\s,;:)]|$)", _lettered, seen)
    seen = re.sub(r"\b[Bb]/w\b", "between", seen)
    seen = re.sub(r"\bw/(?=\s|\w)", "with ", seen)
    seen = re.sub(r"\s*[\n\r]+\s*", ". ", seen.strip()).translate(_TYPOGRAPHY)
    return " ".join("".join(c if c.isprintable() else " " for c in seen).split())


_NOUNS = {"armed": "arms", "legged": "legs", "backed": "back", "kneed": "knees", "elbowed": "elbows"}
_JOINED = re.compile(
    r"\b(cross(?:ed)?(?=-arm)|straight|bent|folded(?=-arm)|open|stiff|round(?:ed)?)-(armed|legged|backed|kneed|elbowed)\b",
    re.IGNORECASE,
)
"""Adjectives made of two words: "straight-backed"."""
_LETTERS = {"H": "hand", "F": "foot", "K": "knee", "A": "arm", "E": "elbow", "L": "leg"}


def _parted(match: re.Match[str]) -> str:
    """An adjective of two words as noun and adjective: "arms crossed"."""
    said = match[1].lower()
    return f"{_NOUNS[match[2].lower()]} {'crossed' if said == 'cross' else said}"


def _lettered(match: re.Match[str]) -> str:
    """Side and part said by their first letters: "R.H."."""
    return f"{'left' if match[1] == 'L' else 'right'} {_LETTERS[match[2]]}"


def words_of(text: str) -> list[Word]:
    """The words of an evened text; hyphens part words, contractions are taken apart, numbers in words are figures."""
    found: list[Word] = []
    for match in _WORD.finditer(text):
        raw = match.group().lower()
        if raw == "-":
            continue
        if raw == "l" and found and found[-1].word in ("an", "capital"):
            found.append(Word("l", match.start(), match.end()))  # "makes an L"
            continue
        if raw == "r" and found and (found[-1].word,) in terms().nouns:
            continue  # "hands r up"
        for part in _parts(raw):
            if part:
                found.append(Word(part, match.start(), match.end()))
    known = ((_EVENED.get(word, (word,)), one) for one in found for word in (corrected(one.word),))
    return _numbers([Word(word, one.start, one.stop) for words, one in known for word in words])


def _parts(raw: str) -> tuple[str, ...]:
    if raw in _EVENED:
        return _EVENED[raw]
    if raw.endswith("n't"):
        return (*((raw[:-3],) if raw[:-3] not in ("do", "does", "did", "ca", "wo", "must", "should") else ()), "not")
    head, apostrophe, tail = raw.partition("'")
    if apostrophe:
        return (head, "is") if head in _PRONOUNS and tail == "s" else (head,)
    return (raw,)


_PRONOUNS = frozenset(["he", "she", "it", "that", "there", "who", "one", "what"])


_COUNTS = {"1": "one", "2": "two"}


def _numbers(words: list[Word]) -> list[Word]:
    found: list[Word] = []
    place = 0
    while place < len(words):
        value, length = number_words([one.word for one in words[place : place + 5]])
        counted = _COUNTS.get(words[place].word)
        if counted and place + 1 < len(words) and (words[place + 1].word,) in terms().nouns:
            found.append(Word(counted, words[place].start, words[place].stop))  # "on 1 leg"
            place += 1
        elif length:
            found += [Word(one, words[place].start, words[place + length - 1].stop) for one in value.split()]
            place += length
        else:
            found.append(words[place])
            place += 1
    return found
