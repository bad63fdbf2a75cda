"""The phrasebook's training wordings as a lexicon: exact, with slots for parts and numbers, and fuzzy."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.phrasebook import NumberSaying, Phrasebook, mirrored_line

_TOKEN = re.compile(r"\{\w+\}|\d+(?:\.\d+)?|[a-z]+(?:'[a-z]+)?|°|[;.!?:]")
_DROPPED = frozenset("""the a an her his their your my its our this that he she they it you i we is are was were be
being
has have had and with of keep keeps kept put place hold holds held let just so please 's there person figure figure's
someone somebody him them me ; . ! ? : as""".split())  # fmt: skip  # noqa: SIM905
_EVEN = {"ground": "floor", "toward": "towards", "onto": "on", "degree": "degrees", "°": "degrees",
         "centimeters": "cm", "centimetres": "cm", "centimeter": "cm", "inch": "inches", "metres": "m", "meters": "m",
         "upward": "up", "upwards": "up", "downward": "down", "downwards": "down", "forwards": "forward",
         "backwards": "backward", "outwards": "outward", "inwards": "inward"}  # fmt: skip
_NOT = re.compile(r"\b(?:don't|isn't|aren't|doesn't|didn't|wasn't|weren't|mustn't|shouldn't|won't|do not|does not"
                  r"|is not|are not|can't|cannot|hasn't|haven't)\b")  # fmt: skip
Key = tuple[str, ...]


@dataclass(frozen=True)
class Meant:
    """What a wording says.

    Attributes:
        lines: statements.
        open: whether they are of a side that the wording leaves open.
        similarity: 1 for exact ones.
    """

    lines: tuple[str, ...]
    open: bool
    similarity: float = 1.0


def key_of(text: str) -> Key:
    """What of a wording counts for being the same: no determiners, pronouns, helping verbs, punctuation."""
    evened = _NOT.sub("not", text.lower().replace("’", "'").replace("-", " "))
    tokens = (str(_EVEN.get(token, token)).removesuffix("'s") for token in _TOKEN.findall(evened))
    return tuple(token for token in tokens if token and token not in _DROPPED)


_POLAR = frozenset(
    [
        "up",
        "down",
        "above",
        "below",
        "higher",
        "lower",
        "over",
        "under",
        "not",
        "no",
        "never",
        "without",
        "neither",
        "left",
        "right",
        "forward",
        "backward",
        "front",
        "behind",
        "back",
        "in",
        "out",
        "bent",
        "straight",
        "open",
        "closed",
        "on",
        "off",
        "near",
        "far",
        "apart",
        "together",
        "crossed",
        "uncrossed",
        "wide",
        "slightly",
        "fully",
        "half",
        "more",
        "less",
        "both",
        "one",
        "other",
        "raised",
        "lowered",
        "inward",
        "outward",
        "away",
        "head",
        "hand",
        "foot",
        "knee",
        "elbow",
        "arm",
        "leg",
        "hip",
        "shoulder",
        "hands",
        "feet",
        "knees",
        "elbows",
        "arms",
        "legs",
        "hips",
        "shoulders",
        "torso",
        "chest",
        "belly",
        "palm",
        "palms",
        "thigh",
        "shin",
        "heel",
        "heels",
        "toes",
        "wrist",
        "wrists",
        "thighs",
        "shins",
        "forearm",
        "forearms",
    ]
)
"""Words of which one more or less turns the meaning round; a fuzzy match has to share them all."""
_SWAP = {"left": "right", "right": "left"}


def mirrored_key(key: Sequence[str]) -> Key:
    """Left and right exchanged, "right angle" excepted."""
    return tuple(
        _SWAP.get(word, word) if not (word == "right" and key[n + 1 : n + 2] in (("angle",), ("angles",))) else word
        for n, word in enumerate(key)
    )


class Wordings:
    """A phrasebook's wordings by their keys.

    Args:
        book: the phrasebook; what it keeps for testing is passed over.
        leave_out: wordings passed over as well, for leave-one-out figures.
    """

    def __init__(self, book: Phrasebook, leave_out: Iterable[str] = ()) -> None:
        out = frozenset(leave_out)
        self._exact: dict[Key, tuple[str, ...]] = {}
        self._numbers: dict[Key, NumberSaying] = {}
        for saying in book.sayings:
            if not saying.for_test and saying.text not in out:
                self._exact.setdefault(key_of(saying.text), saying.means)
        for number in book.numbers:
            if not number.for_test and number.text not in out:
                self._numbers.setdefault(key_of(number.text), number)

    def exact(self, key: Key) -> Meant | None:
        """What a wording with this key, or with its mirror image, says."""
        if not key:
            return None
        means = self._exact.get(key)
        turned = mirrored_key(key)
        if means is None and (means := self._exact.get(turned)):
            means = tuple(map(mirrored_line, means))
        if means is None:
            return None
        sided = set(means) != set(map(mirrored_line, means)) if "{part}" not in "".join(means) else turned != key
        return Meant(means, open=sided and turned == key)

    def numbered(self, key: Key, number: float) -> Meant | None:
        """What a wording with `{n}` for the number says."""
        saying = self._numbers.get(key)
        if saying is None:
            turned = self._numbers.get(mirrored_key(key))
            if turned is None:
                return None
            saying = turned.mirrored()
        value = saying.value(number)
        if abs(value - 90) < 1 and saying.measure.split()[-2:] in (
            ["knee", "angle"],
            ["elbow", "angle"],
            ["hip", "angle"],
        ):
            return Meant((f"{saying.measure.removesuffix(' angle')}: right angle",), open=False)
        slack = 10.0 if measures_by_name()[saying.measure].unit == "°" else 0.1 if abs(value) >= 0.3 else 0.05
        return Meant((f"{saying.measure}: {value - slack:.4g}..{value + slack:.4g}",), open=False)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of every wording."""
        return frozenset(word for key in (*self._exact, *self._numbers) for word in key) | _DROPPED

    @cached_property
    def _inverse(self) -> "Mapping[str, list[int]]":
        found: dict[str, list[int]] = {}
        for number, key in enumerate(self._keys):
            for word in set(key):
                found.setdefault(word, []).append(number)
        return found

    @cached_property
    def _keys(self) -> list[Key]:
        return [key for key in self._exact if "{part}" not in key]

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        count = len(self._keys)
        return {word: math.log(1 + count / len(where)) for word, where in self._inverse.items()}

    @cached_property
    def _norms(self) -> list[float]:
        return [math.sqrt(sum(self._weights[word] ** 2 for word in set(key))) for key in self._keys]

    def nearest(self, key: Key, least: float) -> Meant | None:
        """The wording nearest in words (cosine of inverse document frequencies), if it is near enough."""
        best: tuple[float, Meant] | None = None
        for turned in dict.fromkeys((key, mirrored_key(key))):
            found = self._nearest(turned)
            if found and found[1] >= least and (best is None or found[1] > best[0]):
                means = self._exact[self._keys[found[0]]]
                own = self._keys[found[0]]
                lines = means if turned == key else tuple(map(mirrored_line, means))
                sided = set(means) != set(map(mirrored_line, means))
                best = found[1], Meant(lines, open=sided and mirrored_key(own) == own, similarity=found[1])
        return best[1] if best else None

    def _nearest(self, key: Key) -> tuple[int, float] | None:
        words = set(key)
        known = [word for word in words if word in self._weights]
        if not known:
            return None
        unknown = math.log(1 + len(self._keys))
        norm = math.sqrt(sum(self._weights.get(word, unknown) ** 2 for word in words))
        known.sort(key=lambda word: -self._weights[word])
        scores: dict[int, float] = {}
        for rank, word in enumerate(known):
            weight = self._weights[word] ** 2
            where = self._inverse[word]
            if rank < 3 or len(where) < 600:
                for number in where:
                    scores[number] = scores.get(number, 0.0) + weight
            else:
                for number in scores:
                    if word in self._keys[number]:
                        scores[number] += weight
        if not scores:
            return None
        polar = words & _POLAR
        scores = {number: score for number, score in scores.items() if polar == set(self._keys[number]) & _POLAR}
        if not scores:
            return None
        best = max(scores, key=lambda number: (scores[number] / self._norms[number], -number))
        return best, scores[best] / (self._norms[best] * norm)
