"""How much the test descriptions of an entry repeat its training descriptions."""

import re
from collections.abc import Iterator

from chatpose.atlas.entry import Description, Entry

MAX_OVERLAP = 0.5
"""Largest share of words in common (Jaccard) of a test description and any training description of its entry."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words(text: str) -> frozenset[str]:
    """The different words of a text, lower case."""
    return frozenset(_WORD.findall(text.lower()))


def jaccard(first: str, second: str) -> float:
    """Words in common over words in all, 0 to 1 (Jaccard, 1901)."""
    one, other = words(first), words(second)
    return len(one & other) / len(one | other) if one | other else 1.0


def overlaps(entry: Entry) -> Iterator[tuple[Description, Description, float]]:
    """Each test description with the training description of the entry that it shares most words with.

    A query is one or two words, mostly the name: two different ones share half of them at once, so queries are
    compared as whole texts only (a text never comes twice).
    """
    for test in entry.test_descriptions():
        others = [one for one in entry.training_descriptions() if "query" not in (one.voice, test.voice)]
        if others:
            nearest = max(others, key=lambda other: jaccard(test.text, other.text))
            yield test, nearest, jaccard(test.text, nearest.text)
