"""`EntryTexts`: which entries of the atlas people speak of in the same words, by Okapi's BM25 over all that is written.

Sentence vectors blur rare words ("discus", "curtsy"), which tell most; counting words doesn't.
Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.sentences import by_entry, read_sentences
from chatpose.errors import MissingFileError

_K1, _B = 1.2, 0.75
NAME_WEIGHT = 3
"""How many times a name counts against a sentence."""
_WORD = re.compile(r"[^\W\d_]+")


class EntryTexts:
    """An index of names and sentences.

    Args:
        words: of each entry, how often each stem occurs.
    """

    def __init__(self, words: list[Mapping[str, int]]) -> None:
        self._count = len(words)
        sizes = np.array([sum(row.values()) for row in words], dtype=np.float32)
        norm = _K1 * (1 - _B + _B * sizes / max(1.0, float(sizes.mean())))
        places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, row in enumerate(words):
            for word, times in row.items():
                places[word].append((number, times))
        self._columns: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for word, found in places.items():
            rows = np.array([number for number, _ in found])
            times = np.array([often for _, often in found], dtype=np.float32)
            rarity = math.log(1 + (self._count - len(rows) + 0.5) / (len(rows) + 0.5))
            self._columns[word] = rows, rarity * times * (_K1 + 1) / (times + norm[rows])

    @classmethod
    def of(cls, atlas: Atlas, situations: Iterable[tuple[str, str]] = ()) -> "EntryTexts":
        """Of an atlas' names and training descriptions, and of data/sentences where they are there.

        Args:
            atlas: whose entries.
            situations: further texts, each with the id of its entry.
        """
        scenes: dict[str, list[str]] = defaultdict(list)
        for entry_id, text in situations:
            scenes[entry_id].append(text)
        try:
            more = by_entry(read_sentences())
        except MissingFileError:
            more = {}
        rows: list[Mapping[str, int]] = []
        for entry in atlas:
            counted: Counter[str] = Counter()
            for name in entry.names:
                for word in stems(name):
                    counted[word] += NAME_WEIGHT
            counted.update(_counted(one.text for one in entry.training_descriptions()))
            counted.update(_counted(one.text for one in more.get(entry.id, ())))
            counted.update(_counted(scenes.get(entry.id, ())))
            rows.append(counted)
        return cls(rows)

    def scores(self, text: str) -> np.ndarray:
        """(entries,) float32, 0 where no word is shared."""
        total = np.zeros(self._count, dtype=np.float32)
        for word in set(stems(text)):
            if word in self._columns:
                rows, worth = self._columns[word]
                total[rows] += worth
        return total

    def knows(self, word: str) -> bool:
        """Whether a word occurs anywhere, in any form."""
        return any(stem in self._columns for stem in stems(word))


def stems(text: str) -> list[str]:
    """The words of a text, in lower case without their commonest endings."""
    return [stem(word) for word in _WORD.findall(text.lower())]


def stem(word: str) -> str:
    """A verb or noun without its commonest endings; enough to make "draws", "drawing" and "draw" one."""
    if len(word) < 5 or not word.isascii():
        return word.removesuffix("s") if len(word) == 4 and not word.endswith("ss") else word
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e")


def _counted(texts: Iterable[str]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(stems(text))
    return counted


def word_set(words: str) -> frozenset[str]:
    """Words apart by spaces, as a set."""
    return frozenset(words.split())
