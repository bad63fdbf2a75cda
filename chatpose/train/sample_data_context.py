"""Which entries come into the context of a row: those whose words are nearest, the right one most times among them.

Nearness is by shared words, the rarer the more, of a text and all that is said of an entry; at run time an embedder
may choose. The right one is put in by a draw, since here its words may be the text itself.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from chatpose.corpus.instructions.bank import BankEntry
from chatpose.corpus.instructions.chance import chance_of, one, shuffled, yes
from chatpose.train.sample_data_rows import Row

RIGHT, WRONG = 0.72, 0.2
"""Shares of rows about an entry that have it in their context, and that have only others; the rest have none."""
CHANGED_RIGHT = 0.88
"""The same share for an entry with a change."""
NEAR = 0.5
"""Share of rows that claim things and have entries in their context."""
NEAREST = 6
_WORD = re.compile(r"[a-zà-ÿ']+")


class NearEntries:
    """Entries near a text.

    Args:
        entries: all that may come into a context.
        allowed: places of those that may.
    """

    def __init__(self, entries: Sequence[BankEntry], allowed: Sequence[int]) -> None:
        self._allowed = list(allowed)
        words = [_words(" ".join((*entries[place].names * 3, *(text for _, text in entries[place].texts))))
                 for place in self._allowed]  # fmt: skip
        known = sorted({word for several in words for word in several})
        self._column = {word: place for place, word in enumerate(known)}
        counts = np.zeros((len(known), len(words)), np.float32)
        for place, several in enumerate(words):
            for word in several:
                counts[self._column[word], place] += 1
        rare = np.array([log((1 + len(words)) / (1 + seen)) for seen in (counts > 0).sum(1)], np.float32)
        table = np.log1p(counts) * rare[:, None] ** 2
        self._table = table / np.maximum(np.linalg.norm(table, axis=0), 1e-6)

    def near(self, text: str, count: int = NEAREST) -> list[int]:
        """Places of the nearest entries, the nearest first."""
        columns = [self._column[word] for word in dict.fromkeys(_words(text)) if word in self._column]
        if not columns or not self._allowed:
            return []
        score = self._table[columns].sum(0)
        best = np.argsort(-score, kind="stable")[:count]
        return [self._allowed[place] for place in best.tolist()]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def with_context(rows: Sequence[Row], near: NearEntries, seed: int) -> list[Row]:
    """The rows with entries in their context."""
    found: dict[str, list[int]] = {}
    made = []
    for number, row in enumerate(rows):
        rng = chance_of(seed, number)
        if row.text not in found:
            found[row.text] = near.near(row.text)
        others = [place for place in found[row.text] if place != row.entry]
        wrong = others[:1] if yes(rng, 0.5) else [one(rng, others)] if others else []
        if row.entry < 0:
            context = shuffled(rng, list(dict.fromkeys([*others[:1], *wrong]))) if yes(rng, NEAR) else []
        else:
            draw = rng.random()
            right = CHANGED_RIGHT if row.kind == "composed" else RIGHT
            if draw < right:
                context = shuffled(rng, [row.entry, *wrong]) if yes(rng, 0.7) else [row.entry]
            else:
                context = shuffled(rng, list(dict.fromkeys([*others[:1], *wrong]))) if draw < right + WRONG else []
        made.append(replace(row, context=tuple(context)))
    return made
